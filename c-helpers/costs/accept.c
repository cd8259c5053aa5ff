/* accept.c - a connection that waits in the backlog, taken. */
#include <sys/socket.h>
#include <unistd.h>

#include "../costlib/pairs.h"

#define WAITING 32

struct state {
	int listener;
	uint32_t connected, accepted;
	int near[WAITING], far[WAITING];
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	state->listener = tcp_listener(bench, WAITING);
	return state->listener >= 0;
}

static void close_all(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	(void)turns;
	while (state->accepted > 0)
		tcp_reset(state->near[--state->accepted]);
	while (state->connected > 0)
		tcp_reset(state->far[--state->connected]);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	close_all(bench, 0);
	if (state->listener > 0)
		close(state->listener);
}

static void connect_all(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	while (state->connected < turns) {
		int fd = tcp_connect(bench, state->listener);
		if (fd < 0)
			return;
		state->far[state->connected++] = fd;
	}
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	{
		int fd = accept4(state->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			bench_fail(bench, "accept4");
			return;
		}
		state->near[state->accepted++] = fd;
	}
}

COST(.id = "accept", .group = "connection", .title = "accept of a connection that waits",
     .measures = "accept4(2) of TCP connections over loopback that are in the backlog", .unit = "call",
     .state_bytes = sizeof(struct state), .turns_max = WAITING, .prepare = prepare, .fill = connect_all,
     .run = run, .drain = close_all, .finish = finish);
