/*
 * io_uring_epoll_wait - an epoll set that is waited for through the ring.
 *
 * Loop:    io_uring_enter (submits one IORING_OP_EPOLL_WAIT, waits for its result), then recv and send on
 *          each socket that the result names. Otherwise as epoll.c --trigger=level, and to be held against
 *          it: what differs is the wait alone.
 * Kernel:  6.15.
 * --taskrun=auto|default|coop|defer  when the kernel completes requests; auto: defer, coop or default.
 * Left out: other requests in the same ring, which is what the operation is for: a program that has an epoll
 *          set and moves to io_uring step by step waits for both in one place.
 * By hand: io_uring_epoll_wait --port=7000
 *
 * Measured in pairs beside epoll, level-triggered, 64 B: 7 % more CPU with 1 connection, 2 % with 64, no
 * difference to be seen with 500. The request looks at the set, finds nothing, is queued at the set as at
 * any pollable file, and looks again when that wakes it.
 */
#include "../server/uring_serve.h"

#define EVENTS_MAX 512
/* There is one request at a time. */
#define RING_ENTRIES 2u

struct conn {
	int fd; /* -1: closed */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct uring_wants wants;
	struct uring ring;
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
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
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

/* Asks for the direction that the connection now waits for. */
static void interest(struct loop *loop, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (sys_epoll_ctl(loop->slot, loop->ep, EPOLL_CTL_MOD, fd, &event) < 0)
		die("epoll_ctl(MOD, fd %d)", fd);
}

static void on_recv(struct loop *loop, struct conn *conn)
{
	enum echo_result result =
		echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		interest(loop, conn->fd, EPOLLOUT);
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (result == ECHO_MORE)
		interest(loop, conn->fd, EPOLLIN);
}

static void on_event(struct loop *loop, const struct epoll_event *event)
{
	struct conn *conn = &loop->conns[event->data.fd];

	count(loop->slot, COUNT_EVENTS);
	if (event->data.fd == loop->server->listen_fd)
		on_accept(loop);
	else if (echo_owes(&conn->echo))
		on_send(loop, conn);
	else
		on_recv(loop, conn);
}

static bool model_option(struct loop *loop, const char *arg)
{
	return strcmp(arg, "--sqpoll") && uring_option(&loop->wants, arg);
}

static bool knows_epoll_wait(const struct uring *ring)
{
	union uring_ops known;
	return uring_ask_ops(ring, &known) == 0 && uring_knows(&known, IORING_OP_EPOLL_WAIT);
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	(void)server;
	loop->wants.sq_entries = loop->wants.cq_entries = RING_ENTRIES;
	return uring_probe(&loop->wants, probe);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = server->listen_fd};

	loop->server = server;
	loop->slot = server->slot;
	loop->wants.sq_entries = loop->wants.cq_entries = RING_ENTRIES;
	uring_open_or_die(&loop->ring, &loop->wants);
	if (!knows_epoll_wait(&loop->ring))
		die_unsupported("kernel's io_uring has no IORING_OP_EPOLL_WAIT (6.15)");
	loop->ep = epoll_create1(EPOLL_CLOEXEC);
	if (loop->ep < 0)
		die("epoll_create1");
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	if (epoll_ctl(loop->ep, EPOLL_CTL_ADD, server->listen_fd, &event) < 0)
		die("epoll_ctl(ADD, listener)");
}

static void queue_wait(struct loop *loop)
{
	struct io_uring_sqe *sqe = uring_queue(&loop->ring, IORING_OP_EPOLL_WAIT, loop->ep, 0);
	sqe->addr = (uint64_t)(uintptr_t)loop->events;
	sqe->len = EVENTS_MAX;
}

/* Returns how many events there are; 0 where the wait was interrupted. */
static int wait_for_events(struct loop *loop)
{
	uring_submit_or_die(&loop->ring, loop->slot, 1);
	count(loop->slot, COUNT_WAKEUPS);
	if (!uring_ready(&loop->ring)) {
		count(loop->slot, COUNT_IDLE_WAKEUPS);
		return 0;
	}
	int result = uring_cqe(&loop->ring)->res;
	queue_wait(loop);
	if (result >= 0)
		return result;
	if (result != -EINTR && result != -EAGAIN) {
		errno = -result;
		die("epoll_wait in io_uring");
	}
	return 0;
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_wait(loop);
	for (;;) {
		int ready = wait_for_events(loop);
		for (int i = 0; i < ready; i++)
			on_event(loop, &loop->events[i]);
	}
}

MODEL(.name = "io_uring_epoll_wait", .usage = "[--taskrun=auto|default|coop|defer]", .option = model_option,
      .probe = model_probe);
