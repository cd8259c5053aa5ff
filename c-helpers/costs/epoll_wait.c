/* epoll_wait.c - what waiting costs where nobody has to wait: some of many are ready, or none. */
#include <sys/epoll.h>
#include <unistd.h>

#include "../costlib/watch.h"

#define EVENTS_MAX 64

struct state {
	int epoll;
	uint32_t raised;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	uint32_t registered = bench->cost->descriptors, ready = bench->cost->arg;

	state->epoll = watch_open(bench, registered);
	if (state->epoll < 0)
		return false;
	/* Spread over all of them. */
	for (; state->raised < ready; state->raised++)
		if (!pool_raise(bench, state->raised * (registered / ready)))
			return false;
	return true;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	while (state->raised > 0)
		pool_lower(bench, --state->raised * (bench->cost->descriptors / bench->cost->arg));
	if (state->epoll > 0)
		close(state->epoll);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct epoll_event events[EVENTS_MAX];
	int ready = (int)bench->cost->arg, n;
	TURNS(turns)
	if ((n = epoll_wait(state->epoll, events, EVENTS_MAX, 0)) != ready) {
		bench_wrong(bench, "epoll_wait: %d events, %d are ready", n, ready);
		return;
	}
}

#define EPOLL_WAIT(ready, registered, words)                                                                 \
	{                                                                                                    \
		.id = "epoll-wait-" #ready "-of-" #registered, .group = "wait",                              \
		.title = "epoll_wait, " #ready " of " words " ready",                                        \
		.measures = "epoll_wait(2) with a timeout of 0 and room for 64 events, level-triggered, of " \
			    "eventfds",                                                                      \
		.unit = "call", .arg = ready, .descriptors = registered,                                     \
		.state_bytes = sizeof(struct state), .prepare = prepare, .run = run, .finish = finish        \
	}

COSTS(EPOLL_WAIT(0, 1, "1"), EPOLL_WAIT(1, 1, "1"), EPOLL_WAIT(0, 1000, "1,000"),
      EPOLL_WAIT(1, 1000, "1,000"), EPOLL_WAIT(64, 1000, "1,000"), EPOLL_WAIT(0, 18000, "18,000"),
      EPOLL_WAIT(1, 18000, "18,000"), EPOLL_WAIT(64, 18000, "18,000"));
