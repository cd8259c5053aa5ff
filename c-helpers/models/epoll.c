/*
 * epoll - the kernel keeps the set of descriptors and reports only those that are ready.
 *
 * Loop:    epoll_wait, then recv and send on each reported socket.
 * Kernel:  2.5.44; EPOLLONESHOT 2.6.2, EPOLLRDHUP 2.6.17, SO_REUSEPORT 3.9, EPOLLEXCLUSIVE 4.5.
 * --trigger=level    is told again and again while there is something to read. Interest changes (one
 *                    epoll_ctl) only when a slow reader makes the server owe bytes, and back.
 * --trigger=oneshot  as level, but a report disarms the socket: an epoll_ctl after each arms it again.
 * --trigger=edge     registers once for both directions and is told of changes only; reads until a
 *                    short read, or until EAGAIN where the event tells of a FIN, an error or urgent data,
 *                    which end a read early. No epoll_ctl after the one that adds the socket.
 * --trigger=drain    as edge, but reads until EAGAIN always, as epoll(7) says: one recv more per event.
 * --accept=one       the listener is in the one loop's set.
 * --accept=shared    it is in the set of every worker, and each connection wakes all that sleep.
 * --accept=exclusive likewise with EPOLLEXCLUSIVE: the kernel wakes one, or a few.
 * --accept=reuseport each worker has a listener; the kernel deals connections by their hash.
 * --busy-poll        a wait polls the receive queues of network cards before it sleeps (6.9).
 * Left out: one epoll set for several threads.
 * By hand: epoll --trigger=edge --port=7000; epoll --accept=exclusive --workers=4 --port=7000
 */
#include <stdlib.h>

#include "../server/echo.h"

#define EVENTS_MAX 512

/*
 * What a short read may end at before the end. epoll_wait asks the socket itself when it reports one, so
 * an event without them tells that there was none, and what comes later is another edge.
 */
#define READS_END_EARLY (EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP)

enum trigger { TRIGGER_LEVEL, TRIGGER_ONESHOT, TRIGGER_EDGE, TRIGGER_DRAIN };
enum accepting { ACCEPT_ONE, ACCEPT_SHARED, ACCEPT_EXCLUSIVE, ACCEPT_REUSEPORT };

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	bool busy_poll;
	bool edge_triggered; /* edge and drain */
	enum trigger trigger;
	enum accepting accepting;
	uint32_t drain_on; /* events with which a short read may not be the last */
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
	if (loop->trigger == TRIGGER_ONESHOT)
		event.events |= EPOLLONESHOT;
	if (sys_epoll_ctl(loop->slot, loop->ep, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl(ADD, fd %d)", fd);
}

/* alone: nothing else was reported. */
static void on_accept(struct loop *loop, bool alone)
{
	int fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK);
	if (fd == NET_NONE && alone)
		count(loop->slot, COUNT_IDLE_WAKEUPS); /* another worker was faster */
	for (; fd >= NET_REFUSED; fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK))
		if (fd >= 0)
			conn_open(loop, fd);
}

/* Level-triggered and one-shot: asks for the direction that the connection now waits for. */
static void interest(struct loop *loop, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (loop->trigger == TRIGGER_ONESHOT)
		event.events |= EPOLLONESHOT;
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
	else if (loop->trigger == TRIGGER_ONESHOT)
		interest(loop, conn->fd, EPOLLIN);
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
	else if (loop->trigger == TRIGGER_ONESHOT)
		interest(loop, conn->fd, EPOLLOUT);
}

static void on_event(struct loop *loop, const struct epoll_event *event)
{
	struct conn *conn = &loop->conns[event->data.fd];

	if (echo_owes(&conn->echo)) {
		if (event->events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			on_send(loop, conn);
	} else if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
		on_recv(loop, conn, event->events & loop->drain_on);
	}
}

static bool model_option(struct loop *loop, const char *arg)
{
	static const char *const triggers[] = {"--trigger=level", "--trigger=oneshot", "--trigger=edge",
					       "--trigger=drain"};
	static const char *const acceptings[] = {"--accept=one", "--accept=shared", "--accept=exclusive",
						 "--accept=reuseport"};

	if (!strcmp(arg, "--busy-poll")) {
		loop->busy_poll = true;
		return true;
	}
	for (int i = 0; i < 4; i++) {
		if (!strcmp(arg, triggers[i])) {
			loop->trigger = (enum trigger)i;
			return true;
		}
		if (!strcmp(arg, acceptings[i])) {
			loop->accepting = (enum accepting)i;
			return true;
		}
	}
	return false;
}

static enum sharing model_sharing(const struct loop *loop)
{
	switch (loop->accepting) {
	case ACCEPT_SHARED:
	case ACCEPT_EXCLUSIVE:
		return SHARING_LISTENER;
	case ACCEPT_REUSEPORT:
		return SHARING_PORT;
	case ACCEPT_ONE:
		break;
	}
	return SHARING_NONE;
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

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listen_fd};

	if (loop->accepting == ACCEPT_EXCLUSIVE)
		event.events |= EPOLLEXCLUSIVE;
	loop->edge_triggered = loop->trigger == TRIGGER_EDGE || loop->trigger == TRIGGER_DRAIN;
	loop->drain_on = loop->trigger == TRIGGER_DRAIN ? UINT32_MAX : READS_END_EARLY;
	loop->server = server;
	loop->slot = server->slot;
	loop->ep = epoll_create1(EPOLL_CLOEXEC);
	if (loop->ep < 0)
		die("epoll_create1");
	if (loop->busy_poll)
		net_busy_poll(loop->ep);
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	/* Level-triggered in all variants: one accept that fails for now must be reported again. */
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
				on_accept(loop, ready == 1);
			else
				on_event(loop, &events[i]);
		}
	}
}

MODEL(.name = "epoll",
      .usage = "[--trigger=level|oneshot|edge|drain] [--accept=one|shared|exclusive|reuseport] [--busy-poll]",
      .option = model_option, .sharing = model_sharing, .probe = model_probe);
