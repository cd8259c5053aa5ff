/*
 * io_uring_poll - the ring tells which sockets are ready, plain recv and send do the I/O.
 *
 * Loop:    io_uring_enter (submits new polls, waits for a result), then recv and send on each reported
 *          socket. A multishot poll is queued once per connection: no call per request but the wait.
 * Kernel:  5.13 (multishot poll). Used where they exist: CQE_SKIP_SUCCESS 5.17, SUBMIT_ALL 5.18,
 *          COOP_TASKRUN 5.19, SINGLE_ISSUER with DEFER_TASKRUN 6.1.
 * --taskrun=auto|default|coop|defer  when the kernel completes requests; auto: defer, coop or default.
 * --napi  a wait polls the receive queues of network cards before it sleeps (6.9).
 * Left out: recv and send in the ring (io_uring.c), registered files, and SQPOLL, whose thread would have
 *          nothing to take.
 * By hand: io_uring_poll --port=7000
 *
 * A multishot poll reports changes, as an edge-triggered epoll does, but asks the socket only when several
 * came at once. Of one alone it passes on what the waker said, and TCP says of all data that it may be
 * urgent (sock_def_readable): see READS_END_EARLY and is_urgent.
 *
 * Measured in pairs beside epoll, level-triggered, 64 B: 0.98 of its CPU with 1 connection, where requests
 * in the ring pay a fixed cost for each receive and send; as much as epoll with 64 and 500.
 */
#include "../server/uring_serve.h"

/* Enough for 4,000 connections that come or go in one turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
/* How long a wait polls the network cards. */
#define NAPI_POLL_US 50u

/* What a read may end at before the end, where the socket was asked. POLLRDBAND: the waker said it, TCP never
 * does. */
#define EVENTS (POLLIN | POLLRDHUP | POLLPRI | POLLRDBAND)
#define READS_END_EARLY (POLLRDHUP | POLLERR | POLLHUP)

/* The requests. OP_READABLE is the multishot poll, OP_WRITABLE one that ends with its first report. */
enum op { OP_ACCEPT, OP_READABLE, OP_WRITABLE, OP_CANCEL, OP_CLOSE };

struct conn {
	uint32_t generation; /* of the users of this fd; see uring_tag */
	bool open;
	bool urgent; /* urgent data is ahead: a short read may end at it */
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct uring_wants wants;
	bool napi;
	struct uring ring;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
};

/* For each request alone: one accept queues a poll for every connection that waits. */
static void make_room(struct loop *loop)
{
	if (!uring_has_room(&loop->ring, 1))
		uring_make_room(&loop->ring, loop->slot, 1, 0);
}

static struct io_uring_sqe *queue_poll(struct loop *loop, enum op op, int fd, uint32_t events)
{
	make_room(loop);
	return uring_queue_poll(&loop->ring, fd, events, uring_tag(op, fd, loop->conns[fd].generation));
}

/* Reports what is there when it starts, so nothing is missed between two of them. */
static void queue_readable(struct loop *loop, int fd)
{
	queue_poll(loop, OP_READABLE, fd, EVENTS)->len = IORING_POLL_ADD_MULTI;
}

/*
 * The poll holds the socket open, so it is ended as well. Not by a POLL_REMOVE, which fails while a report
 * is on its way.
 */
static void conn_close(struct loop *loop, int fd, bool broken)
{
	struct conn *conn = &loop->conns[fd];
	if (!conn->open)
		return;
	make_room(loop);
	struct io_uring_sqe *sqe = uring_queue(&loop->ring, IORING_OP_ASYNC_CANCEL, -1,
					       uring_tag(OP_CANCEL, fd, conn->generation));
	sqe->addr = uring_tag(OP_READABLE, fd, conn->generation);
	sqe->flags = loop->ring.has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0;
	make_room(loop);
	uring_queue_close(&loop->ring, fd, uring_tag(OP_CLOSE, fd, conn->generation));
	conn->open = false;
	net_closed(loop->slot, broken);
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation), .open = true};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	queue_readable(loop, fd);
}

/* One report each: what is left when it is queued again is reported again. */
static void queue_accept(struct loop *loop)
{
	queue_poll(loop, OP_ACCEPT, loop->server->listen_fd, POLLIN);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
	queue_accept(loop);
}

