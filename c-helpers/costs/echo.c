/*
 * echo.c - the kernel's part of an echo server, with A connections ready at once: epoll_wait and a read and a
 * write each, against two submits of as many requests. The client's part is not timed.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "../costlib/pairs.h"
#include "../costlib/ring.h"

#define BYTES 64

struct state {
	struct pairs pairs;
	struct uring ring;
	int epoll;
	char message[PAIRS][BYTES];
};

static bool prepare_pairs(struct bench *bench)
{
	struct state *state = bench->state;
	return pairs_open(bench, &state->pairs, PAIR_UNIX, bench->cost->per_turn);
}

static bool prepare_epoll(struct bench *bench)
{
	struct state *state = bench->state;

	if (!prepare_pairs(bench))
		return false;
	state->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (state->epoll < 0)
		return bench_fail(bench, "epoll_create1");
	for (uint32_t i = 0; i < bench->cost->per_turn; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
		if (epoll_ctl(state->epoll, EPOLL_CTL_ADD, state->pairs.near_read[i], &event) < 0)
			return bench_fail(bench, "epoll_ctl(ADD)");
	}
	return true;
}

static bool prepare_uring(struct bench *bench)
{
	struct state *state = bench->state;
	return prepare_pairs(bench) && ring_open(bench, &state->ring, bench->cost->arg, -1) &&
	       ring_needs(bench, &state->ring, IORING_OP_RECV, "IORING_OP_RECV (5.6)");
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->ring.sqes)
		uring_close(&state->ring);
	if (state->epoll > 0)
		close(state->epoll);
	pairs_close(&state->pairs);
}

/* One message for each of them: a batch is one turn. */
static void ask_all(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	(void)turns;
	for (uint32_t i = 0; i < bench->cost->per_turn && bench_goes_on(bench); i++)
		give(bench, state->pairs.far_write[i], BYTES);
}

static void take_all(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	(void)turns;
	for (uint32_t i = 0; i < bench->cost->per_turn && bench_goes_on(bench); i++)
		take(bench, state->pairs.far_read[i], BYTES);
}

static void run_epoll(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct epoll_event events[PAIRS];
	int ready = (int)bench->cost->per_turn;
	TURNS(turns)
	{
		if (epoll_wait(state->epoll, events, PAIRS, -1) != ready) {
			bench_fail(bench, "epoll_wait");
			return;
		}
		for (int i = 0; i < ready; i++) {
			uint32_t at = events[i].data.u32;
			if (read(state->pairs.near_read[at], state->message[at], BYTES) != BYTES ||
			    write(state->pairs.near_write[at], state->message[at], BYTES) != BYTES) {
				bench_fail(bench, "read and write");
				return;
			}
		}
	}
}

static bool submit_all(struct bench *bench, uint8_t op)
{
	struct state *state = bench->state;
	uint32_t count = bench->cost->per_turn;

	for (uint32_t i = 0; i < count; i++) {
		struct io_uring_sqe *sqe = uring_sqe(&state->ring);
		sqe->opcode = op;
		sqe->fd = state->pairs.near_read[i];
		sqe->addr = (uint64_t)(uintptr_t)state->message[i];
		sqe->len = BYTES;
	}
	return ring_submit_and_wait(bench, &state->ring, count) &&
	       ring_reap(bench, &state->ring, count, BYTES);
}

static void run_uring(struct bench *bench, uint64_t turns)
{
	TURNS(turns)
	if (!submit_all(bench, IORING_OP_RECV) || !submit_all(bench, IORING_OP_SEND))
		return;
}

#define COMMON(ready)                                                                                        \
	.group = "io_uring", .unit = "request", .per_turn = ready, .turns_max = 1,                           \
	.state_bytes = sizeof(struct state), .fill = ask_all, .drain = take_all, .finish = finish
#define EPOLL(ready)                                                                                         \
	{                                                                                                    \
		COMMON(ready), .id = "echo-epoll-" #ready, .title = "echo by epoll, " #ready " ready",       \
			       .measures = "epoll_wait(2), and for each ready unix socket read(2) and "      \
					   "write(2) of 64 bytes",                                           \
			       .prepare = prepare_epoll, .run = run_epoll                                    \
	}
#define URING(ready)                                                                                         \
	{                                                                                                    \
		COMMON(ready), .id = "echo-uring-" #ready, .title = "echo by io_uring, " #ready " ready",    \
			       .measures = "one io_uring_enter(2) with a RECV for each ready unix socket, "  \
					   "one with as many SENDs, "                                        \
					   "64 bytes; SINGLE_ISSUER|DEFER_TASKRUN",                          \
			       .arg = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,               \
			       .prepare = prepare_uring, .run = run_uring                                    \
	}

COSTS(EPOLL(1), EPOLL(8), EPOLL(64), URING(1), URING(8), URING(64));
