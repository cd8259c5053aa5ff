/* epoll_listener_edge - an edge-triggered listener from which one of several waiting connections is accepted.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

enum { PENDING = 10, BACKLOG = 64 };

static int listen_with(int ep, uint32_t trigger, struct sockaddr_in *address)
{
	int listener = tcp_listen(SOCK_NONBLOCK, BACKLOG, address);

	epoll_watch(ep, listener, EPOLLIN | trigger);
	for (int i = 0; i < PENDING; i++)
		tcp_connect(address);
	if (!settle_accepts(listener, PENDING))
		probe_odd("connections are not queued");
	return listener;
}

static void accept_one(int listener)
{
	if (accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
		probe_broken("accept4");
}

static void run(void)
{
	struct sockaddr_in address;
	int ep = epoll_open(), acceptable = 0;
	int listener = listen_with(ep, EPOLLET, &address);

	observe("pending", PENDING);
	observe("firstWait", epoll_events(ep, SOON_MS));
	accept_one(listener);
	observe("secondWait", epoll_events(ep, 5 * QUIET_MS));
	tcp_connect(&address);
	observe("laterWait", epoll_events(ep, SOON_MS));
	if (!settle_accepts(listener, PENDING))
		probe_odd("a later connection is not queued");
	while (accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0)
		acceptable++;
	observe("acceptable", acceptable);

	int level = epoll_open();
	listener = listen_with(level, 0, &address);
	if (epoll_events(level, SOON_MS) != 1)
		probe_odd("a level-triggered listener is not reported");
	accept_one(listener);
	observe("levelSecondWait", epoll_events(level, SOON_MS));
}

PROBE(.id = "epoll-listener-edge", .title = "an edge-triggered listener without an accept loop", .run = run,
      .values = {
	      NUMBER("pending", "connections that wait before the first wait"),
	      NUMBER("firstWait", "events of the first wait"),
	      NUMBER("secondWait", "events of the next, after one was accepted"),
	      NUMBER("laterWait", "events after one more connected"),
	      NUMBER("acceptable", "connections that could still be accepted then"),
	      NUMBER("levelSecondWait", "level-triggered: events after one was accepted"),
      });
