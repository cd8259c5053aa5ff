/*
 * nonblocking - never waits: asks every socket over and over, and most answer EAGAIN.
 *
 * Loop:    accept4 until EAGAIN, then on every open connection recv until EAGAIN (a short read says
 *          the same) and send; and again, without a pause. It takes a whole CPU when nothing happens.
 * Kernel:  any; accept4 2.6.28.
 * Compact: the descriptors of the open connections, in an array without gaps.
 * Left out: every call that waits or yields. With one it would be another model.
 * By hand: nonblocking --port=7000
 */
#include "../server/echo.h"

struct conn {
	int fd;	     /* -1: closed */
	uint32_t at; /* its place in live[] */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	int *live; /* the descriptors of the open connections */
	uint32_t live_used;
};

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	loop->live[conn->at] = loop->live[--loop->live_used];
	loop->conns[loop->live[conn->at]].at = conn->at;
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	*conn = (struct conn){.fd = fd, .at = loop->live_used};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	loop->live[loop->live_used++] = fd;
}

/* True if there was one. */
static bool on_accept(struct loop *loop)
{
	bool found = false;
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED) {
		found = true;
		if (fd >= 0)
			conn_open(loop, fd);
	}
	return found;
}

/* True if there was something to read, the end of the connection included. */
static bool on_recv(struct loop *loop, struct conn *conn)
{
	bool found = false;
	enum echo_result result;
	do {
		result = echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
		found |= result != ECHO_EMPTY;
	} while (result == ECHO_MORE);

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	return found;
}

/* True if the socket took something, or broke. */
static bool on_send(struct loop *loop, struct conn *conn)
{
	uint32_t from = conn->echo.owed_from;
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (result == ECHO_MORE)
		on_recv(loop, conn);
	else
		return conn->echo.owed_from > from;
	return true;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	loop->live = net_slab(server->conns_max, sizeof(*loop->live));
}

/* One pass over all connections; returns how many had something to do. */
static uint32_t scan(struct loop *loop)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < loop->live_used;) {
		struct conn *conn = &loop->conns[loop->live[i]];
		found += echo_owes(&conn->echo) ? on_send(loop, conn) : on_recv(loop, conn);
		if (conn->fd >= 0) /* else it closed, and another stands in its place */
			i++;
	}
	return found;
}

static _Noreturn void model_serve(struct loop *loop)
{
	for (;;) {
		uint32_t found = on_accept(loop);
		found += scan(loop);
		count(loop->slot, COUNT_WAKEUPS); /* of a model that never sleeps: passes */
		if (found)
			count_add(loop->slot, COUNT_EVENTS, found);
		else
			count(loop->slot, COUNT_IDLE_WAKEUPS);
	}
}

MODEL(.name = "nonblocking");
