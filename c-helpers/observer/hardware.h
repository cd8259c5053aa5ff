/*
 * hardware.h - what the CPU's own counters say of the server's tasks: instructions, cycles, cache misses.
 *
 * Needs a CPU whose counters the system may use (a hypervisor often keeps them), a kernel with
 * CONFIG_PERF_EVENTS, and a server of the same user; what happens in the kernel needs CAP_PERFMON (5.8;
 * before that CAP_SYS_ADMIN) or kernel.perf_event_paranoid of at most 1 as well. An event that cannot be
 * counted leaves the others alone, and the run as it is.
 * Cost: every switch from and to a counted task programs the counters anew; with four software events in
 * their place that is some 0.5 us.
 */
#ifndef IOMB_HARDWARE_H
#define IOMB_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/abi.h"
#include "task_event.h"

struct session;

/* What is counted, and of what: perf_event_attr. */
struct hardware_event {
	uint32_t type;
	uint64_t config;
	bool exclude_user;
	bool exclude_kernel;
};

struct hardware {
	struct task_event event[LOADGEN_HARDWARE_EVENTS];
	int32_t error[LOADGEN_HARDWARE_EVENTS]; /* why one is not counted: an errno; 0: it is */
};

/* Those of enum loadgen_hardware_id, in its order. */
extern const struct hardware_event hardware_events[LOADGEN_HARDWARE_EVENTS];

/*
 * Opens them on every task of the process, while it rests. None is in the way of another.
 * @param events LOADGEN_HARDWARE_EVENTS of them.
 */
void hardware_open(struct hardware *h, int32_t pid, const struct hardware_event *events);
/* The same for all processes of a session. */
void hardware_open_session(struct hardware *h, const struct session *s, const struct hardware_event *events);
/* The reading goes into the edge; an event that cannot be read is one that is not counted. */
void hardware_read(struct hardware *h, struct loadgen_edge *edge);
void hardware_close(struct hardware *h);
/* Whether this process may count an event of hardware_events in the task pid: 0, or an errno. */
int32_t hardware_check(int32_t pid, uint32_t event);

#endif
