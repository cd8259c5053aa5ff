/* epoll_edge - what EPOLLET reports: unread data, half-read data, new data while the old is unread, after
 * MOD. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

struct transport {
	const char *value;
	void (*open)(int fds[2]);
	size_t bytes; /* of a write */
};

static void eventfd_pair(int fds[2])
{
	/* As a semaphore, so that one read leaves something to read. */
	fds[0] = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (fds[0] < 0)
		probe_broken("eventfd");
}

/* Two units; a read takes one. */
static void arrive(const struct transport *transport, int fds[2])
{
	uint64_t two = 2;

	if (transport->open != eventfd_pair)
		put(fds[0], 2);
	else if (write(fds[0], &two, sizeof(two)) != sizeof(two))
		probe_broken("write(eventfd)");
}

static void read_one(const struct transport *transport, int fds[2])
{
	take(fds[1], transport->open == eventfd_pair ? 8 : 1);
}

struct seen {
	int first, again, partial, fresh, mod;
};

static struct seen look(const struct transport *transport)
{
	struct seen seen;
	int fds[2], ep = epoll_open();

	transport->open(fds);
	epoll_watch(ep, fds[1], EPOLLIN | EPOLLET);
	arrive(transport, fds);
	seen.first = epoll_events(ep, SOON_MS);
	seen.again = epoll_events(ep, QUIET_MS);
	read_one(transport, fds);
	seen.partial = epoll_events(ep, QUIET_MS);
	arrive(transport, fds);
	seen.fresh = epoll_events(ep, 5 * QUIET_MS);
	if (epoll_change(ep, EPOLL_CTL_MOD, fds[1], EPOLLIN | EPOLLET) != 0)
		probe_odd("EPOLL_CTL_MOD fails");
	seen.mod = epoll_events(ep, QUIET_MS);
	return seen;
}

static int coalesced(void)
{
	int fds[2], ep = epoll_open();

	tcp_pair(fds);
	epoll_watch(ep, fds[1], EPOLLIN | EPOLLET);
	for (int i = 1; i <= 3; i++) {
		put(fds[0], 1);
		settle(fds[1], i);
	}
	return epoll_events(ep, SOON_MS) + epoll_events(ep, QUIET_MS);
}

static void run(void)
{
	static const struct transport transports[] = {
		{"newDataTcp", tcp_pair, 2},
		{"newDataUnix", unix_pair, 2},
		{"newDataPipe", pipe_pair, 2},
		{"newDataEventfd", eventfd_pair, 8},
	};
	const int count = (int)(sizeof(transports) / sizeof(transports[0]));
	struct seen all = {0};

	for (int i = 0; i < count; i++) {
		struct seen seen = look(&transports[i]);
		all.first += seen.first;
		all.again += seen.again;
		all.partial += seen.partial;
		all.fresh += seen.fresh;
		all.mod += seen.mod;
		observe_is(transports[i].value, seen.fresh > 0);
	}
	observe("transports", count);
	observe("first", all.first);
	observe("again", all.again);
	observe("afterPartialRead", all.partial);
	observe("newDataUnread", all.fresh);
	observe("afterMod", all.mod);
	observe("coalesced", coalesced());
}

PROBE(.id = "epoll-edge", .title = "edge-triggered epoll: what is an edge", .run = run,
      .values = {
	      NUMBER("transports", "kinds of descriptors that were tried: TCP, unix socket, pipe, eventfd"),
	      NUMBER("first", "of them, those that report the first data"),
	      NUMBER("again", "those that report it again in the next wait, unread"),
	      NUMBER("afterPartialRead", "those that report the rest after a part was read"),
	      NUMBER("newDataUnread", "those that report new data while older is still unread"),
	      BOOLEAN("newDataTcp", "TCP does"),
	      BOOLEAN("newDataUnix", "a unix socket does"),
	      BOOLEAN("newDataPipe", "a pipe does"),
	      BOOLEAN("newDataEventfd", "an eventfd does"),
	      NUMBER("afterMod", "those that report unread data after EPOLL_CTL_MOD"),
	      NUMBER("coalesced", "events for 3 arrivals before one wait, on TCP"),
      });
