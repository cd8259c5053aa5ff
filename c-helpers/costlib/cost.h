/*
 * cost.h - what a cost is, and what the harness gives it.
 *
 * A file of c-helpers/costs ends with COST or COSTS, and nothing else needs to know it: the linker makes
 * the list. An operation is timed in batches: fill (not timed), run (timed), drain (not timed), as often
 * as there is time; prepare and finish stand around all of them. Every call is checked: what fails says
 * bench_fail, and that batch is not counted.
 *
 * All of it runs on a thread that has a table of descriptors to itself, as a program without threads has: the
 * kernel takes a reference to a file for each call where threads share them, and none where not. A cost with
 * a peer shares it with that one.
 */
#ifndef IOMB_COST_H
#define IOMB_COST_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../wire/clock.h"
#include "abi.h"

struct bench;

struct cost {
	const char *id;
	const char *group;
	const char *title;
	const char *measures; /* what exactly, and what not */
	const char *unit;     /* what one operation is */
	uint32_t arg, arg2;   /* for a file with several costs */
	uint32_t state_bytes; /* of bench->state, zeroed */
	uint32_t descriptors; /* eventfds of the pool, at zero: bench->pool */
	uint32_t turns_max;   /* of a batch; 0: no limit */
	uint32_t per_turn;    /* operations of a turn; 0: one */
	bool takes_two;	      /* needs bench->other_cpu */
	bool shares_files;    /* is about the table of descriptors that the threads of a process share */
	bool times_itself;    /* run adds what its turns took, each between two readings, to bench->own_ns */

	bool (*prepare)(struct bench *bench);
	void (*fill)(struct bench *bench, uint64_t turns);
	void (*run)(struct bench *bench, uint64_t turns);
	void (*drain)(struct bench *bench, uint64_t turns);
	void (*finish)(struct bench *bench); /* also after a prepare that failed */
};

struct bench {
	const struct cost *cost;
	void *state;
	const int *pool;
	int cpu, other_cpu; /* -1: not pinned; there is none */
	uint64_t own_ns;
	atomic_int status; /* enum costs_status */
	char reason[COSTS_TEXT_BYTES];
};

/* How many turns: the loop of every run. What it costs itself is measured on an empty one. */
#define TURNS(turns)                                                                                         \
	for (uint64_t turn_ = 0; ({                                                                          \
		     __asm__ volatile("" : "+r"(turn_) : : "memory");                                        \
		     turn_ < (turns);                                                                        \
	     });                                                                                             \
	     turn_++)

/* errno and the name of the call, with the arguments that matter. False, to be returned. */
bool bench_fail(struct bench *bench, const char *call);
/* What is missing here. */
__attribute__((format(printf, 2, 3))) bool bench_unsupported(struct bench *bench, const char *format, ...);
/* What came out otherwise than it must. */
__attribute__((format(printf, 2, 3))) bool bench_wrong(struct bench *bench, const char *format, ...);

static inline bool bench_goes_on(const struct bench *bench)
{
	return atomic_load_explicit(&bench->status, memory_order_relaxed) == COSTS_MEASURED;
}

struct costs_file {
	const struct cost *rows;
	uint32_t count;
};

#define COSTS(...)                                                                                           \
	static const struct cost rows_[] = {__VA_ARGS__};                                                    \
	static const struct costs_file file_ = {rows_, sizeof(rows_) / sizeof(rows_[0])};                    \
	static const struct costs_file *const entry_ __attribute__((used, section("iomb_costs"))) = &file_
#define COST(...) COSTS({__VA_ARGS__})

#endif
