/*
 * edges.h - what is read at the two edges of the measured window: the server's counters page, its
 * CPU clock, what it alone can tell (by SIGUSR1), what the kernel tells of its tasks, and the text of
 * files.
 */
#ifndef IOMB_EDGES_H
#define IOMB_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "../wire/abi.h"
#include "../wire/totals.h"
#include "children.h"

struct observer;

struct edge_file {
	uint32_t bytes;
	char text[LOADGEN_EDGE_FILE_BYTES];
};

struct edges {
	const uint8_t *page; /* the server's counters, mapped; NULL: none */
	size_t page_bytes;
	uint32_t counters;
	uint32_t slots_max;
	uint32_t header_bytes;
	uint32_t slot_bytes;
	bool cpu_clock_known;
	clockid_t cpu_clock;
	bool processes; /* children serve: what they use is the server's */
	struct children children, again;
	bool restless; /* the server did not settle at the start: its CPU clock may lag */
	bool spins;    /* so it never rests */
	char names[LOADGEN_COUNTERS_MAX][LOADGEN_COUNTER_NAME_BYTES];
	struct loadgen_edge edge[LOADGEN_EDGES];
	uint64_t sums[LOADGEN_EDGES][LOADGEN_READINGS][LOADGEN_COUNTERS_MAX];
	uint64_t setup[LOADGEN_EDGES][LOADGEN_COUNTERS_MAX]; /* around the connects */
	uint64_t traces[LOADGEN_EDGES][LOADGEN_TRACE_MAX];
	struct edge_file file[LOADGEN_EDGES][LOADGEN_EDGE_FILES_MAX];
};

/* Maps the page and finds the CPU clock. A failure ends the run. */
void edges_open(struct observer *o);
void edges_close(struct observer *o);
/* Connections that the server has accepted so far; false when it does not say. */
bool edges_accepted(struct observer *o, uint64_t *accepted);
/* One counter, over all of the server's threads; false when it does not keep it. */
bool edges_counter(const struct edges *e, const char *name, uint64_t *sum);
/* The counters before the first connect and after the last accept: what connections cost the server. */
void edges_read_setup(struct observer *o, enum loadgen_edge_id id);
/*
 * Our own readings come before the clocks at the start and behind them at the end, so that the
 * window does not hold our work. What remains: the server's context switches include the one or
 * two of answering at the end, and a server that spins in a thread other than the one that answers
 * (a polling kernel thread) has a CPU clock that lags by up to a tick at both edges.
 */
void edges_read_start(struct observer *o, const struct load_totals *totals);
void edges_read_end(struct observer *o, const struct load_totals *totals);

#endif
