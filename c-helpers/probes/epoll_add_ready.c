/* epoll_add_ready - a descriptor that is ready before it is added or changed is reported at once. */
#include <sys/epoll.h>

#include "probe.h"
#include "sockets.h"

static int ready_fd(void)
{
	int fds[2];

	unix_pair(fds);
	put(fds[0], 1);
	return fds[1];
}

static int after_add(uint32_t trigger)
{
	int ep = epoll_open();

	epoll_watch(ep, ready_fd(), EPOLLIN | trigger);
	return epoll_events(ep, 0);
}

static int after_mod(uint32_t trigger)
{
	int ep = epoll_open(), fd = ready_fd();

	epoll_watch(ep, fd, trigger);
	if (epoll_events(ep, 0) != 0)
		probe_odd("events come that nobody asked for");
	if (epoll_change(ep, EPOLL_CTL_MOD, fd, EPOLLIN | trigger) != 0)
		probe_odd("EPOLL_CTL_MOD fails");
	return epoll_events(ep, 0);
}

static void run(void)
{
	observe("addLevel", after_add(0));
	observe("addEdge", after_add(EPOLLET));
	observe("modLevel", after_mod(0));
	observe("modEdge", after_mod(EPOLLET));
}

PROBE(.id = "epoll-add-ready", .title = "epoll_ctl looks at once whether the descriptor is ready", .run = run,
      .values = {
	      NUMBER("addLevel", "events of the wait after ADD of a readable socket"),
	      NUMBER("addEdge", "the same with EPOLLET"),
	      NUMBER("modLevel", "events of the wait after MOD asks for input that is there"),
	      NUMBER("modEdge", "the same with EPOLLET"),
      });
