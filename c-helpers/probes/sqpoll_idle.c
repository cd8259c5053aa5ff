/*
 * sqpoll_idle - the kernel thread of SQPOLL when nothing comes: how long it spins, that it must be woken
 * then, and what it costs meanwhile.
 */
#include "../wire/clock.h"
#include "process.h"
#include "ring.h"

enum { IDLE_MS = 200, ROUNDS = 3, LIMIT_MS = 2000, ASLEEP_MS = 50 };

static bool needs_wakeup(const struct uring *ring)
{
	return __atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP;
}

_Noreturn static void say_untold(void)
{
	probe_unsupported("the kernel does not tell what a thread has run (/proc/self/task/*/schedstat)");
}

/* What the SQ thread did between two looks. */
struct usage {
	uint64_t at_ns, run_ns, wait_ns;
};

static struct usage usage_now(pid_t tid)
{
	struct usage usage = {0};

	if (!thread_times(tid, &usage.run_ns, &usage.wait_ns))
		say_untold();
	usage.at_ns = now_ns();
	return usage;
}

/*
 * The share of this time in which it ran; what it waited for a CPU does not count, nor what passed beyond the
 * longest that it can have been: this thread may look late.
 */
static double share_of(struct usage from, struct usage to, uint32_t most_ms)
{
	double wall = (double)(to.at_ns - from.at_ns), waited = (double)(to.wait_ns - from.wait_ns);
	double ran = (double)(to.run_ns - from.run_ns);

	if (wall > (double)most_ms * NS_PER_MS)
		wall = (double)most_ms * NS_PER_MS;
	/* What ran is known by the tick. */
	return wall > waited && ran < wall - waited ? ran / (wall - waited) : 1;
}

/* Until the thread says that it sleeps; ms. */
static double until_parked(const struct uring *ring, uint64_t from_ns)
{
	while (!needs_wakeup(ring)) {
		if (now_ns() - from_ns > LIMIT_MS * NS_PER_MS)
			probe_odd("the SQ thread does not sleep within %d ms", LIMIT_MS);
		pause_ms(1);
	}
	return (double)(now_ns() - from_ns) / NS_PER_MS;
}

/* A NOP, and the time at which it is complete. */
static uint64_t nop(struct uring *ring, struct counters_slot *slot)
{
	uint64_t until_ns = now_ns() + SOON_MS * NS_PER_MS;

	ring_sqe(ring, IORING_OP_NOP, -1, 0);
	if (uring_submit(ring, slot, 0) < 0)
		probe_odd("io_uring_enter fails");
	while (uring_ready(ring) == 0 && now_ns() < until_ns)
		pause_ms(0);
	if (uring_ready(ring) == 0)
		probe_odd("the SQ thread does not take a request");
	(void)uring_cqe(ring);
	return now_ns();
}

static void run(void)
{
	static struct counters_slot slot;
	struct uring ring;
	double parked_ms[ROUNDS], busy[ROUNDS], parked[ROUNDS], calls[ROUNDS];
	uint32_t without = 0;
	struct named_thread thread;
	int error = ring_try(&ring, RING_ENTRIES, IORING_SETUP_SQPOLL, IDLE_MS);

	if (error < 0)
		probe_unsupported("io_uring_setup(SQPOLL): %s", ring_refusal(-error));
	(void)nop(&ring, &slot); /* it has its name when it runs */
	if (threads_named("iou-sqp", &thread) == 0)
		probe_unsupported("the SQ thread is none of this process (before 5.12)");
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t from_ns = nop(&ring, &slot);
		struct usage before = usage_now(thread.tid);
		parked_ms[i] = until_parked(&ring, from_ns);
		struct usage after = usage_now(thread.tid);
		/* It is counted by the tick, of which many passed. */
		if (after.run_ns == 0)
			say_untold();
		busy[i] = share_of(before, after, IDLE_MS);
		/* Queued, and nobody is told. */
		ring_sqe(&ring, IORING_OP_NOP, -1, 0);
		__atomic_store_n(ring.sq_tail, ring.sqe_tail, __ATOMIC_SEQ_CST);
		before = usage_now(thread.tid);
		pause_ms(ASLEEP_MS);
		parked[i] = share_of(before, usage_now(thread.tid), UINT32_MAX);
		without += uring_ready(&ring);
		uint64_t enters = slot.value[COUNT_SYS_IO_URING_ENTER];
		(void)nop(&ring, &slot);
		calls[i] = (double)(slot.value[COUNT_SYS_IO_URING_ENTER] - enters);
		while (uring_ready(&ring) > 0)
			(void)uring_cqe(&ring);
	}
	observe("idleMs", IDLE_MS);
	observe("rounds", ROUNDS);
	observe("needWakeupMs", median(parked_ms, ROUNDS));
	observe("withoutWakeup", without);
	observe("wakeCalls", median(calls, ROUNDS));
	observe("busyCpu", median(busy, ROUNDS));
	observe("parkedCpu", median(parked, ROUNDS));
}

PROBE(.id = "sqpoll-idle", .title = "the SQ thread of an idle ring", .run = run,
      .values = {
	      NUMBER("idleMs", "sq_thread_idle, ms"),
	      NUMBER("rounds", "times that it was let fall asleep"),
	      NUMBER("needWakeupMs", "ms from the last request until IORING_SQ_NEED_WAKEUP, median"),
	      NUMBER("withoutWakeup", "requests that were completed in 50 ms of its sleep, not woken"),
	      NUMBER("wakeCalls", "io_uring_enter calls of the next submit, median"),
	      NUMBER("busyCpu", "share of a CPU that the idle ring's thread used until then, of what it "
				"could have, median"),
	      NUMBER("parkedCpu", "share that it used while it slept, median"),
      });
