/*
 * poll - the process hands the kernel an array of descriptors and gets it back with what is ready.
 *
 * Loop:    poll, then recv and send on each entry that came back with events.
 * Kernel:  2.2. Its cost grows with the number of connections, because both sides walk the array.
 * Compact: the array holds the listener and the open connections and nothing else; the last entry
 *          moves into the gap that a closed one leaves. An entry asks for the one direction that its
 *          connection waits for, and the walk ends with the last entry that is ready.
 * Left out: ppoll's signal mask, timeouts, POLLPRI, POLLRDHUP (recv tells of a FIN).
 * By hand: poll --port=7000
 */
#include "../server/echo.h"

struct conn {
	int fd;	     /* -1: closed */
	uint32_t at; /* its entry in entries[] */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	struct pollfd *entries; /* the listener first */
	uint32_t entries_used;
};

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	loop->entries[conn->at] =
		loop->entries[--loop->entries_used]; /* with its revents: they may be still to serve */
	loop->conns[loop->entries[conn->at].fd].at = conn->at;
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	*conn = (struct conn){.fd = fd, .at = loop->entries_used};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	loop->entries[loop->entries_used++] = (struct pollfd){.fd = fd, .events = POLLIN};
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

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		loop->entries[conn->at].events = POLLOUT;
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (result == ECHO_MORE)
		loop->entries[conn->at].events = POLLIN;
}

static void on_event(struct loop *loop, const struct pollfd *entry)
{
	count(loop->slot, COUNT_EVENTS);
	if (entry->revents & POLLNVAL)
		die_because("poll: descriptor %d is not open", entry->fd);
	if (entry->fd == loop->server->listen_fd)
		on_accept(loop);
	else if (echo_owes(&loop->conns[entry->fd].echo))
		on_send(loop, &loop->conns[entry->fd]);
	else
		on_recv(loop, &loop->conns[entry->fd]);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	loop->entries = net_slab((size_t)server->conns_max + 1, sizeof(*loop->entries));
	loop->entries[loop->entries_used++] = (struct pollfd){.fd = server->listen_fd, .events = POLLIN};
}

/* A connection that closes leaves another entry in its place, so the walk stays there. */
static void scan(struct loop *loop, int ready)
{
	for (uint32_t i = 0; ready > 0;) {
		int fd = loop->entries[i].fd;
		if (loop->entries[i].revents) {
			on_event(loop, &loop->entries[i]);
			ready--;
		}
		if (loop->entries[i].fd == fd)
			i++;
	}
}

static _Noreturn void model_serve(struct loop *loop)
{
	for (;;) {
		int ready = sys_poll(loop->slot, loop->entries, loop->entries_used, -1);
		if (ready < 0 && errno != EINTR)
			die("poll(%u entries)", loop->entries_used);
		count(loop->slot, COUNT_WAKEUPS);
		if (ready > 0)
			scan(loop, ready);
		else
			count(loop->slot, COUNT_IDLE_WAKEUPS);
	}
}

MODEL(.name = "poll");
