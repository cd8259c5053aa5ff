/* epoll_ctl.c - registering one more with a set that has many. */
#include <sys/epoll.h>
#include <unistd.h>

#include "../costlib/watch.h"

/* Descriptors that a batch adds, or deletes, beside those that stay registered. */
#define EXTRA 64

struct state {
	int epoll;
	uint32_t next;
};

static bool control_extra(struct bench *bench, int op, uint32_t extra, uint32_t events)
{
	struct state *state = bench->state;
	uint32_t index = bench->cost->arg + extra;
	struct epoll_event event = {.events = events, .data.u32 = index};
	return epoll_ctl(state->epoll, op, bench->pool[index], &event) == 0;
}

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	state->epoll = watch_open(bench, bench->cost->arg);
	return state->epoll >= 0;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->epoll > 0)
		close(state->epoll);
}

static void from_start(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	(void)turns;
	state->next = 0;
}

static void delete_all(struct bench *bench, uint64_t turns)
{
	for (uint32_t i = 0; i < turns; i++)
		if (!control_extra(bench, EPOLL_CTL_DEL, i, 0)) {
			bench_fail(bench, "epoll_ctl(DEL)");
			return;
		}
}

static void add_all(struct bench *bench, uint64_t turns)
{
	from_start(bench, turns);
	for (uint32_t i = 0; i < turns; i++)
		if (!control_extra(bench, EPOLL_CTL_ADD, i, EPOLLIN)) {
			bench_fail(bench, "epoll_ctl(ADD)");
			return;
		}
}

static void run_add(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (!control_extra(bench, EPOLL_CTL_ADD, state->next++, EPOLLIN)) {
		bench_fail(bench, "epoll_ctl(ADD)");
		return;
	}
}

static void run_delete(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (!control_extra(bench, EPOLL_CTL_DEL, state->next++, 0)) {
		bench_fail(bench, "epoll_ctl(DEL)");
		return;
	}
}

/* Between reading and writing one: an eventfd can always be written, so it becomes ready now and then. */
static void run_modify(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	{
		uint32_t at = state->next++;
		if (!control_extra(bench, EPOLL_CTL_MOD, at % EXTRA,
				   EPOLLIN | (at & EXTRA ? EPOLLRDHUP : 0))) {
			bench_fail(bench, "epoll_ctl(MOD)");
			return;
		}
	}
}

static bool prepare_modify(struct bench *bench)
{
	if (!prepare(bench))
		return false;
	add_all(bench, EXTRA);
	return bench_goes_on(bench);
}

#define EPOLL_CTL(name, registered, words, what)                                                             \
	.id = "epoll-" name "-" #registered, .group = "wait",                                                \
	.title = "epoll_ctl(" what ") of a set of " words, .unit = "call", .arg = registered,                \
	.descriptors = registered + EXTRA, .state_bytes = sizeof(struct state), .finish = finish
#define ADD(registered, words)                                                                               \
	{                                                                                                    \
		EPOLL_CTL("add", registered, words, "ADD"),                                                  \
			.turns_max = EXTRA,                                                                  \
			.measures = "epoll_ctl(2) of eventfds that are not ready, up to 64 more than the "   \
				    "set has",                                                               \
			.prepare = prepare, .fill = from_start, .run = run_add, .drain = delete_all          \
	}
#define MODIFY(registered, words)                                                                            \
	{                                                                                                    \
		EPOLL_CTL("mod", registered, words, "MOD"),                                                  \
			.measures = "epoll_ctl(2) of one of 64 more that are not ready, its events changed", \
			.prepare = prepare_modify, .run = run_modify                                         \
	}
#define DELETE(registered, words)                                                                            \
	{                                                                                                    \
		EPOLL_CTL("del", registered, words, "DEL"),                                                  \
			.turns_max = EXTRA,                                                                  \
			.measures = "epoll_ctl(2) of up to 64 more that were just added",                    \
			.prepare = prepare, .fill = add_all, .run = run_delete                               \
	}

COSTS(ADD(1, "1"), ADD(1000, "1,000"), ADD(18000, "18,000"), MODIFY(1, "1"), MODIFY(1000, "1,000"),
      MODIFY(18000, "18,000"), DELETE(1, "1"), DELETE(1000, "1,000"), DELETE(18000, "18,000"));
