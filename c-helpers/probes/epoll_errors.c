/* epoll_errors - what epoll_ctl and epoll_wait refuse, and the size of an event. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

static void run(void)
{
	int fds[2], other[2], ep = epoll_open();
	struct epoll_event event;

	unix_pair(fds);
	unix_pair(other);
	epoll_watch(ep, fds[0], EPOLLIN);
	observe_error("addTwice", epoll_change(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN));
	observe_error("addDup", epoll_change(ep, EPOLL_CTL_ADD, fcntl(fds[0], F_DUPFD_CLOEXEC, 0), EPOLLIN));
	close(fds[1]);
	observe_error("addClosed", epoll_change(ep, EPOLL_CTL_ADD, fds[1], EPOLLIN));
	observe_error("modUnknown", epoll_change(ep, EPOLL_CTL_MOD, other[0], EPOLLIN));
	observe_error("delUnknown", epoll_change(ep, EPOLL_CTL_DEL, other[0], 0));
	observe_error("addSelf", epoll_change(ep, EPOLL_CTL_ADD, ep, EPOLLIN));
	observe_error("exclusiveOneshot",
		      epoll_change(ep, EPOLL_CTL_ADD, other[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	observe_error("exclusiveAdd", epoll_change(ep, EPOLL_CTL_ADD, other[0], EPOLLIN | EPOLLEXCLUSIVE));
	observe_error("exclusiveMod", epoll_change(ep, EPOLL_CTL_MOD, other[0], EPOLLIN | EPOLLEXCLUSIVE));
	observe_error("waitNone", epoll_wait(ep, &event, 0, 0) < 0 ? errno : 0);
	observe("eventBytes", sizeof(struct epoll_event));
}

PROBE(.id = "epoll-errors", .title = "what epoll refuses", .run = run,
      .values = {
	      STRING("addTwice", "ADD of a descriptor that is there"),
	      STRING("addDup", "ADD of a dup of it"),
	      STRING("addClosed", "ADD of a closed descriptor"),
	      STRING("modUnknown", "MOD of one that is not there"),
	      STRING("delUnknown", "DEL of one that is not there"),
	      STRING("addSelf", "ADD of the set to itself"),
	      STRING("exclusiveOneshot", "ADD with EPOLLEXCLUSIVE and EPOLLONESHOT"),
	      STRING("exclusiveAdd", "ADD with EPOLLEXCLUSIVE"),
	      STRING("exclusiveMod", "MOD with EPOLLEXCLUSIVE"),
	      STRING("waitNone", "a wait for 0 events"),
	      NUMBER("eventBytes", "bytes of struct epoll_event"),
      });
