/*
 * traces.h - how often the server's tasks pass tracepoints of the kernel, counted by the kernel.
 *
 * One counting event (perf_event_open(2); nothing is recorded) per tracepoint and task. Tasks that
 * these start later are counted with them, ended ones included (inherit): with the blocking server,
 * which has one thread when the run begins, the calls of all threads that it makes add up.
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

#include "abi.h"

struct loadgen;

struct traces {
	int *fds; /* [tasks][config.trace_events] */
	uint32_t tasks;
};

/*
 * Opens config.trace_id[] on every task of the server, while it rests: a task that starts between two
 * opens would be missed by the first. A failure ends the run.
 */
void traces_open(struct loadgen *lg);
/* Adds up the tasks' counts by id. A failure ends the run. */
void traces_read(struct loadgen *lg, uint64_t *sums);
void traces_close(struct loadgen *lg);

#endif
