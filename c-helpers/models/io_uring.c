/*
 * io_uring - requests go to the kernel through one shared ring, their results come back through another.
 *
 * Loop:    io_uring_enter (submits what is queued, waits for a result), then each result queues what is
 *          next: an accept the next accept and a recv, a recv the send and, linked to it, the next recv.
 * Kernel:  5.7 (FEAT_FAST_POLL). Used where they exist: CQE_SKIP_SUCCESS 5.17, SUBMIT_ALL 5.18, POLL_FIRST
 *          and COOP_TASKRUN 5.19, SINGLE_ISSUER with DEFER_TASKRUN 6.1.
 * --taskrun=auto|default|coop|defer  when the kernel completes requests; auto: defer, coop or default.
 * --sqpoll  a kernel thread takes the requests (5.11): io_uring_enter only wakes it, or sleeps.
 * Left out: multishot, provided buffers, registered files, buffers and ring fd, zero copy.
 * Counters: the writes and bytes_out of a connection lack its last echo until the recv behind it is done,
 * but for the stats line, which asks the sockets.
 * By hand: io_uring --sqpoll --port=7000
 *
 * Why linked, to a send that posts no CQE on success: queueing the recv after the send's CQE needs twice
 * the io_uring_enter calls and a little more CPU with one connection, and a little less CPU with 200.
 * Send and recv queued at once without a link, with two buffers per connection, cost the same as linked.
 */

#include "../server/uring_serve.h"

/* Enough for 2,000 busy connections per turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
/* What one event queues at most: send and recv, or recv and accept. */
#define SQES_PER_EVENT 2

/* The requests. OP_ACCEPT is any of enum uring_accept, OP_FILLER of uring_make_room. */
enum op { OP_ACCEPT, OP_RECV, OP_SEND, OP_CLOSE, OP_FILLER };

struct conn {
	uint32_t generation;	/* of the users of this fd; see uring_tag */
	uint32_t unknown_bytes; /* what the last send was given and is not known to have sent */
	uint32_t end;		/* of the buffer: behind the last of them */
	bool open;
	struct uring_sent sent;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct uring_wants wants;
	struct uring ring;
	uint32_t spins;
	struct conn *conns; /* by fd */
	char *bufs;	    /* one per fd */
};

static struct io_uring_sqe *queue(struct loop *loop, uint8_t opcode, enum op op, int fd)
{
	return uring_queue(&loop->ring, opcode, fd, uring_tag(op, fd, loop->conns[fd].generation));
}

/* empty: the socket is known to have been empty, so poll before the first try. */
static void queue_recv(struct loop *loop, int fd, bool empty)
{
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_RECV, OP_RECV, fd);
	sqe->addr = (uint64_t)(uintptr_t)(loop->bufs + (size_t)fd * loop->server->buf_bytes);
	sqe->len = loop->server->buf_bytes;
	if (empty && loop->ring.has_poll_first)
		sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
}

/*
 * The link starts the recv when all is sent and drops it otherwise: a send of less than MSG_WAITALL asks
 * for fails, as far as links and skipped CQEs are concerned.
 */
static void queue_echo(struct loop *loop, int fd, bool empty)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_SEND, OP_SEND, fd);
	sqe->addr = (uint64_t)(uintptr_t)(loop->bufs + (size_t)fd * loop->server->buf_bytes + conn->end -
					  conn->unknown_bytes);
	sqe->len = conn->unknown_bytes;
	sqe->msg_flags = MSG_WAITALL | MSG_NOSIGNAL;
	sqe->flags = IOSQE_IO_LINK | (loop->ring.has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0);
	queue_recv(loop, fd, empty);
}

static void queue_accept(struct loop *loop, enum uring_accept next)
{
	uring_queue_accept(&loop->ring, loop->server->listen_fd, next, uring_tag(OP_ACCEPT, (int)next, 0));
}

/*
 * Nothing is in flight on the fd here: a connection has one recv, or one send with a recv behind it, and
 * it ends with the result of that.
 */
static void conn_close(struct loop *loop, int fd, bool broken)
{
	struct conn *conn = &loop->conns[fd];
	if (!conn->open)
		return;
	uring_queue_close(&loop->ring, fd, uring_tag(OP_CLOSE, fd, conn->generation));
	conn->open = false;
	net_closed(loop->slot, broken);
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation),
			      .open = true,
			      .sent = uring_sent_before(conn->sent)};
	queue_recv(loop, fd, false);
}

