/*
 * task_event.h - one event of perf_event_open(2), counted over all tasks of a process; nothing is recorded.
 *
 * It is opened on every task that there is, those of io_uring's kernel threads included. What these start
 * later is counted with them, ended tasks included (inherit): with the blocking server, which has one
 * thread when the run begins, the counts of all threads that it makes add up. Events stand alone and in no
 * group, for PERF_FORMAT_GROUP and inherit exclude each other.
 */
#ifndef IOMB_TASK_EVENT_H
#define IOMB_TASK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct perf_event_attr;
struct session;

struct task_event {
	int *fds; /* [tasks] */
	uint32_t tasks;
};

/* Sums over the tasks. */
struct task_reading {
	uint64_t value;
	uint64_t enabled_ns; /* in which the tasks ran */
	uint64_t running_ns; /* ... and a counter was theirs; less where several events take turns at it */
};

/*
 * Opens it on every task, to be called while the process rests: a task that starts meanwhile may be missed.
 * What attr says of inherit and read_format is overwritten. Returns 0, or an errno with nothing left open;
 * ESRCH: the process has no tasks.
 */
int task_event_open(struct task_event *e, int32_t pid, const struct perf_event_attr *attr);
/* The same for all tasks of a session's processes. */
int task_event_open_session(struct task_event *e, const struct session *s,
			    const struct perf_event_attr *attr);
/* Returns 0, or an errno. */
int task_event_read(const struct task_event *e, struct task_reading *sum);
void task_event_close(struct task_event *e);
/* Whether this process may count it in the task pid: 0, or the errno of perf_event_open. */
int task_event_check(int32_t pid, const struct perf_event_attr *attr);

#endif
