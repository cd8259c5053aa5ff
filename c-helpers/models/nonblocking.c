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

const char model_name[] = "nonblocking";
const char model_usage[] = "";
const bool model_listen_nonblocking = true;

static struct conn *conns; /* by fd */
static char *owed;	   /* one buffer per fd */
static char *scratch;
static int *live; /* the descriptors of the open connections */
static uint32_t live_used;

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	live[conn->at] = live[--live_used];
	conns[live[conn->at]].at = conn->at;
	net_close(slot, conn->fd, broken);
	conn->fd = -1;
}

static void conn_open(const struct server *server, struct counters_slot *slot, int fd)
{
	struct conn *conn = &conns[fd];

	(void)slot;
	*conn = (struct conn){.fd = fd, .at = live_used};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	live[live_used++] = fd;
}

/* True if there was one. */
static bool on_accept(const struct server *server, struct counters_slot *slot)
{
	bool found = false;
	int fd;
	while ((fd = net_accept(server, slot, SOCK_NONBLOCK)) != NET_NONE) {
		found = true;
		if (fd >= 0)
			conn_open(server, slot, fd);
	}
	return found;
}

/* True if there was something to read, the end of the connection included. */
static bool on_recv(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	bool found = false;
	enum echo_result result;
	do {
		result = echo_read(slot, &conn->echo, conn->fd, scratch, server->buf_bytes);
		found |= result != ECHO_EMPTY;
	} while (result == ECHO_MORE);

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(slot, conn, result == ECHO_BROKEN);
	return found;
}

/* True if the socket took something, or broke. */
static bool on_send(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	uint32_t from = conn->echo.owed_from;
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN)
		conn_close(slot, conn, true);
	else if (result == ECHO_MORE)
		on_recv(server, slot, conn);
	else
		return conn->echo.owed_from > from;
	return true;
}

bool model_option(const char *arg)
{
	(void)arg;
	return false;
}

struct model_limit model_limit(void)
{
	return (struct model_limit){0};
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
	live = net_slab(server->conns_max, sizeof(*live));
}

/* One pass over all connections; returns how many had something to do. */
static uint32_t scan(const struct server *server, struct counters_slot *slot)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < live_used;) {
		struct conn *conn = &conns[live[i]];
		found += echo_owes(&conn->echo) ? on_send(server, slot, conn) : on_recv(server, slot, conn);
		if (conn->fd >= 0) /* else it closed, and another stands in its place */
			i++;
	}
	return found;
}

_Noreturn void model_serve(const struct server *server)
{
	struct counters_slot *slot = counters_slot(0);

	for (;;) {
		uint32_t found = on_accept(server, slot);
		found += scan(server, slot);
		count(slot, COUNT_WAKEUPS); /* of a model that never sleeps: passes */
		if (found)
			count_add(slot, COUNT_EVENTS, found);
		else
			count(slot, COUNT_IDLE_WAKEUPS);
	}
}
