/* futex.c - a wake-up of nobody, and two threads that wake each other. */
#include <sys/syscall.h>
#include <unistd.h>

#include "../costlib/peer.h"
#include "../wire/uapi.h"

struct state {
	struct peer peer;
	_Atomic uint32_t turn; /* 0: ours, 1: the peer's, 2: the end */
};

static long futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

/* False: it is the end, or overdue. */
static bool await(struct bench *bench, uint32_t wanted)
{
	struct state *state = bench->state;
	uint32_t now;
	while ((now = atomic_load(&state->turn)) != wanted) {
		if (now > 1 || !bench_goes_on(bench))
			return false;
		if (futex(&state->turn, FUTEX_WAIT_PRIVATE, now) < 0 && errno != EAGAIN && errno != EINTR)
			return bench_fail(bench, "futex(FUTEX_WAIT)");
	}
	return true;
}

static bool hand_over(struct bench *bench, uint32_t to)
{
	struct state *state = bench->state;
	uint32_t from = 1 - to;
	if (!atomic_compare_exchange_strong(&state->turn, &from, to))
		return false;
	return futex(&state->turn, FUTEX_WAKE_PRIVATE, 1) >= 0 || bench_fail(bench, "futex(FUTEX_WAKE)");
}

static void *answer(void *arg)
{
	struct bench *bench = arg;
	while (await(bench, 1) && hand_over(bench, 0))
		;
	return NULL;
}

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	return peer_start(bench, &state->peer, bench->cost->takes_two ? bench->other_cpu : bench->cpu,
			  answer);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	atomic_store(&state->turn, 2);
	(void)futex(&state->turn, FUTEX_WAKE_PRIVATE, 2);
	peer_join(&state->peer);
}

static void run(struct bench *bench, uint64_t turns)
{
	TURNS(turns)
	if (!hand_over(bench, 1) || !await(bench, 0)) {
		bench_wrong(bench, "the peer has ended");
		return;
	}
}

static void run_none(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (futex(&state->turn, FUTEX_WAKE_PRIVATE, 1) != 0) {
		bench_fail(bench, "futex(FUTEX_WAKE)");
		return;
	}
}

#define SWITCH                                                                                               \
	.group = "switch", .unit = "round trip", .state_bytes = sizeof(struct state), .prepare = prepare,    \
	.run = run, .finish = finish,                                                                        \
	.measures = "two threads that wake each other by futex(2): two wake-ups, two waits"

COSTS({.id = "futex-wake-none",
       .group = "switch",
       .title = "futex wake-up of nobody",
       .measures = "futex(FUTEX_WAKE_PRIVATE), nobody waits",
       .unit = "call",
       .state_bytes = sizeof(struct state),
       .run = run_none},
      {SWITCH, .id = "futex-switch-same-cpu", .title = "futex ping-pong on one CPU"},
      {SWITCH, .id = "futex-switch-two-cpus", .title = "futex ping-pong on two CPUs", .takes_two = true});
