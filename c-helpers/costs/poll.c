/* poll.c - one ready at the end of many that are not: each of them is asked, and put on its wait queue. */
#include <poll.h>
#include <stdlib.h>

#include "../costlib/watch.h"

struct state {
	struct pollfd *fds;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	uint32_t count = bench->cost->descriptors;

	state->fds = malloc(count * sizeof(*state->fds));
	if (!state->fds)
		return bench_fail(bench, "malloc(pollfd)");
	for (uint32_t i = 0; i < count; i++)
		state->fds[i] = (struct pollfd){.fd = bench->pool[i], .events = POLLIN};
	return pool_raise(bench, count - 1);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	pool_lower(bench, bench->cost->descriptors - 1);
	free(state->fds);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	int n;
	TURNS(turns)
	if ((n = poll(state->fds, bench->cost->descriptors, -1)) != 1) {
		bench_wrong(bench, "poll: %d, expected 1", n);
		return;
	}
}

#define POLL(count, words)                                                                                   \
	{                                                                                                    \
		.id = "poll-" #count, .group = "wait", .title = "poll of " words,                            \
		.measures = "poll(2) of eventfds without a timeout, the last of them ready", .unit = "call", \
		.descriptors = count, .state_bytes = sizeof(struct state), .prepare = prepare, .run = run,   \
		.finish = finish                                                                             \
	}

COSTS(POLL(1, "1"), POLL(10, "10"), POLL(100, "100"), POLL(1000, "1,000"), POLL(10000, "10,000"),
      POLL(18000, "18,000"));
