/*
 * epoll - the kernel keeps the set of descriptors and reports only those that are ready.
 *
 * Loop:    epoll_wait, then recv and send on each reported socket.
 * Kernel:  2.5.44; EPOLLRDHUP 2.6.17.
 * --trigger=level  is told again and again while there is something to read. Interest changes (one
 *                  epoll_ctl) only when a slow reader makes the server owe bytes, and back.
 * --trigger=edge   registers once for both directions and is told of changes only; reads until a
 *                  short read, or until EAGAIN where the event tells of a FIN, an error or urgent data,
 *                  which end a read early. No epoll_ctl after the one that adds the socket.
 * --busy-poll      a wait polls the queues of the network cards that packets came by, before it sleeps (6.9).
 * Left out: EPOLLONESHOT, EPOLLEXCLUSIVE (one thread needs neither).
 * By hand: epoll --trigger=edge --port=7000
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "../server/echo.h"
#include "../wire/uapi_later.h"

#define EVENTS_MAX 512
/* How long a wait polls the network cards, and for how many packets at a time. */
#define BUSY_POLL_US 50u
#define BUSY_POLL_BUDGET 8u

/*
 * What a short read may end at before the end. epoll_wait asks the socket itself when it reports one, so
 * an event without them tells that there was none, and what comes later is another edge.
 */
#define READS_END_EARLY (EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP)

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	bool edge_triggered;
	bool busy_poll;
	int ep;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	struct epoll_event events[EVENTS_MAX];
};

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(loop->slot, conn->fd, broken); /* close also takes it out of the epoll set */
	conn->fd = -1;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct epoll_event event = {.data.fd = fd};

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	event.events = loop->edge_triggered ? EPOLLIN | EPOLLOUT | READS_END_EARLY | EPOLLET : EPOLLIN;
	if (sys_epoll_ctl(loop->slot, loop->ep, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl(ADD, fd %d)", fd);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
}

/* Level-triggered: asks for the direction that the connection now waits for. */
static void interest(struct loop *loop, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (sys_epoll_ctl(loop->slot, loop->ep, EPOLL_CTL_MOD, fd, &event) < 0)
		die("epoll_ctl(MOD, fd %d)", fd);
}

/* drain: a short read may not be the end of it. */
static void on_recv(struct loop *loop, struct conn *conn, bool drain)
{
	enum echo_result result;
	do {
		result = echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
	} while (loop->edge_triggered && (result == ECHO_MORE || (drain && result == ECHO_SHORT)));

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED && !loop->edge_triggered)
		interest(loop, conn->fd, EPOLLOUT);
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (result == ECHO_MORE && loop->edge_triggered)
		on_recv(loop, conn, true); /* the edges that came meanwhile are spent */
	else if (result == ECHO_MORE)
		interest(loop, conn->fd, EPOLLIN);
}

static void on_event(struct loop *loop, const struct epoll_event *event)
{
	struct conn *conn = &loop->conns[event->data.fd];

	if (echo_owes(&conn->echo)) {
		if (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			on_send(loop, conn);
	} else if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
		on_recv(loop, conn, event->events & READS_END_EARLY);
	}
}

static bool model_option(struct loop *loop, const char *arg)
{
	if (!strcmp(arg, "--busy-poll")) {
		loop->busy_poll = true;
		return true;
	}
	loop->edge_triggered = !strcmp(arg, "--trigger=edge");
	return loop->edge_triggered || !strcmp(arg, "--trigger=level");
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	if (loop->busy_poll && !net_can_busy_poll(server, probe))
		return EXIT_UNSUPPORTED;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		die("epoll_create1");
	close(fd);
	return EXIT_SERVED;
}

/* Which queues: those that the sockets of the set had packets from. */
static void use_busy_poll(struct loop *loop)
{
	struct epoll_params params = {.busy_poll_usecs = BUSY_POLL_US, .busy_poll_budget = BUSY_POLL_BUDGET};
	if (ioctl(loop->ep, EPIOCSPARAMS, &params) < 0)
		die_unsupported("ioctl(EPIOCSPARAMS), of 6.9 and CONFIG_NET_RX_BUSY_POLL: %s",
				strerror(errno));
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listen_fd};

	loop->server = server;
	loop->slot = counters_slot(0);
	loop->ep = epoll_create1(EPOLL_CLOEXEC);
	if (loop->ep < 0)
		die("epoll_create1");
	if (loop->busy_poll)
		use_busy_poll(loop);
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	/* Level-triggered in both variants: one accept that fails for now must be reported again. */
	if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, server->listen_fd, &event) < 0)
		die("epoll_ctl(ADD, listener)");
}

static _Noreturn void model_serve(struct loop *loop)
{
	struct epoll_event *events = loop->events;

	for (;;) {
		int ready = sys_epoll_wait(loop->slot, loop->ep, events, EVENTS_MAX);
		if (ready < 0 && errno != EINTR)
			die("epoll_wait");
		count(loop->slot, COUNT_WAKEUPS);
		for (int i = 0; i < ready; i++) {
			count(loop->slot, COUNT_EVENTS);
			if (events[i].data.fd == loop->server->listen_fd)
				on_accept(loop);
			else
				on_event(loop, &events[i]);
		}
	}
}

MODEL(.name = "epoll", .usage = "[--trigger=level|edge] [--busy-poll]", .option = model_option,
      .probe = model_probe);
