/* epoll_ready_list - what becomes of ready descriptors that a small maxevents leaves, and of those reported.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { READY = 100, BATCH = 10, FD_MAX = 1024 };

static int open_ready(uint32_t trigger)
{
	int ep = epoll_open();

	for (int i = 0; i < READY; i++) {
		int fd = eventfd(1, EFD_CLOEXEC);
		if (fd < 0 || fd >= FD_MAX)
			probe_broken("eventfd");
		epoll_watch(ep, fd, EPOLLIN | trigger);
	}
	return ep;
}

static int wait_batch(int ep, bool seen[FD_MAX])
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(ep, events, BATCH, 0);

	if (n < 0)
		probe_broken("epoll_wait");
	for (int i = 0; i < n; i++)
		seen[events[i].data.fd] = true;
	return n;
}

static int distinct(int ep)
{
	bool seen[FD_MAX] = {false};
	int count = 0;

	for (int i = 0; i < READY / BATCH; i++)
		wait_batch(ep, seen);
	for (int fd = 0; fd < FD_MAX; fd++)
		count += seen[fd];
	return count;
}

static void run(void)
{
	bool ignored[FD_MAX];

	needs_descriptors(4 * READY);
	int level = open_ready(0), edge = open_ready(EPOLLET), other = open_ready(0);

	observe("ready", READY);
	observe("batch", BATCH);
	observe("eventsOneWait", epoll_events(other, 0));
	observe("distinctLevel", distinct(level));
	observe("nextLevel", wait_batch(level, ignored));
	observe("distinctEdge", distinct(edge));
	observe("nextEdge", wait_batch(edge, ignored));
}

PROBE(.id = "epoll-ready-list", .title = "the ready list, taken in batches", .run = run,
      .values = {
	      NUMBER("ready", "descriptors that are ready"),
	      NUMBER("batch", "maxevents of a wait"),
	      NUMBER("eventsOneWait", "events of one wait with room for all"),
	      NUMBER("distinctLevel",
		     "different descriptors that ready / batch waits report, level-triggered"),
	      NUMBER("nextLevel", "events of the wait after them, nothing read"),
	      NUMBER("distinctEdge", "different descriptors, edge-triggered"),
	      NUMBER("nextEdge", "events of the wait after them, nothing read"),
      });