/* Asks the socket itself. */
static bool is_urgent(struct loop *loop, int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLPRI};
	return sys_poll(loop->slot, &polled, 1, 0) > 0 && (polled.revents & POLLPRI);
}

/*
 * drain: a short read may not be the end of it, because the socket said so or because urgent data is ahead.
 * Urgent data comes with a report of its own, before the bytes around it: that one finds nothing to
 * read, or falls together with another, and then the socket was asked.
 */
static void on_recv(struct loop *loop, int fd, bool drain)
{
	struct conn *conn = &loop->conns[fd];
	enum echo_result result =
		echo_read(loop->slot, &conn->echo, fd, loop->scratch, loop->server->buf_bytes);
	bool ask = drain || result == ECHO_EMPTY;

	while (result == ECHO_MORE || (drain && result == ECHO_SHORT))
		result = echo_read(loop->slot, &conn->echo, fd, loop->scratch, loop->server->buf_bytes);
	if (result == ECHO_CLOSED || result == ECHO_BROKEN) {
		conn_close(loop, fd, result == ECHO_BROKEN);
		return;
	}
	if (result == ECHO_OWED)
		queue_poll(loop, OP_WRITABLE, fd, POLLOUT);
	if (ask)
		conn->urgent = is_urgent(loop, fd);
}

static void on_send(struct loop *loop, int fd)
{
	enum echo_result result = echo_flush(loop->slot, &loop->conns[fd].echo, fd);
	if (result == ECHO_BROKEN)
		conn_close(loop, fd, true);
	else if (result == ECHO_MORE)
		on_recv(loop, fd, true); /* the reports that came meanwhile are spent */
	else
		queue_poll(loop, OP_WRITABLE, fd, POLLOUT);
}

static void on_readable(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];
	uint32_t events = (uint32_t)cqe->res;

	if (cqe->res < 0) {
		errno = -cqe->res;
		die("multishot poll in io_uring (5.13), fd %d", fd);
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_readable(loop, fd);
	if (echo_owes(&conn->echo))
		return;
	bool asked = !(events & POLLRDBAND);
	on_recv(loop, fd, conn->urgent || (events & READS_END_EARLY) || (asked && (events & POLLPRI)));
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	enum op op = uring_tag_op(cqe->user_data);
	int fd = uring_tag_fd(cqe->user_data);

	count(loop->slot, COUNT_EVENTS);
	switch (op) {
	case OP_ACCEPT:
		on_accept(loop);
		return;
	case OP_CANCEL:
		return;
	case OP_CLOSE:
		uring_closed(cqe->res, fd);
		return;
	case OP_READABLE:
	case OP_WRITABLE:
		if (!loop->conns[fd].open ||
		    loop->conns[fd].generation != uring_tag_generation(cqe->user_data))
			return;
		if (op == OP_READABLE)
			on_readable(loop, fd, cqe);
		else
			on_send(loop, fd);
		return;
	}
}

static bool model_option(struct loop *loop, const char *arg)
{
	if (!strcmp(arg, "--napi")) {
		loop->napi = true;
		return true;
	}
	return strcmp(arg, "--sqpoll") && uring_option(&loop->wants, arg);
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	if (loop->napi && !net_can_busy_poll(server, probe))
		return EXIT_UNSUPPORTED;
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	return uring_probe(&loop->wants, probe);
}

/* Which queues: those that the sockets which are polled had packets from. */
static void use_napi(struct loop *loop)
{
	struct io_uring_napi napi = {.busy_poll_to = NAPI_POLL_US};
	if (syscall(SYS_io_uring_register, loop->ring.fd, IORING_REGISTER_NAPI, &napi, 1) < 0)
		die_unsupported("io_uring_register(NAPI), of 6.9 and CONFIG_NET_RX_BUSY_POLL: %s",
				strerror(errno));
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	uring_open_or_die(&loop->ring, &loop->wants);
	if (loop->napi)
		use_napi(loop);
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop);
	for (;;) {
		uring_submit_or_die(&loop->ring, loop->slot, 1);
		count(loop->slot, COUNT_WAKEUPS);
		uint32_t ready = uring_ready(&loop->ring);
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		for (; ready; ready--)
			on_event(loop, uring_cqe(&loop->ring));
	}
}

MODEL(.name = "io_uring_poll", .usage = "[--taskrun=auto|default|coop|defer] [--napi]",
      .option = model_option, .probe = model_probe);
