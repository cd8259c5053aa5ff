/* epoll_key - a watch belongs to the open file and its number: what stays after close, with and without a
 * dup. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

static int ready_counter(void)
{
	int fd = eventfd(1, EFD_CLOEXEC);

	if (fd < 0)
		probe_broken("eventfd");
	return fd;
}

static void run(void)
{
	int ep = epoll_open(), fd = ready_counter();

	epoll_watch(ep, fd, EPOLLIN);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		probe_broken("fcntl(F_DUPFD_CLOEXEC)");
	close(fd);
	observe("closedWithDup", epoll_events(ep, 0));
	int other = ready_counter();
	if (dup3(other, fd, O_CLOEXEC) != fd && other != fd)
		probe_broken("dup3");
	observe_error("secondAdd", epoll_change(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	observe("watchesOfNumber", watches_of(ep, fd));

	int last = epoll_open();
	fd = ready_counter();
	epoll_watch(last, fd, EPOLLIN);
	close(fd);
	observe("closedLast", epoll_events(last, QUIET_MS));
}

PROBE(.id = "epoll-key", .title = "what a watch belongs to, and what close leaves of it", .run = run,
      .values = {
	      NUMBER("closedWithDup", "events of a descriptor that was closed while a dup of it is open"),
	      STRING("secondAdd", "what ADD of another file under the same number answers then"),
	      NUMBER("watchesOfNumber", "watches with that number in /proc/self/fdinfo"),
	      NUMBER("closedLast", "events of a descriptor that was closed without a dup"),
      });
