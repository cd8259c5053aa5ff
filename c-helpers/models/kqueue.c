/*
 * kqueue - the BSDs' interface, by libkqueue: a library that makes it out of epoll.
 *
 * Loop:    kevent, then recv and send on each reported socket. A kevent is what the library makes of it:
 *          an epoll_wait, and for each event of a socket an ioctl that asks how much there is to read.
 *          Sockets are registered once, level-triggered; two changes (one kevent call) only when a slow
 *          reader makes the server owe bytes, and back.
 * Kernel:  2.6.27 (signalfd, eventfd), with libkqueue 2.x.
 * Left out: EV_CLEAR and EV_DISPATCH, changes in the call that waits (libkqueue takes them apart into the
 *          same calls), every other filter.
 * By hand: kqueue --port=7000
 *
 * The library's own calls are not counted: they are made where no counter is. A descriptor is taken out
 * (EV_DELETE) before it is closed, which the BSDs do by themselves: libkqueue knows its sockets by their
 * numbers, and adding a number that it still has fails.
 *
 * Measured in pairs beside epoll, level-triggered, 64 B: 6 % more CPU with 1 connection, 10 % with 64 and
 * 12 % with 500: the ioctl, and the library's own work per event.
 */
#include <sys/event.h>

#include "../server/echo.h"

#define EVENTS_MAX 512

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	int kq;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	struct kevent events[EVENTS_MAX];
};

static void change(struct loop *loop, const struct kevent *changes, int n)
{
	if (kevent(loop->kq, changes, n, NULL, 0, NULL) < 0)
		die("kevent(%d changes, fd %d)", n, (int)changes[0].ident);
}

/* Of the direction that the connection waits for, the only filter that it has. */
static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	struct kevent event;

	if (conn->fd < 0)
		return;
	EV_SET(&event, conn->fd, echo_owes(&conn->echo) ? EVFILT_WRITE : EVFILT_READ, EV_DELETE, 0, 0, NULL);
	change(loop, &event, 1);
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct kevent event;

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	EV_SET(&event, fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
	change(loop, &event, 1);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
}

/* Asks for the direction that the connection now waits for, and no more for the other. */
static void interest(struct loop *loop, int fd, short to, short from)
{
	struct kevent events[2];

	EV_SET(&events[0], fd, from, EV_DELETE, 0, 0, NULL);
	EV_SET(&events[1], fd, to, EV_ADD, 0, 0, NULL);
	change(loop, events, 2);
}

static void on_recv(struct loop *loop, struct conn *conn)
{
	enum echo_result result =
		echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		interest(loop, conn->fd, EVFILT_WRITE, EVFILT_READ);
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (result == ECHO_MORE)
		interest(loop, conn->fd, EVFILT_READ, EVFILT_WRITE);
}

static void on_event(struct loop *loop, const struct kevent *event)
{
	struct conn *conn = &loop->conns[event->ident];

	count(loop->slot, COUNT_EVENTS);
	if ((int)event->ident == loop->server->listen_fd)
		on_accept(loop);
	else if (conn->fd < 0)
		return; /* one event of two, and the other closed it */
	else if (event->filter == EVFILT_WRITE)
		on_send(loop, conn);
	else if (!echo_owes(&conn->echo))
		on_recv(loop, conn);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct kevent event;

	loop->server = server;
	loop->slot = server->slot;
	loop->kq = kqueue();
	if (loop->kq < 0)
		die("kqueue");
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	for (uint32_t fd = 0; fd < server->fds_max; fd++)
		loop->conns[fd].fd = -1;
	EV_SET(&event, server->listen_fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
	change(loop, &event, 1);
}

static _Noreturn void model_serve(struct loop *loop)
{
	for (;;) {
		int ready = kevent(loop->kq, NULL, 0, loop->events, EVENTS_MAX, NULL);
		if (ready < 0 && errno != EINTR)
			die("kevent(wait)");
		count(loop->slot, COUNT_WAKEUPS);
		if (ready <= 0)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		for (int i = 0; i < ready; i++)
			on_event(loop, &loop->events[i]);
	}
}

MODEL(.name = "kqueue");
