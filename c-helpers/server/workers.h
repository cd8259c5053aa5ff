/*
 * workers.h - several loops in one process: each worker is a thread with a loop state, a counters slot and,
 * where it does not share it, a listener of its own. Worker 0 is the main thread, which alone handles the
 * signals that the harness answers; with one worker there is nothing else.
 *
 * Memory: tables that are indexed by descriptors are a worker's own, for a loop knows nothing of others.
 * Untouched pages of net_slab cost nothing, but descriptors belong to the process: each worker's connections
 * lie scattered over its whole table, so that N workers touch up to N times the pages of one table of small
 * entries, and as much address space is set aside N times.
 */
#ifndef IOMB_WORKERS_H
#define IOMB_WORKERS_H

#include <sched.h>

#include "model.h"

#define WORKERS_MAX 1024u
/* Descriptors of a worker beside the first: its listener, and what the model opens for each loop. */
#define WORKER_FDS 8u

struct workers_plan {
	uint32_t count;
	bool pinned;	/* to one CPU each: there are as many in cpus */
	cpu_set_t cpus; /* that --cpu names */
	const char *host;
	uint16_t port; /* of listeners of their own */
};

/* The CPU of the worker, or -1 where it may run on all that the process may. */
int workers_cpu(const struct workers_plan *plan, uint32_t worker);

/* Pins the calling thread as that worker; nothing where there is no CPU for each. Dies on failure. */
void workers_pin(const struct workers_plan *plan, uint32_t worker);

/*
 * Starts workers 1 and up, one after the other, each a copy of first with the options that its loop was given
 * (options_only: prepare has not touched it). Returns when all have prepared themselves and serve. Dies on
 * failure.
 */
void workers_start(const struct workers_plan *plan, const struct server *first,
		   const struct loop *options_only);

/*
 * In the handler of SIGTERM, on the main thread: stops every other worker wherever it is, after its
 * model.stopping, and returns when none runs any more. So the sums over all slots are of one moment, exact
 * but for the call that a worker was interrupted behind and had not counted yet, as with one worker.
 */
void workers_stop(void);

/* With the main thread; and the counters of one of them. */
uint32_t workers_running(void);
const struct counters_slot *workers_slot(uint32_t worker);

#endif
