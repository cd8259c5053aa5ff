/*
 * epoll - the kernel keeps the set of descriptors and reports only those that are ready.
 *
 * Loop:    epoll_wait, then recv and send on each reported socket.
 * Kernel:  2.5.44; EPOLLRDHUP 2.6.17.
 * --trigger=level  is told again and again while there is something to read. Interest changes (one
 *                  epoll_ctl) only when a slow reader makes the server owe bytes, and back.
 * --trigger=edge   registers once for both directions and is told of changes only; reads until a
 *                  short read. No epoll_ctl after the one that adds the socket.
 * Left out: EPOLLONESHOT, EPOLLEXCLUSIVE (one thread needs neither), busy polling.
 * By hand: epoll --trigger=edge --port=7000
 */
#include <stdlib.h>

#include "../server/echo.h"

#define EVENTS_MAX 512

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

const char model_name[] = "epoll";
const char model_usage[] = "[--trigger=level|edge]";
const bool model_listen_nonblocking = true;

static bool edge_triggered;
static int ep;
static struct conn *conns; /* by fd */
static char *owed;	   /* one buffer per fd */
static char *scratch;

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(slot, conn->fd, broken); /* close also takes it out of the epoll set */
	conn->fd = -1;
}

static void conn_open(const struct server *server, struct counters_slot *slot, int fd)
{
	struct conn *conn = &conns[fd];
	struct epoll_event event = {.data.fd = fd};

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	event.events = edge_triggered ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
	if (sys_epoll_ctl(slot, ep, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl(ADD, fd %d)", fd);
}

static void on_accept(const struct server *server, struct counters_slot *slot)
{
	int fd;
	while ((fd = net_accept(server, slot, SOCK_NONBLOCK)) != NET_NONE)
		if (fd >= 0)
			conn_open(server, slot, fd);
}

/* Level-triggered: asks for the direction that the connection now waits for. */
static void interest(struct counters_slot *slot, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (sys_epoll_ctl(slot, ep, EPOLL_CTL_MOD, fd, &event) < 0)
		die("epoll_ctl(MOD, fd %d)", fd);
}

/* hangup: the peer's FIN is in the socket, so a short read is not the end of it. */
static void on_recv(const struct server *server, struct counters_slot *slot, struct conn *conn, bool hangup)
{
	enum echo_result result;
	do {
		result = echo_read(slot, &conn->echo, conn->fd, scratch, server->buf_bytes);
	} while (edge_triggered && (result == ECHO_MORE || (hangup && result == ECHO_SHORT)));

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(slot, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED && !edge_triggered)
		interest(slot, conn->fd, EPOLLOUT);
}

static void on_send(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(slot, conn, true);
	else if (result == ECHO_MORE && edge_triggered)
		on_recv(server, slot, conn, true); /* the edges that came meanwhile are spent */
	else if (result == ECHO_MORE)
		interest(slot, conn->fd, EPOLLIN);
}

static void on_event(const struct server *server, struct counters_slot *slot, const struct epoll_event *event)
{
	struct conn *conn = &conns[event->data.fd];

	if (echo_owes(&conn->echo)) {
		if (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			on_send(server, slot, conn);
	} else if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
		on_recv(server, slot, conn, event->events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP));
	}
}

bool model_option(const char *arg)
{
	edge_triggered = !strcmp(arg, "--trigger=edge");
	return edge_triggered || !strcmp(arg, "--trigger=level");
}

struct model_limit model_limit(void)
{
	return (struct model_limit){0};
}

enum exit_code model_probe(struct probe *probe)
{
	(void)probe;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		die("epoll_create1");
	close(fd);
	return EXIT_SERVED;
}

void model_prepare(const struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listen_fd};

	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		die("epoll_create1");
	conns = net_slab(server->fds_max, sizeof(*conns));
	owed = net_slab(server->fds_max, server->buf_bytes);
	scratch = net_slab(1, server->buf_bytes);
	/* Level-triggered in both variants: one accept that fails for now must be reported again. */
	if (epoll_ctl(ep, EPOLL_CTL_ADD, server->listen_fd, &event) < 0)
		die("epoll_ctl(ADD, listener)");
}

_Noreturn void model_serve(const struct server *server)
{
	static struct epoll_event events[EVENTS_MAX];
	struct counters_slot *slot = counters_slot(0);

	for (;;) {
		int ready = sys_epoll_wait(slot, ep, events, EVENTS_MAX);
		if (ready < 0 && errno != EINTR)
			die("epoll_wait");
		count(slot, COUNT_WAKEUPS);
		for (int i = 0; i < ready; i++) {
			count(slot, COUNT_EVENTS);
			if (events[i].data.fd == server->listen_fd)
				on_accept(server, slot);
			else
				on_event(server, slot, &events[i]);
		}
	}
}
