/*
 * switch.c - two threads that wait for each other: a byte there, a byte back. On one CPU each way is a
 * switch; on two, a wake-up of the other CPU. Over TCP it is the round trip of a client and a server that
 * block.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../costlib/pairs.h"
#include "../costlib/peer.h"

struct state {
	struct pairs pairs;
	struct peer peer;
};

/* 1: moved, else it has ended. */
static ssize_t move(struct bench *bench, int fd, bool out)
{
	char byte = 1;
	ssize_t n;
	do {
		n = out ? write(fd, &byte, 1) : read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR && bench_goes_on(bench));
	return n;
}

static void *echo(void *arg)
{
	struct bench *bench = arg;
	struct state *state = bench->state;
	while (move(bench, state->pairs.far_read[0], false) == 1 &&
	       move(bench, state->pairs.far_write[0], true) == 1)
		;
	return NULL;
}

static bool prepare_kind(struct bench *bench, enum pair_kind kind)
{
	struct state *state = bench->state;
	return pairs_open(bench, &state->pairs, kind, 1) &&
	       peer_start(bench, &state->peer, bench->cost->takes_two ? bench->other_cpu : bench->cpu, echo);
}

static bool prepare_pipe(struct bench *bench)
{
	return prepare_kind(bench, PAIR_PIPE);
}

static bool prepare_tcp(struct bench *bench)
{
	return prepare_kind(bench, PAIR_TCP);
}

/* The peer reads the end. */
static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->pairs.count > 0 && shutdown(state->pairs.near_write[0], SHUT_RDWR) < 0) {
		close(state->pairs.near_write[0]);
		state->pairs.near_write[0] = -1;
	}
	peer_join(&state->peer);
	pairs_close(&state->pairs);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (move(bench, state->pairs.near_write[0], true) != 1 ||
	    move(bench, state->pairs.near_read[0], false) != 1) {
		bench_fail(bench, "round trip");
		return;
	}
}

#define COMMON .unit = "round trip", .state_bytes = sizeof(struct state), .run = run, .finish = finish
#define PIPE COMMON, .group = "switch", .prepare = prepare_pipe
#define TCP COMMON, .group = "connection", .prepare = prepare_tcp

COSTS({PIPE, .id = "switch-pipe-same-cpu", .title = "pipe ping-pong on one CPU",
       .measures =
	       "1 byte through a pipe and back by another, two threads that block in read(2): two switches, "
	       "two writes, two reads"},
      {PIPE, .id = "switch-pipe-two-cpus", .title = "pipe ping-pong on two CPUs", .takes_two = true,
       .measures =
	       "1 byte through a pipe and back by another, two threads that block in read(2): two wake-ups "
	       "of the other CPU, two writes, two reads"},
      {TCP, .id = "tcp-roundtrip-same-cpu", .title = "TCP round trip on one CPU",
       .measures = "1 byte over loopback and back, two threads that block in read(2)"},
      {TCP, .id = "tcp-roundtrip-two-cpus", .title = "TCP round trip on two CPUs", .takes_two = true,
       .measures = "1 byte over loopback and back, two threads that block in read(2)"});
