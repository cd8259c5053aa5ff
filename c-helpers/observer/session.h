/*
 * session.h - a server that is several processes: all of the session that its first process leads.
 *
 * Servers of others may be started by a shell, by npm or by a master that forks workers, so one process
 * is not the server. A process that leaves the session (setsid) leaves the server with it.
 */
#ifndef IOMB_SESSION_H
#define IOMB_SESSION_H

#include <stdbool.h>
#include <stdint.h>

/* A task and its context switches so far. */
struct session_task {
	int32_t tid;
	uint64_t voluntary;
	uint64_t involuntary;
};

struct session_tasks {
	struct session_task *task; /* in ascending order of tid */
	uint32_t count;
};

struct session {
	int32_t leader; /* 0: the server is one process, and nothing here is used */
	int32_t *pid;	/* as of the last session_find */
	uint32_t count;
	struct session_tasks before; /* at the start edge */
	/* Between the edges: how often its tasks were switched, and how many ended with that untold. */
	uint64_t voluntary;
	uint64_t involuntary;
	uint64_t ended;
	/* At the end edge; of memory the peaks of all processes, added up. */
	uint64_t threads;
	uint64_t rss_max_bytes;
};

/* Looks for the processes; false without memory, or where there are none. */
bool session_find(struct session *s);
/* Calls visit for every task of every process, until it returns false; false: there is none. */
bool session_each(const struct session *s, bool (*visit)(int32_t tid, void *context), void *context);
/* Whether all tasks of all processes sleep. */
bool session_rests(const struct session *s);
/*
 * CPU time of all processes: exact for those that live, and for those that ended and were waited for by
 * one that lives to a clock tick (10 ms). One that nobody of the session waited for takes its time with it.
 */
uint64_t session_cpu_ns(const struct session *s);
/* Notes the switches of all tasks, and at the end what they have grown by. */
void session_switches_begin(struct session *s);
void session_switches_end(struct session *s);
void session_free(struct session *s);

#endif
