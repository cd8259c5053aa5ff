/*
 * abi.h - the wire between the orchestrator and the costs; its twin is src/costs/abi.ts.
 *
 * Only fixed-width members without hidden padding; abi_version first in every struct; sizes asserted
 * here and compared through koffi.sizeof at load. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef IOMB_COSTS_ABI_H
#define IOMB_COSTS_ABI_H

#include <stdint.h>

#define COSTS_ABI_VERSION 1u
#define COSTS_ID_BYTES 48
#define COSTS_TEXT_BYTES 240
/* Of one measurement: batches that are kept. */
#define COSTS_SAMPLES_MAX 128

#define COSTS_API __attribute__((visibility("default")))

enum costs_status {
	COSTS_MEASURED = 0,
	COSTS_UNSUPPORTED = 1, /* cannot run here */
	COSTS_FAILED = 2,      /* should run here */
	COSTS_OVERDUE = 3,     /* did not end by its deadline */
	COSTS_STUCK = 4,       /* nor after it: its thread is still there, and nothing more can be measured */
};

/* What a cost says of itself. */
struct costs_about {
	uint32_t abi_version;
	uint32_t descriptors; /* of the pool that such costs share */
	uint32_t takes_two;   /* 1: needs a second CPU */
	uint32_t reserved;
	char id[COSTS_ID_BYTES];
	char group[COSTS_ID_BYTES];
	char unit[COSTS_ID_BYTES];
	char title[COSTS_TEXT_BYTES];
	char measures[COSTS_TEXT_BYTES];
};

struct costs_request {
	uint32_t abi_version;
	uint32_t index;
	int32_t cpu;	   /* -1: not pinned */
	int32_t other_cpu; /* of the other end of what takes two; -1: there is none */
	uint32_t turns;	   /* of a batch; 0: as many as batch_ns takes */
	uint32_t batches_min;
	uint32_t batches_max;
	uint32_t reserved;
	uint64_t batch_ns;    /* a batch is to last so long */
	uint64_t budget_ns;   /* for all batches, with what is done around them */
	uint64_t deadline_ns; /* for all of it, preparation included */
};

struct costs_report {
	uint32_t abi_version;
	int32_t status; /* enum costs_status */
	uint32_t samples;
	uint32_t reserved;
	uint64_t turns;	   /* of one batch */
	uint64_t per_turn; /* operations of one turn */
	double loop_ns;	   /* subtracted from every turn */
	double clock_ns;   /* subtracted from every batch, or from every turn where those are timed */
	double ns[COSTS_SAMPLES_MAX]; /* per operation */
	char reason[COSTS_TEXT_BYTES];
};

struct costs_clock {
	uint32_t abi_version;
	uint32_t has_tsc; /* 1: of a constant rate that sleep does not stop */
	uint64_t step_ns; /* smallest step between two readings */
	uint64_t now_ns;
	uint64_t tsc; /* at now_ns */
	double read_ns;
};

_Static_assert(sizeof(struct costs_about) == 640, "twin: src/costs/abi.ts");
_Static_assert(sizeof(struct costs_request) == 56, "twin: src/costs/abi.ts");
_Static_assert(sizeof(struct costs_report) == 1312, "twin: src/costs/abi.ts");
_Static_assert(sizeof(struct costs_clock) == 40, "twin: src/costs/abi.ts");

COSTS_API uint32_t costs_abi_version(void);

/* How many there are, in an order that a build has. */
COSTS_API uint32_t costs_count(void);
COSTS_API void costs_describe(uint32_t index, struct costs_about *about);

/*
 * Measures one cost on a thread of its own (call it .async), so that the caller's affinity stays as it is.
 * Returns within deadline_ns and a grace after it, whatever the kernel does. One at a time.
 */
COSTS_API void costs_measure(const struct costs_request *request, struct costs_report *report);
/* Ends costs_measure at the next batch, as overdue. */
COSTS_API void costs_stop(void);
/* Closes the descriptors that were kept for the next cost. */
COSTS_API void costs_release(void);
/* flock(2) of a descriptor, exclusive, without waiting: 0 or an errno. */
COSTS_API int32_t costs_try_lock(int32_t fd);
/* Of everybody who has the descriptor, a copy of the table included. */
COSTS_API void costs_unlock(int32_t fd);
/* Takes about a millisecond. */
COSTS_API void costs_read_clock(struct costs_clock *clock);

#endif
