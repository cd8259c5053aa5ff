/*
 * traces.h - how often the server's tasks pass tracepoints of the kernel, counted by the kernel.
 *
 * One counting event per tracepoint and task: see task_event.h.
 *
 * Needs CAP_PERFMON (5.8; before that CAP_SYS_ADMIN), or kernel.perf_event_paranoid of at most 1 and a
 * server of the same user; a kernel with CONFIG_PERF_EVENTS and CONFIG_FTRACE_SYSCALLS.
 * Cost: while a tracepoint of system calls is in use, every call of every process on the host takes
 * longer, and so does every switch from and to a counted task, by the number of events. Closing the last
 * event of a tracepoint waits for the kernel's readers (RCU), some 20 to 40 ms each.
 */
#ifndef IOMB_TRACES_H
#define IOMB_TRACES_H

#include <stdint.h>

#include "../wire/abi.h"
#include "task_event.h"

struct observer;

struct traces {
	struct task_event event[LOADGEN_TRACE_MAX]; /* by config.trace_id[] */
};

/*
 * Opens config.trace_id[] on every task of the server, while it rests: a task that starts between two
 * opens would be missed by the first. A failure ends the run.
 */
void traces_open(struct observer *o);
/* Adds up the tasks' counts by id. A failure ends the run. */
void traces_read(struct observer *o, uint64_t *sums);
/* Whether this process may count a tracepoint in the task pid: 0, or the errno of perf_event_open. */
int32_t traces_check(int32_t pid, uint64_t id);
void traces_close(struct observer *o);

#endif
