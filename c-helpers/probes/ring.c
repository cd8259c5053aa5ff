/* ring.c - see ring.h. */
#include "ring.h"

#include <sched.h>

#include "../wire/clock.h"

uint32_t ring_await(struct uring *ring, uint32_t enough, uint32_t ms)
{
	struct counters_slot uncounted = {0};
	uint64_t until_ns = now_ns() + ms * NS_PER_MS;

	ring_submit(ring, 0);
	while (uring_ready(ring) < enough && now_ns() < until_ns) {
		/* For task work that nothing else would run. */
		(void)uring_enter(ring, &uncounted, 0, 0, IORING_ENTER_GETEVENTS);
		sched_yield();
	}
	return uring_ready(ring);
}
