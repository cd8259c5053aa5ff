/*
 * schedule.h - when the requests of an open loop fall due.
 *
 * Every active connection has a stream of due times of its own. Fixed: the streams are shifted
 * against each other, so that all of them together are equidistant. Poisson: independent streams of
 * exponential distances, which together are a Poisson stream again. A due time is computed when the
 * one before it was taken, never ahead: a connection that cannot send keeps its place in its stream
 * and the due times behind it pile up uncounted until it can.
 *
 * A stream is queued (a heap by due time) while its connection can send.
 *
 * Threads deal the streams out in turn and keep a schedule each: of `all` streams one of them has the
 * `first`, and of those behind it every `step`-th. Together they fall due as they would on one thread.
 */
#ifndef IOMB_SCHEDULE_H
#define IOMB_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule_stream {
	uint64_t due_ns;  /* the oldest due time that is not sent */
	uint64_t taken;	  /* due times taken before it */
	double offset_ns; /* Poisson: due_ns - start_ns before rounding */
	uint64_t random;  /* Poisson: state of the generator */
	bool queued;
};

struct schedule_entry {
	uint64_t due_ns;
	uint32_t stream;
};

struct schedule_plan {
	bool poisson;
	double rate_per_s; /* of all streams together */
	uint64_t seed;
	uint32_t all;
	uint32_t first, step;
};

struct schedule {
	struct schedule_plan plan;
	uint32_t streams; /* that are kept here */
	uint32_t queued;
	uint64_t start_ns;
	double distance_ns; /* mean distance of all streams together */
	struct schedule_stream *stream;
	struct schedule_entry *heap;
};

/* False when memory is short. */
bool schedule_create(struct schedule *s, const struct schedule_plan *plan);
void schedule_destroy(struct schedule *s);
/* All streams begin at start_ns and are queued; random streams go on where they were. */
void schedule_start(struct schedule *s, uint64_t start_ns);
/* The due time of the first stream in the queue; UINT64_MAX when none is queued. */
uint64_t schedule_next_ns(const struct schedule *s);
/* Takes the first stream out of the queue. */
uint32_t schedule_pop(struct schedule *s);
void schedule_push(struct schedule *s, uint32_t stream);
/* The stream's due time is sent; go to the one after it. The stream must not be queued. */
void schedule_advance(struct schedule *s, uint32_t stream);
/*
 * Tells of every due time up to until_ns that is not sent, and returns how many there are. Uses the
 * streams up: start before the next use.
 */
uint64_t schedule_each_due(struct schedule *s, uint64_t until_ns,
			   void (*tell)(void *context, uint64_t due_ns), void *context);

#endif
