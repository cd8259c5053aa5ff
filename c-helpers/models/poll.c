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

const char model_name[] = "poll";
const char model_usage[] = "";
const bool model_listen_nonblocking = true;

static struct conn *conns; /* by fd */
static char *owed;	   /* one buffer per fd */
static char *scratch;
static struct pollfd *entries; /* the listener first */
static uint32_t entries_used;

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	entries[conn->at] = entries[--entries_used]; /* with its revents: they may be still to serve */
	conns[entries[conn->at].fd].at = conn->at;
	net_close(slot, conn->fd, broken);
	conn->fd = -1;
}

static void conn_open(const struct server *server, struct counters_slot *slot, int fd)
{
	struct conn *conn = &conns[fd];

	(void)slot;
	*conn = (struct conn){.fd = fd, .at = entries_used};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	entries[entries_used++] = (struct pollfd){.fd = fd, .events = POLLIN};
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

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(slot, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		entries[conn->at].events = POLLOUT;
}

static void on_send(struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);

	if (result == ECHO_BROKEN)
		conn_close(slot, conn, true);
	else if (result == ECHO_MORE)
		entries[conn->at].events = POLLIN;
}

static void on_event(const struct server *server, struct counters_slot *slot, const struct pollfd *entry)
{
	count(slot, COUNT_EVENTS);
	if (entry->revents & POLLNVAL)
		die_because("poll: descriptor %d is not open", entry->fd);
	if (entry->fd == server->listen_fd)
		on_accept(server, slot);
	else if (echo_owes(&conns[entry->fd].echo))
		on_send(slot, &conns[entry->fd]);
	else
		on_recv(server, slot, &conns[entry->fd]);
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
	entries = net_slab((size_t)server->conns_max + 1, sizeof(*entries));
	entries[entries_used++] = (struct pollfd){.fd = server->listen_fd, .events = POLLIN};
}

/* A connection that closes leaves another entry in its place, so the walk stays there. */
static void scan(const struct server *server, struct counters_slot *slot, int ready)
{
	for (uint32_t i = 0; ready > 0;) {
		int fd = entries[i].fd;
		if (entries[i].revents) {
			on_event(server, slot, &entries[i]);
			ready--;
		}
		if (entries[i].fd == fd)
			i++;
	}
}

_Noreturn void model_serve(const struct server *server)
{
	struct counters_slot *slot = counters_slot(0);

	for (;;) {
		int ready = sys_poll(slot, entries, entries_used, -1);
		if (ready < 0 && errno != EINTR)
			die("poll(%u entries)", entries_used);
		count(slot, COUNT_WAKEUPS);
		if (ready > 0)
			scan(server, slot, ready);
		else
			count(slot, COUNT_IDLE_WAKEUPS);
	}
}
