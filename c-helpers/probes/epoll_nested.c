/* epoll_nested - an epoll set in another: how it is reported, how deep, and in a circle. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

enum { DEPTH_MAX = 16 };

static void run(void)
{
	int inner = epoll_open(), outer = epoll_open(), fd = eventfd(1, EFD_CLOEXEC), sets[DEPTH_MAX];
	uint64_t value;

	epoll_watch(inner, fd, EPOLLIN);
	epoll_watch(outer, inner, EPOLLIN);
	observe("outerReports", epoll_events(outer, 0));
	if (read(fd, &value, sizeof(value)) != sizeof(value))
		probe_broken("read(eventfd)");
	observe("innerDrained", epoll_events(outer, QUIET_MS));
	observe_error("loop", epoll_change(inner, EPOLL_CTL_ADD, outer, EPOLLIN));

	int depth = 1;
	sets[0] = epoll_open();
	while (depth < DEPTH_MAX) {
		sets[depth] = epoll_open();
		if (epoll_change(sets[depth], EPOLL_CTL_ADD, sets[depth - 1], EPOLLIN) != 0)
			break;
		depth++;
	}
	observe("depth", depth);
}

PROBE(.id = "epoll-nested", .title = "an epoll set in another", .run = run,
      .values = {
	      NUMBER("outerReports", "events of the outer set when the inner has one"),
	      NUMBER("innerDrained", "events of the outer set when the inner has none any more"),
	      STRING("loop", "what adding the outer to the inner answers"),
	      NUMBER("depth", "sets in the longest chain that is accepted"),
      });
