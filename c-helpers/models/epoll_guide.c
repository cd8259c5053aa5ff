/*
 * epoll_guide - the guide's "Three System Calls: create, control, wait" (chapter 3), with its mistakes; the
 * row epoll-et shows the same mechanism without them.
 *
 * Loop:    epoll_wait, then accept until it fails, or read and write until read fails.
 * Kernel:  2.6.27 (epoll_create1).
 * As there: edge-triggered listener and connections, 64 events, the buffer of 4096 bytes.
 * --sockets=blocking     what accept gives as it is called there. The second read of a connection sleeps
 *                        until its next bytes come, and everybody else waits: it serves one at a time.
 * --sockets=nonblocking  what "drain the connection until EAGAIN" needs. EAGAIN is then taken for the end:
 *                        every connection is closed after its first bytes.
 * Mistakes kept:
 *  - Those two, one or the other.
 *  - Any error of accept ends the accepting, and no edge comes again for who is waiting.
 *  - write is not checked, nor is epoll_ctl.
 *  - SIGPIPE is not ignored: a client that resets its connection ends the server.
 * Finished: the listener is O_NONBLOCK, or the loop of accepts would never end.
 * Left out: EPOLLOUT, EPOLLERR, as there.
 * By hand: epoll_guide --sockets=blocking --port=7000
 */
#include <string.h>

#include "../server/guide.h"

#define EVENTS_MAX 64
#define BUF_BYTES 4096

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	bool nonblocking;
	int ep;
};

static void on_accept(struct loop *loop)
{
	for (;;) {
		int cfd = guide_accept(loop->slot, loop->server->listen_fd);
		if (cfd < 0)
			break;
		if (!net_admit(loop->server, loop->slot, cfd))
			continue;
		if (loop->nonblocking)
			(void)sys_fcntl(loop->slot, cfd, F_SETFL, O_NONBLOCK);
		struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = cfd};
		(void)sys_epoll_ctl(loop->slot, loop->ep, EPOLL_CTL_ADD, cfd, &event);
	}
}

static void on_readable(struct loop *loop, int fd)
{
	char buf[BUF_BYTES];

	for (;;) {
		ssize_t r = guide_read(loop->slot, fd, buf, sizeof(buf));
		if (r <= 0) {
			guide_close(loop->slot, fd, r < 0 && errno != EAGAIN);
			break;
		}
		guide_write(loop->slot, fd, buf, (size_t)r);
	}
}

static bool model_option(struct loop *loop, const char *arg)
{
	loop->nonblocking = !strcmp(arg, "--sockets=nonblocking");
	return loop->nonblocking || !strcmp(arg, "--sockets=blocking");
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = server->listen_fd};

	loop->server = server;
	loop->slot = server->slot;
	loop->ep = epoll_create1(EPOLL_CLOEXEC);
	if (loop->ep < 0)
		die("epoll_create1");
	if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, server->listen_fd, &event) < 0)
		die("epoll_ctl(ADD, listener)");
	guide_leave_signals();
}

static void model_serve(struct loop *loop)
{
	struct epoll_event events[EVENTS_MAX];

	guide_keep_sigpipe(loop->slot);
	for (;;) {
		int n = sys_epoll_wait(loop->slot, loop->ep, events, EVENTS_MAX);
		count(loop->slot, COUNT_WAKEUPS);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			uint32_t e = events[i].events;

			count(loop->slot, COUNT_EVENTS);
			if (fd == loop->server->listen_fd && (e & EPOLLIN))
				on_accept(loop);
			else if (e & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
				on_readable(loop, fd);
		}
	}
}

MODEL(.name = "epoll_guide", .usage = "[--sockets=blocking|nonblocking]", .option = model_option);
