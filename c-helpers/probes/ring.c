/* ring.c - see ring.h. */
#include "ring.h"

#include <sched.h>
#include <stdio.h>

#include "../wire/clock.h"
#include "process.h"

const char *ring_refusal(int error)
{
	static char text[128];
	int64_t disabled = proc_value("/proc/sys/kernel/io_uring_disabled");
	bool filtered = proc_number("/proc/self/status", "Seccomp:") == 2;

	if (error == EPERM && disabled > 0)
		snprintf(text, sizeof(text), "EPERM: kernel.io_uring_disabled=%d forbids it", (int)disabled);
	else if ((error == EPERM || error == ENOSYS) && filtered)
		snprintf(text, sizeof(text), "%s: a seccomp filter, as of a container, may forbid it",
			 error_name(error));
	else
		snprintf(text, sizeof(text), "%s", error_name(error));
	return text;
}

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
