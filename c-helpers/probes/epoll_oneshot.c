/* epoll_oneshot - EPOLLONESHOT, alone and with EPOLLET: disabled after an event, not removed, re-armed by
 * MOD. */
#include <sys/epoll.h>

#include "probe.h"
#include "sockets.h"

struct seen {
	int first, again, fresh, add_error, mod;
};

static struct seen look(uint32_t events)
{
	struct seen seen;
	int fds[2], ep = epoll_open();

	tcp_pair(fds);
	epoll_watch(ep, fds[1], events);
	put(fds[0], 1);
	settle(fds[1], 1);
	seen.first = epoll_events(ep, SOON_MS);
	seen.again = epoll_events(ep, QUIET_MS);
	put(fds[0], 1);
	settle(fds[1], 2);
	seen.fresh = epoll_events(ep, QUIET_MS);
	seen.add_error = epoll_change(ep, EPOLL_CTL_ADD, fds[1], events);
	if (epoll_change(ep, EPOLL_CTL_MOD, fds[1], events) != 0)
		probe_odd("EPOLL_CTL_MOD fails");
	seen.mod = epoll_events(ep, SOON_MS);
	return seen;
}

static void run(void)
{
	struct seen level = look(EPOLLIN | EPOLLONESHOT), edge = look(EPOLLIN | EPOLLET | EPOLLONESHOT);

	observe("first", level.first);
	observe("again", level.again);
	observe("newData", level.fresh);
	observe_error("addAgain", level.add_error);
	observe("afterMod", level.mod);
	observe("edgeFirst", edge.first);
	observe("edgeNewData", edge.fresh);
	observe("edgeAfterMod", edge.mod);
}

PROBE(.id = "epoll-oneshot", .title = "EPOLLONESHOT: disabled or removed, and re-armed", .run = run,
      .values = {
	      NUMBER("first", "events of the first data"),
	      NUMBER("again", "events of the next wait, unread"),
	      NUMBER("newData", "events of new data while disabled"),
	      STRING("addAgain", "what a second EPOLL_CTL_ADD answers"),
	      NUMBER("afterMod", "events after EPOLL_CTL_MOD, with data unread"),
	      NUMBER("edgeFirst", "with EPOLLET: events of the first data"),
	      NUMBER("edgeNewData", "with EPOLLET: events of new data while disabled"),
	      NUMBER("edgeAfterMod", "with EPOLLET: events after EPOLL_CTL_MOD, with data unread"),
      });
