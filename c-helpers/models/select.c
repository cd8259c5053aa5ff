/*
 * select - the process hands the kernel two bitmaps of descriptors and gets back those that are ready.
 *
 * Loop:    pselect6 (libc's select), then recv and send on each descriptor whose bit came back.
 * Kernel:  any. Its cost grows with the highest descriptor, because both sides walk the bitmaps.
 * Compact: the sets that are asked for live from loop to loop and are copied for each call; the write
 *          set holds only connections that are owed bytes, and is left out while there is none.
 * Limit:   descriptors below FD_SETSIZE (1,024). The kernel takes longer bitmaps, fd_set does not.
 * Left out: timeouts, exceptional conditions (out-of-band data), bitmaps longer than fd_set.
 * By hand: select --port=7000
 */
#include <stdio.h>

#include "../server/echo.h"

/* stdio, the counters, the listener and net.c's spare one come first; 1,000 connections must fit. */
#define CONNS_LIMIT (FD_SETSIZE - 8)

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	fd_set want_in, want_out; /* what the next call asks for */
	int fds_end;		  /* one more than the highest descriptor in them */
	uint32_t owing;		  /* how many are in want_out */
	bool said;		  /* that something is refused or lost */
};

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	if (FD_ISSET(conn->fd, &loop->want_out))
		loop->owing--;
	FD_CLR(conn->fd, &loop->want_in);
	FD_CLR(conn->fd, &loop->want_out);
	while (!FD_ISSET(loop->fds_end - 1, &loop->want_in) && !FD_ISSET(loop->fds_end - 1, &loop->want_out))
		loop->fds_end--; /* ends at the listener */
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
}

/* Descriptors that the process inherited may push one over the end of the sets. */
static void refuse(struct loop *loop, int fd)
{
	if (!loop->said)
		fprintf(stderr, "%s: refusing descriptors over FD_SETSIZE (%d); counted as refused\n",
			model.name, FD_SETSIZE);
	loop->said = true;
	count(loop->slot, COUNT_REFUSED);
	net_close(loop->slot, fd, false);
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	if (fd >= FD_SETSIZE) {
		refuse(loop, fd);
		return;
	}
	*conn = (struct conn){.fd = fd};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	FD_SET(fd, &loop->want_in);
	if (fd >= loop->fds_end)
		loop->fds_end = fd + 1;
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
}

static void on_recv(struct loop *loop, struct conn *conn)
{
	enum echo_result result =
		echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);

	if (result == ECHO_CLOSED || result == ECHO_BROKEN) {
		conn_close(loop, conn, result == ECHO_BROKEN);
	} else if (result == ECHO_OWED) {
		FD_CLR(conn->fd, &loop->want_in);
		FD_SET(conn->fd, &loop->want_out);
		loop->owing++;
	}
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN) {
		conn_close(loop, conn, true);
	} else if (result == ECHO_MORE) {
		FD_CLR(conn->fd, &loop->want_out);
		FD_SET(conn->fd, &loop->want_in);
		loop->owing--;
	}
}

static void on_event(struct loop *loop, int fd)
{
	count(loop->slot, COUNT_EVENTS);
	if (fd == loop->server->listen_fd)
		on_accept(loop);
	else if (echo_owes(&loop->conns[fd].echo))
		on_send(loop, &loop->conns[fd]);
	else
		on_recv(loop, &loop->conns[fd]);
}

static struct model_limit model_limit(void)
{
	return (struct model_limit){.conns = CONNS_LIMIT, .name = "FD_SETSIZE", .value = FD_SETSIZE};
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	if (server->listen_fd >= FD_SETSIZE)
		die_usage("the listener's descriptor %d is over FD_SETSIZE (%d)", server->listen_fd,
			  FD_SETSIZE);
	FD_SET(server->listen_fd, &loop->want_in);
	loop->fds_end = server->listen_fd + 1;
}

/* Visits the ready descriptors a word of the bitmaps at a time, and no word after the last of them. */
static void scan(struct loop *loop, const fd_set *in, const fd_set *out, int ready)
{
	for (int word = 0; ready > 0; word++) {
		unsigned long bits = (unsigned long)in->fds_bits[word];
		if (out)
			bits |= (unsigned long)out->fds_bits[word];
		for (; bits; bits &= bits - 1, ready--) /* a descriptor is in one set only */
			on_event(loop, word * NFDBITS + __builtin_ctzl(bits));
	}
}

static _Noreturn void model_serve(struct loop *loop)
{
	for (;;) {
		fd_set in = loop->want_in, out = loop->want_out;
		fd_set *asked_out = loop->owing ? &out : NULL;
		int ready = sys_select(loop->slot, loop->fds_end, &in, asked_out);
		if (ready < 0 && errno != EINTR)
			die("select(%d)", loop->fds_end);
		count(loop->slot, COUNT_WAKEUPS);
		if (ready > 0)
			scan(loop, &in, asked_out, ready);
		else
			count(loop->slot, COUNT_IDLE_WAKEUPS);
	}
}

MODEL(.name = "select", .limit = model_limit);
