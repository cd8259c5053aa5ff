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

const char model_name[] = "select";
const char model_usage[] = "";
const bool model_listen_nonblocking = true;

static struct conn *conns; /* by fd */
static char *owed;	   /* one buffer per fd */
static char *scratch;
static fd_set want_in, want_out; /* what the next call asks for */
static int fds_end;		 /* one more than the highest descriptor in them */
static uint32_t owing;		 /* how many are in want_out */

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	if (FD_ISSET(conn->fd, &want_out))
		owing--;
	FD_CLR(conn->fd, &want_in);
	FD_CLR(conn->fd, &want_out);
	while (!FD_ISSET(fds_end - 1, &want_in) && !FD_ISSET(fds_end - 1, &want_out))
		fds_end--; /* ends at the listener */
	net_close(slot, conn->fd, broken);
	conn->fd = -1;
}

/* Descriptors that the process inherited may push one over the end of the sets. */
static void refuse(struct counters_slot *slot, int fd)
{
	static bool said;
	if (!said)
		fprintf(stderr, "%s: refusing descriptors over FD_SETSIZE (%d); counted as refused\n",
			model_name, FD_SETSIZE);
	said = true;
	count(slot, COUNT_REFUSED);
	net_close(slot, fd, false);
}

static void conn_open(const struct server *server, struct counters_slot *slot, int fd)
{
	struct conn *conn = &conns[fd];

	if (fd >= FD_SETSIZE) {
		refuse(slot, fd);
		return;
	}
	*conn = (struct conn){.fd = fd};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	FD_SET(fd, &want_in);
	if (fd >= fds_end)
		fds_end = fd + 1;
}

static void on_accept(const struct server *server, struct counters_slot *slot)
{
	int fd;
	while ((fd = net_accept(server, slot, SOCK_NONBLOCK)) != NET_NONE)
		if (fd >= 0)
			conn_open(server, slot, fd);
}

static void on_recv(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_read(slot, &conn->echo, conn->fd, scratch, server->buf_bytes);

	if (result == ECHO_CLOSED || result == ECHO_BROKEN) {
		conn_close(slot, conn, result == ECHO_BROKEN);
	} else if (result == ECHO_OWED) {
		FD_CLR(conn->fd, &want_in);
		FD_SET(conn->fd, &want_out);
		owing++;
	}
}

static void on_send(struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN) {
		conn_close(slot, conn, true);
	} else if (result == ECHO_MORE) {
		FD_CLR(conn->fd, &want_out);
		FD_SET(conn->fd, &want_in);
		owing--;
	}
}

static void on_event(const struct server *server, struct counters_slot *slot, int fd)
{
	count(slot, COUNT_EVENTS);
	if (fd == server->listen_fd)
		on_accept(server, slot);
	else if (echo_owes(&conns[fd].echo))
		on_send(slot, &conns[fd]);
	else
		on_recv(server, slot, &conns[fd]);
}

bool model_option(const char *arg)
{
	(void)arg;
	return false;
}

struct model_limit model_limit(void)
{
	return (struct model_limit){.conns = CONNS_LIMIT, .name = "FD_SETSIZE"};
}

enum exit_code model_probe(struct probe *probe)
{
	(void)probe;
	return EXIT_SERVED;
}

void model_prepare(const struct server *server)
{
	conns = net_slab(server->fds_max, sizeof(*conns));
	owed = net_slab(server->fds_max, server->buf_bytes);
	scratch = net_slab(1, server->buf_bytes);
	if (server->listen_fd >= FD_SETSIZE)
		die_usage("the listener's descriptor %d is over FD_SETSIZE (%d)", server->listen_fd,
			  FD_SETSIZE);
	FD_SET(server->listen_fd, &want_in);
	fds_end = server->listen_fd + 1;
}

/* Visits the ready descriptors a word of the bitmaps at a time, and no word after the last of them. */
static void scan(const struct server *server, struct counters_slot *slot, const fd_set *in, const fd_set *out,
		 int ready)
{
	for (int word = 0; ready > 0; word++) {
		unsigned long bits = (unsigned long)in->fds_bits[word];
		if (out)
			bits |= (unsigned long)out->fds_bits[word];
		for (; bits; bits &= bits - 1, ready--) /* a descriptor is in one set only */
			on_event(server, slot, word * NFDBITS + __builtin_ctzl(bits));
	}
}

_Noreturn void model_serve(const struct server *server)
{
	struct counters_slot *slot = counters_slot(0);

	for (;;) {
		fd_set in = want_in, out = want_out;
		fd_set *asked_out = owing ? &out : NULL;
		int ready = sys_select(slot, fds_end, &in, asked_out);
		if (ready < 0 && errno != EINTR)
			die("select(%d)", fds_end);
		count(slot, COUNT_WAKEUPS);
		if (ready > 0)
			scan(server, slot, &in, asked_out, ready);
		else
			count(slot, COUNT_IDLE_WAKEUPS);
	}
}
