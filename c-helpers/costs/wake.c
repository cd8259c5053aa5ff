/*
 * wake.c - from a write to the return of the wait in another thread: readiness to user space. The waiter
 * answers by another eventfd and waits again before the next one.
 */
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../costlib/peer.h"

enum { BY_EPOLL, BY_READ, THE_WRITE };

struct state {
	struct peer peer;
	int there, back, epoll;
	_Atomic uint64_t written_ns, waited_ns;
	atomic_bool is_over;
};

static bool move(struct bench *bench, int fd, bool out)
{
	uint64_t value = 1;
	ssize_t n;
	do {
		n = out ? write(fd, &value, sizeof(value)) : read(fd, &value, sizeof(value));
	} while (n < 0 && errno == EINTR && bench_goes_on(bench));
	return n == sizeof(value);
}

static bool wait_and_take(struct bench *bench)
{
	struct state *state = bench->state;
	struct epoll_event event;
	int n = 1;

	while (bench->cost->arg == BY_EPOLL && (n = epoll_wait(state->epoll, &event, 1, -1)) < 0 &&
	       errno == EINTR)
		;
	uint64_t returned = now_ns();
	if (n != 1 || !move(bench, state->there, false))
		return bench_fail(bench, "wait for an eventfd");
	uint64_t end = bench->cost->arg == BY_EPOLL ? returned : now_ns();
	atomic_store(&state->waited_ns, end - atomic_load(&state->written_ns));
	return true;
}

static void *wait_on(void *arg)
{
	struct bench *bench = arg;
	struct state *state = bench->state;
	while (wait_and_take(bench) && !atomic_load(&state->is_over) && move(bench, state->back, true))
		;
	return NULL;
}

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	struct epoll_event event = {.events = EPOLLIN};

	state->there = eventfd(0, EFD_CLOEXEC);
	state->back = eventfd(0, EFD_CLOEXEC);
	state->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (state->there < 0 || state->back < 0 || state->epoll < 0)
		return bench_fail(bench, "eventfd");
	if (epoll_ctl(state->epoll, EPOLL_CTL_ADD, state->there, &event) < 0)
		return bench_fail(bench, "epoll_ctl(ADD)");
	return peer_start(bench, &state->peer, bench->cost->takes_two ? bench->other_cpu : bench->cpu,
			  wait_on);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	uint64_t one = 1;

	atomic_store(&state->is_over, true);
	if (state->peer.is_running && write(state->there, &one, sizeof(one)) < 0)
		bench_fail(bench, "write(eventfd)");
	peer_join(&state->peer);
	if (state->there > 0)
		close(state->there);
	if (state->back > 0)
		close(state->back);
	if (state->epoll > 0)
		close(state->epoll);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	{
		/* On one CPU the waiter runs only while we wait; on two it may not yet wait again. */
		if (!bench->cost->takes_two)
			sched_yield();
		uint64_t from = now_ns();
		atomic_store(&state->written_ns, from);
		bool is_written = move(bench, state->there, true);
		uint64_t written = now_ns();
		if (!is_written || !move(bench, state->back, false)) {
			bench_fail(bench, "eventfd");
			return;
		}
		bench->own_ns +=
			bench->cost->arg == THE_WRITE ? written - from : atomic_load(&state->waited_ns);
	}
}

#define COMMON                                                                                               \
	.group = "switch", .unit = "wake-up", .state_bytes = sizeof(struct state), .times_itself = true,     \
	.prepare = prepare, .run = run, .finish = finish
#define EPOLL                                                                                                \
	COMMON, .arg = BY_EPOLL,                                                                             \
		.measures = "from before a write(2) of an eventfd to the return of epoll_wait(2) in "        \
			    "another thread"
#define READ                                                                                                 \
	COMMON, .arg = BY_READ,                                                                              \
		.measures = "from before a write(2) of an eventfd to the return of a read(2) that blocks "   \
			    "in another thread"

COSTS({EPOLL, .id = "wake-epoll-same-cpu", .title = "wake-up out of epoll_wait, one CPU"},
      {EPOLL, .id = "wake-epoll-two-cpus", .title = "wake-up out of epoll_wait, two CPUs", .takes_two = true},
      {READ, .id = "wake-read-same-cpu", .title = "wake-up out of read, one CPU"},
      {READ, .id = "wake-read-two-cpus", .title = "wake-up out of read, two CPUs", .takes_two = true},
      {COMMON, .arg = THE_WRITE, .id = "write-wakes-two-cpus", .title = "write that wakes another CPU",
       .takes_two = true,
       .measures = "write(2) of an eventfd that a read(2) on another CPU waits for: what the caller pays, "
		   "not when the other runs"});
