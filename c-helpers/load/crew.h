/*
 * crew.h - the threads of one load. Each has connections, an epoll instance, a schedule and books of its
 * own; they meet at the edges of the load's phases, and the first failure of any of them ends all.
 *
 * Connections, active ones and due times are dealt in turn: what is the n-th of all belongs to thread
 * n mod threads, so each has as many as any other, or one less. With one thread there is nobody to meet:
 * nothing here waits, and no thread is started.
 */
#ifndef IOMB_CREW_H
#define IOMB_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../wire/totals.h"
#include "edge_reader.h"
#include "load.h"

/* What other threads read or write, on a cache line of its own. */
struct shared {
	_Alignas(GENERATOR_CACHE_LINE) atomic_uint phase;
	atomic_bool stop;
	atomic_int stop_fd; /* eventfd that wakes all loops; -1 until the run begins */
	_Atomic uint64_t started_ns;
	_Atomic uint64_t ended_ns;
};

/* Where the threads meet. Touched at edges only. */
struct meeting {
	_Alignas(GENERATOR_CACHE_LINE) atomic_uint arrived;
	atomic_uint round;	 /* meetings that all have come to */
	_Atomic uint64_t met_ns; /* when the last one did */
	atomic_uint failed;	 /* 1 + number of the thread that failed first; 0: none has */
	pthread_mutex_t lock;
	pthread_cond_t met; /* or failed */
};

struct crew {
	uint32_t threads;
	uint32_t connections; /* of all threads */
	uint32_t active;
	uint64_t patience_ns; /* how long one may be awaited at a meeting */
	struct load *load;    /* [threads]; the first runs on the thread that called */
	struct edge_reader reader;
	struct sources sources;
	struct pattern pattern;
	uint64_t accepted_before; /* by the server, before the first connect */
	bool pace_accepts;	  /* the server's counters tell what it has accepted */
	atomic_uint alive;	  /* active connections that are not broken */
	struct shared shared;
	struct meeting meeting;
};

/* False with errno set. */
bool crew_init(struct crew *crew);
void crew_destroy(struct crew *crew);
/* How many of so many things a thread is dealt. */
uint32_t crew_share(const struct crew *crew, uint32_t number, uint32_t things);
/* Calls body for every load, each on a thread of its own, the first on this one; returns when all have. */
void crew_run(struct crew *crew, void (*body)(struct load *lg));
/*
 * Waits until all threads have come. False when this one or another has failed: then this one has failed too,
 * and has to leave. A thread that does not come in patience_ns is named.
 */
bool crew_meet(struct load *lg);
/* When the threads last met; with one thread, now. */
uint64_t crew_met_ns(const struct load *lg);
/* Leaves for good: if this thread has failed, and is the first to, the others are woken to end as well. */
void crew_leave(struct load *lg);
/* The load whose failure is the run's; the first one where nothing has failed. */
const struct load *crew_first_failed(const struct crew *crew);
/* Connections that all threads have opened; those of others as of their last turn. */
uint64_t crew_opened(const struct load *lg);
/* As the reader's accepted, which one thread asks at a time. */
bool crew_accepted(struct load *lg, uint64_t *accepted);
/* What all threads have done; while they are quiet. */
struct load_totals crew_totals(const struct crew *crew);

#endif
