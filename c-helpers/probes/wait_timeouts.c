/* wait_timeouts - whether a wait with a timeout ends too early, and how late. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "../wire/clock.h"
#include "../wire/uapi.h"
#include "probe.h"
#include "sockets.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* 5.11 */
#endif

enum { ROUNDS = 15, WAIT_MS = 5, FINE_US = 200 };

static int ep;

static int by_epoll(void)
{
	struct epoll_event event;
	return epoll_wait(ep, &event, 1, WAIT_MS);
}

static int by_poll(void)
{
	return poll(NULL, 0, WAIT_MS);
}

static int by_select(void)
{
	struct timeval wait = {.tv_usec = WAIT_MS * 1000};
	return select(0, NULL, NULL, NULL, &wait);
}

static int by_pwait2(void)
{
	struct epoll_event event;
	struct timespec wait = {.tv_nsec = FINE_US * 1000};
	return (int)syscall(SYS_epoll_pwait2, ep, &event, 1, &wait, NULL, 8);
}

/* The median beyond the timeout, us; early counts those that ended before it. */
static double over_us(int (*wait)(void), uint64_t timeout_ns, int *early)
{
	double over[ROUNDS];

	*early = 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t begun = now_ns();
		if (wait() != 0)
			probe_broken("a wait for nothing");
		double beyond = (double)(now_ns() - begun) - (double)timeout_ns;
		*early += beyond < 0;
		over[i] = beyond / NS_PER_US;
	}
	return median(over, ROUNDS);
}

static void run(void)
{
	int early;

	ep = epoll_open();
	observe("rounds", ROUNDS);
	observe("epollOverUs", over_us(by_epoll, WAIT_MS * NS_PER_MS, &early));
	observe("epollEarly", early);
	observe("pollOverUs", over_us(by_poll, WAIT_MS * NS_PER_MS, &early));
	observe("pollEarly", early);
	observe("selectOverUs", over_us(by_select, WAIT_MS * NS_PER_MS, &early));
	observe("selectEarly", early);
	if (by_pwait2() < 0)
		return;
	observe("pwait2OverUs", over_us(by_pwait2, FINE_US * NS_PER_US, &early));
	observe("pwait2Early", early);
}

PROBE(.id = "wait-timeouts", .title = "timeouts of the wait calls", .run = run,
      .values = {
	      NUMBER("rounds", "waits with each call"),
	      NUMBER("epollEarly", "epoll_wait: ended before 5 ms"),
	      NUMBER("epollOverUs", "epoll_wait: us beyond 5 ms, median"),
	      NUMBER("pollEarly", "poll: ended before 5 ms"),
	      NUMBER("pollOverUs", "poll: us beyond 5 ms, median"),
	      NUMBER("selectEarly", "select: ended before 5 ms"),
	      NUMBER("selectOverUs", "select: us beyond 5 ms, median"),
	      NUMBER_OR_NONE("pwait2Early", "epoll_pwait2: ended before 200 us"),
	      NUMBER_OR_NONE("pwait2OverUs", "epoll_pwait2: us beyond 200 us, median"),
      });
