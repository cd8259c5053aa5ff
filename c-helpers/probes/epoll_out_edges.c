/* epoll_out_edges - EPOLLOUT with EPOLLET on a full socket or pipe: when it is reported, by transport. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { STEP_BYTES = 4096, TCP_SETTLE_MS = 100 };

/* Small buffers: what is sent must fit into what loopback carries at once. */
static void tcp_small(int fds[2])
{
	int bytes = 65536;

	tcp_pair(fds);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/*
 * Until nothing more goes in, also not a little later: TCP moves what it can to the other side first, and its
 * acknowledgements are delayed by up to 40 ms.
 */
static void fill(int fd, uint32_t settle_ms)
{
	static const char zeros[STEP_BYTES];
	bool moved = true;

	set_nonblocking(fd);
	while (moved) {
		moved = false;
		while (write(fd, zeros, sizeof(zeros)) > 0)
			moved = true;
		if (errno != EAGAIN)
			probe_broken("write(full)");
		pause_ms(settle_ms);
	}
}

static int drain(int ep, int fd, size_t step)
{
	int edges = 0;

	set_nonblocking(fd);
	for (int quiet = 0; quiet < 2; quiet++) {
		while (take(fd, step) > 0) {
			quiet = 0;
			if (step == STEP_BYTES)
				edges += epoll_events(ep, 0);
		}
		edges += step == STEP_BYTES ? epoll_events(ep, QUIET_MS) : 0;
		pause_ms(QUIET_MS);
	}
	return edges + epoll_events(ep, 2 * QUIET_MS);
}

static void look(const char *name, void (*open)(int fds[2]), uint32_t settle_ms)
{
	static const char *const ends[] = {"Before", "After", "Steps"};
	int seen[3], fds[2];
	char value[32];

	for (int steps = 0; steps < 2; steps++) {
		int ep = epoll_open();
		open(fds);
		fill(fds[0], settle_ms);
		epoll_watch(ep, fds[0], EPOLLOUT | EPOLLET);
		seen[0] = epoll_events(ep, QUIET_MS);
		seen[1 + steps] = drain(ep, fds[1], steps ? STEP_BYTES : 65536);
		close(fds[0]);
		close(fds[1]);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(value, sizeof(value), "%s%s", name, ends[i]);
		observe(value, seen[i]);
	}
}

static void run(void)
{
	int fds[2], ep = epoll_open();

	look("tcp", tcp_small, TCP_SETTLE_MS);
	look("unix", unix_pair, 0);
	look("pipe", pipe_pair, 0);
	unix_pair(fds);
	epoll_watch(ep, fds[0], EPOLLOUT | EPOLLET);
	observe("addWritable", epoll_events(ep, 0));
}

PROBE(.id = "epoll-out-edges", .title = "EPOLLOUT with EPOLLET on a full transport", .run = run,
      .values = {
	      NUMBER("tcpBefore", "TCP: edges before anything is read"),
	      NUMBER("tcpAfter", "TCP: edges after all was read"),
	      NUMBER("tcpSteps", "TCP: edges while it is read 4 KiB at a time, with a wait after each"),
	      NUMBER("unixBefore", "unix socket: edges before anything is read"),
	      NUMBER("unixAfter", "unix socket: edges after all was read"),
	      NUMBER("unixSteps", "unix socket: edges while it is read 4 KiB at a time"),
	      NUMBER("pipeBefore", "pipe: edges before anything is read"),
	      NUMBER("pipeAfter", "pipe: edges after all was read"),
	      NUMBER("pipeSteps", "pipe: edges while it is read 4 KiB at a time"),
	      NUMBER("addWritable", "events at ADD of a socket that is writable"),
      });
