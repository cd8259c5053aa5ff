/*
 * trace.h - which system calls a function makes, seen from outside by ptrace(2), in a child of its own.
 *
 * Only what lies between trace_begin and trace_end is recorded, of all threads of the child. Where tracing is
 * not allowed the probe is unsupported.
 */
#ifndef IOMB_PROBES_TRACE_H
#define IOMB_PROBES_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACED_CALLS_MAX = 4096 };

struct traced_call {
	uint64_t number; /* SYS_* */
	uint64_t args[6];
	int64_t result; /* -errno */
	int32_t tid;
	bool ended;
};

struct trace {
	uint32_t calls; /* that were made; the first TRACED_CALLS_MAX are in call */
	int32_t main_tid;
	struct traced_call call[TRACED_CALLS_MAX];
};

/* Runs body in a child; memory that it writes to must be shared. */
void trace_calls(struct trace *trace, void (*body)(void *), void *arg);
void trace_begin(void);
void trace_end(void);

uint32_t trace_count(const struct trace *trace, long number);
/* Memory that a child shares, zeroed. */
void *shared_memory(uint64_t bytes);

#endif
