/*
 * poll_guide - the guide's "poll: array of pollfd structs" (chapter 2), with its mistakes; the row poll shows
 * the same mechanism without them.
 *
 * Loop:    poll with a timeout of 5 s, then read and write on each entry that came back with events.
 * Kernel:  any.
 * As there: the array of 16, the walk over all entries, the events asked and tested for, the buffer of 4096
 *          bytes; connections are O_NONBLOCK, which is what the chapter is about.
 * Mistakes kept:
 *  - An interrupted poll ends the loop, and with it the server.
 *  - The array holds 15 connections beside the listener. The harness refuses the others.
 *  - EAGAIN is known of read alone: what a full socket does not take is lost.
 *  - SIGPIPE is not ignored: a client that resets its connection ends the server.
 * Finished: handle() accepts on the listener, adds an entry for each connection and takes it away at its end;
 *          a failed accept is passed over.
 * Left out: POLLNVAL, as there.
 * By hand: poll_guide --port=7000
 */
#include "../server/guide.h"

#define FDS 16
#define TIMEOUT_MS 5000
#define BUF_BYTES 4096

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct pollfd fds[FDS]; /* the listener first */
	nfds_t fds_used;
};

static void on_accept(struct loop *loop)
{
	int conn_fd = guide_accept(loop->slot, loop->server->listen_fd);

	if (conn_fd < 0 || !net_admit(loop->server, loop->slot, conn_fd))
		return;
	(void)sys_fcntl(loop->slot, conn_fd, F_SETFL, O_NONBLOCK);
	loop->fds[loop->fds_used++] = (struct pollfd){.fd = conn_fd, .events = POLLIN};
}

/* False: the connection is over. */
static bool echo(struct loop *loop, int fd)
{
	char buf[BUF_BYTES];
	ssize_t n = guide_read(loop->slot, fd, buf, sizeof(buf));

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0) {
		guide_close(loop->slot, fd, n < 0);
		return false;
	}
	guide_write(loop->slot, fd, buf, (size_t)n);
	return true;
}

static void handle(struct loop *loop, nfds_t i)
{
	count(loop->slot, COUNT_EVENTS);
	if (loop->fds[i].fd == loop->server->listen_fd)
		on_accept(loop);
	else if (!echo(loop, loop->fds[i].fd))
		loop->fds[i] = loop->fds[--loop->fds_used];
}

static struct model_limit model_limit(void)
{
	return (struct model_limit){.conns = FDS - 1, .name = "the guide's array of pollfd", .value = FDS};
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->fds[loop->fds_used++] = (struct pollfd){.fd = server->listen_fd, .events = POLLIN};
	guide_leave_signals();
}

static void model_serve(struct loop *loop)
{
	struct pollfd *fds = loop->fds;

	guide_keep_sigpipe(loop->slot);
	for (;;) {
		int n = sys_poll(loop->slot, fds, loop->fds_used, TIMEOUT_MS);
		count(loop->slot, COUNT_WAKEUPS);
		if (n < 0)
			break;
		if (n == 0)
			continue;
		for (nfds_t i = 0; i < loop->fds_used; i++)
			if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
				handle(loop, i);
	}
}

MODEL(.name = "poll_guide", .limit = model_limit);
