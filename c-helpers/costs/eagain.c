/* eagain.c - a read of what is empty, and does not wait. */
#include <fcntl.h>
#include <unistd.h>

#include "../costlib/pairs.h"

struct state {
	struct pairs pairs;
};

static bool prepare_kind(struct bench *bench, enum pair_kind kind)
{
	struct state *state = bench->state;
	if (!pairs_open(bench, &state->pairs, kind, 1))
		return false;
	return fcntl(state->pairs.near_read[0], F_SETFL, O_NONBLOCK) == 0 ||
	       bench_fail(bench, "fcntl(F_SETFL, O_NONBLOCK)");
}

static bool prepare_tcp(struct bench *bench)
{
	return prepare_kind(bench, PAIR_TCP);
}

static bool prepare_pipe(struct bench *bench)
{
	return prepare_kind(bench, PAIR_PIPE);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	pairs_close(&state->pairs);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	char byte;
	TURNS(turns)
	if (read(state->pairs.near_read[0], &byte, 1) != -1 || errno != EAGAIN) {
		bench_wrong(bench, "read: it is not empty");
		return;
	}
}

#define EAGAIN_COST                                                                                          \
	.group = "transfer", .unit = "call", .state_bytes = sizeof(struct state), .run = run, .finish = finish

COSTS({EAGAIN_COST, .id = "read-eagain", .title = "read of an empty TCP socket",
       .measures = "read(2) of 1 byte of a non-blocking TCP socket, answered EAGAIN", .prepare = prepare_tcp},
      {EAGAIN_COST, .id = "read-eagain-pipe", .title = "read of an empty pipe",
       .measures = "read(2) of 1 byte of a non-blocking pipe, answered EAGAIN", .prepare = prepare_pipe});
