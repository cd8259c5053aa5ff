/* rcvlowat - SO_RCVLOWAT with each way to wait: whether less than it counts as readable. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "../wire/clock.h"
#include "ring.h"
#include "sockets.h"

enum { LOWAT = 10, BELOW = 5, RECV_TIMEOUT_MS = 100 };

static void open_pair(int fds[2])
{
	int lowat = LOWAT;

	tcp_pair(fds);
	if (setsockopt(fds[1], SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat)) < 0)
		probe_broken("setsockopt(SO_RCVLOWAT)");
}

static bool by_poll(int fd)
{
	struct pollfd asked = {.fd = fd, .events = POLLIN};
	return poll(&asked, 1, QUIET_MS) == 1;
}

static bool by_select(int fd)
{
	struct timeval wait = {.tv_usec = QUIET_MS * 1000};
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &wait) == 1;
}

/* Whether a blocking recv returns before its time is up. */
static bool by_recv(int fd)
{
	char buf[LOWAT];
	struct timeval limit = {.tv_usec = RECV_TIMEOUT_MS * 1000};
	uint64_t begun = now_ns();

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (recv(fd, buf, sizeof(buf), MSG_PEEK) < 0 && errno != EAGAIN)
		probe_broken("recv");
	return now_ns() - begun < RECV_TIMEOUT_MS / 2 * NS_PER_MS;
}

/* The request waits before anything comes: what is there already is taken, however little. */
static void by_ring(void)
{
	char buf[LOWAT];
	struct uring ring;
	int fds[2];

	if (ring_try(&ring, RING_ENTRIES, 0, 0) < 0)
		return;
	open_pair(fds);
	ring_rw(&ring, IORING_OP_RECV, fds[1], buf, sizeof(buf));
	ring_submit(&ring, 0);
	put(fds[0], BELOW);
	settle(fds[1], BELOW);
	bool below = ring_await(&ring, 1, QUIET_MS) > 0;
	put(fds[0], LOWAT - BELOW);
	bool at = ring_await(&ring, 1, SOON_MS) > 0;
	observe_is("uringBelow", below);
	observe_is("uringAt", at);
}

static void run(void)
{
	int fds[2], level = epoll_open(), edge = epoll_open();

	open_pair(fds);
	epoll_watch(level, fds[1], EPOLLIN);
	epoll_watch(edge, fds[1], EPOLLIN | EPOLLET);
	observe("lowat", LOWAT);
	put(fds[0], BELOW);
	settle(fds[1], BELOW);
	observe_is("pollBelow", by_poll(fds[1]));
	observe_is("selectBelow", by_select(fds[1]));
	observe_is("levelBelow", epoll_events(level, QUIET_MS) > 0);
	observe_is("edgeBelow", epoll_events(edge, QUIET_MS) > 0);
	observe_is("recvBelow", by_recv(fds[1]));
	put(fds[0], LOWAT - BELOW);
	settle(fds[1], LOWAT);
	observe_is("pollAt", by_poll(fds[1]));
	observe_is("selectAt", by_select(fds[1]));
	observe_is("levelAt", epoll_events(level, SOON_MS) > 0);
	observe_is("edgeAt", epoll_events(edge, SOON_MS) > 0);
	observe_is("recvAt", by_recv(fds[1]));
	by_ring();
}

PROBE(.id = "rcvlowat", .title = "SO_RCVLOWAT with each way to wait", .run = run,
      .values = {
	      NUMBER("lowat", "SO_RCVLOWAT, bytes"),
	      BOOLEAN("pollBelow", "poll reports fewer bytes"),
	      BOOLEAN("selectBelow", "select does"),
	      BOOLEAN("levelBelow", "epoll does"),
	      BOOLEAN("edgeBelow", "epoll with EPOLLET does"),
	      BOOLEAN("recvBelow", "a blocking recv returns with fewer"),
	      BOOLEAN_OR_NONE("uringBelow", "a waiting IORING_OP_RECV completes with fewer"),
	      BOOLEAN("pollAt", "poll reports so many bytes"),
	      BOOLEAN("selectAt", "select does"),
	      BOOLEAN("levelAt", "epoll does"),
	      BOOLEAN("edgeAt", "epoll with EPOLLET does"),
	      BOOLEAN("recvAt", "a blocking recv returns with them"),
	      BOOLEAN_OR_NONE("uringAt", "the waiting IORING_OP_RECV completes with them"),
      });