static void on_accept(struct loop *loop, enum uring_accept asked, int result)
{
	enum uring_accept next;
	int fd = uring_accepted(loop->server, loop->slot, asked, result, &next);
	if (fd >= 0)
		conn_open(loop, fd);
	queue_accept(loop, next);
}

static void on_recv(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	if (cqe->res == -ECANCELED)
		return; /* the send before it did not send all, and its own CQE goes on from there */
	/* All of it, for only then the recv behind it is there: a send that succeeds posts no result. */
	uring_count_sent(loop->slot, &conn->sent, &conn->unknown_bytes, conn->unknown_bytes);
	if (cqe->res > 0) {
		echo_received(loop->slot, (size_t)cqe->res);
		conn->unknown_bytes = conn->end = (uint32_t)cqe->res;
		queue_echo(loop, fd, !(cqe->flags & IORING_CQE_F_SOCK_NONEMPTY));
	} else if (cqe->res == 0) {
		conn_close(loop, fd, false);
	} else if (uring_is_transient(-cqe->res, fd, "io_uring recv")) {
		queue_recv(loop, fd, true);
	} else {
		conn_close(loop, fd, true);
	}
}

/* Comes only for sends that were short or failed, or where the kernel cannot skip CQEs. */
static void on_send(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	uring_count_sent(loop->slot, &conn->sent, &conn->unknown_bytes,
			 cqe->res < 0 ? 0 : (uint32_t)cqe->res);
	if (!conn->unknown_bytes)
		return; /* all sent, and the recv goes on */
	if (cqe->res >= 0) {
		count(loop->slot, COUNT_SHORT_WRITES);
	} else if (!uring_is_transient(-cqe->res, fd, "io_uring send")) {
		conn_close(loop, fd, true);
		return;
	}
	queue_echo(loop, fd, false);
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	enum op op = uring_tag_op(cqe->user_data);
	int fd = uring_tag_fd(cqe->user_data);

	count(loop->slot, COUNT_EVENTS);
	switch (op) {
	case OP_ACCEPT:
		on_accept(loop, (enum uring_accept)fd, cqe->res);
		return;
	case OP_FILLER:
		return;
	case OP_CLOSE:
		uring_closed(cqe->res, fd);
		return;
	case OP_RECV:
	case OP_SEND:
		if (!loop->conns[fd].open ||
		    loop->conns[fd].generation != uring_tag_generation(cqe->user_data))
			return;
		if (op == OP_RECV)
			on_recv(loop, fd, cqe);
		else
			on_send(loop, fd, cqe);
		return;
	}
}

static bool model_option(struct loop *loop, const char *arg)
{
	return uring_option(&loop->wants, arg);
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	return uring_probe(&loop->wants, probe);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	uring_open_or_die(&loop->ring, &loop->wants);
	loop->spins = uring_spins(&loop->ring, server);
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->bufs = net_slab(server->fds_max, server->buf_bytes);
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop, URING_ACCEPT_NOW);
	for (;;) {
		uring_wait(&loop->ring, loop->slot, 1, loop->spins);
		count(loop->slot, COUNT_WAKEUPS);
		/* Only those that are there now: what they queue is not kept from the kernel for long. */
		uint32_t ready = uring_ready(&loop->ring);
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		for (; ready; ready--) {
			if (!uring_has_room(&loop->ring, SQES_PER_EVENT))
				uring_make_room(&loop->ring, loop->slot, SQES_PER_EVENT,
						uring_tag(OP_FILLER, 0, 0));
			on_event(loop, uring_cqe(&loop->ring));
		}
	}
}

/* The last send of each connection may have sent all, something or nothing: its socket knows. */
static void model_stopping(struct loop *loop)
{
	uint64_t total_bytes = 0;

	for (uint32_t fd = 0; fd < loop->server->fds_max; fd++) {
		const struct conn *conn = &loop->conns[fd];
		total_bytes += uring_sent_in_all(loop->slot, &conn->sent, (int)fd,
						 conn->open ? conn->unknown_bytes : 0);
	}
	uring_sent_is(loop->slot, total_bytes);
}

/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread, and a send
 * goes on until all is sent. A non-blocking one would post -EAGAIN instead.
 */
MODEL(.name = "io_uring", .usage = "[--sqpoll] [--taskrun=auto|default|coop|defer]", .listen_blocking = true,
      .option = model_option, .probe = model_probe, .stopping = model_stopping);
