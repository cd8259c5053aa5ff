/* uring_nop.c - what io_uring itself takes for a request: NOPs, submitted and reaped in batches of different
 * sizes. */
#include <sched.h>

#include "../costlib/ring.h"

#define DEFER (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

struct state {
	struct uring ring;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	return ring_open(bench, &state->ring, bench->cost->arg, -1);
}

static bool prepare_poll_other(struct bench *bench)
{
	struct state *state = bench->state;
	return ring_open(bench, &state->ring, IORING_SETUP_SQPOLL, bench->other_cpu);
}

static bool prepare_poll_same(struct bench *bench)
{
	struct state *state = bench->state;
	if (bench->cpu < 0)
		return bench_unsupported(bench, "takes a CPU to bind the SQ thread to");
	return ring_open(bench, &state->ring, IORING_SETUP_SQPOLL, bench->cpu);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->ring.sqes)
		uring_close(&state->ring);
}

static inline void queue(struct uring *ring, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		uring_sqe(ring)->opcode = IORING_OP_NOP;
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	uint32_t batch = bench->cost->per_turn;
	TURNS(turns)
	{
		queue(&state->ring, batch);
		if (!ring_submit_and_wait(bench, &state->ring, batch) ||
		    !ring_reap(bench, &state->ring, batch, 0))
			return;
	}
}

/* Spins on the CQ, as a user of SQPOLL who wants the shortest way does; yields where both have one CPU. */
static void run_poll(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct uring *ring = &state->ring;
	uint32_t batch = bench->cost->per_turn;
	bool yields = !bench->cost->takes_two;
	TURNS(turns)
	{
		queue(ring, batch);
		__atomic_store_n(ring->sq_tail, ring->sqe_tail, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP &&
		    syscall(SYS_io_uring_enter, ring->fd, batch, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0) {
			bench_fail(bench, "io_uring_enter(SQ_WAKEUP)");
			return;
		}
		while (uring_ready(ring) < batch && bench_goes_on(bench)) {
			if (yields)
				sched_yield();
			else
				uring_pause();
		}
		if (!bench_goes_on(bench) || !ring_reap(bench, ring, batch, 0))
			return;
	}
}

static void run_nothing(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (syscall(SYS_io_uring_enter, state->ring.fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0) != 0) {
		bench_fail(bench, "io_uring_enter(0)");
		return;
	}
}

static void run_peek(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (uring_ready(&state->ring) != 0) {
		bench_wrong(bench, "the CQ of nothing is not empty");
		return;
	}
}

#define COMMON .group = "io_uring", .state_bytes = sizeof(struct state), .finish = finish
#define NOP(batch)                                                                                           \
	{                                                                                                    \
		COMMON, .id = "uring-nop-" #batch, .title = "io_uring NOP, " #batch " a call",               \
			.measures = "NOPs submitted and waited for by one io_uring_enter(2), and reaped; "   \
				    "no setup flags",                                                        \
			.unit = "request", .per_turn = batch, .prepare = prepare, .run = run                 \
	}
#define NOP_DEFER(batch)                                                                                     \
	{                                                                                                    \
		COMMON, .id = "uring-nop-defer-" #batch,                                                     \
			.title = "io_uring NOP, DEFER_TASKRUN, " #batch " a call",                           \
			.measures = "NOPs submitted and waited for by one io_uring_enter(2), and reaped; "   \
				    "SINGLE_ISSUER|DEFER_TASKRUN",                                           \
			.unit = "request", .per_turn = batch, .arg = DEFER, .prepare = prepare, .run = run   \
	}
#define NOP_POLL(batch)                                                                                      \
	{                                                                                                    \
		COMMON, .id = "uring-nop-sqpoll-" #batch,                                                    \
			.title = "io_uring NOP, SQPOLL, " #batch " at a time",                               \
			.measures = "NOPs put into the SQ until all their CQEs are there: no system call, "  \
				    "the SQ thread on the "                                                  \
				    "other CPU, and both spin",                                              \
			.unit = "request", .per_turn = batch, .takes_two = true,                             \
			.prepare = prepare_poll_other, .run = run_poll                                       \
	}

COSTS(NOP(1), NOP(8), NOP(32), NOP(128), NOP_DEFER(1), NOP_DEFER(8), NOP_DEFER(32), NOP_DEFER(128),
      NOP_POLL(1), NOP_POLL(32),
      {COMMON, .id = "uring-nop-sqpoll-same-cpu", .title = "io_uring NOP, SQPOLL on one CPU",
       .measures = "a NOP put into the SQ until its CQE is there, the SQ thread on the same CPU: the user "
		   "yields by "
		   "sched_yield(2)",
       .unit = "request", .per_turn = 1, .turns_max = 4, .prepare = prepare_poll_same, .run = run_poll},
      {COMMON, .id = "uring-enter-0", .title = "io_uring_enter of nothing",
       .measures = "io_uring_enter(2) with nothing to submit and GETEVENTS of 0", .unit = "call",
       .prepare = prepare, .run = run_nothing},
      {COMMON, .id = "uring-cq-peek", .title = "look at an empty CQ",
       .measures = "a load-acquire of the CQ's tail and a comparison: no system call", .unit = "look",
       .prepare = prepare, .run = run_peek});
