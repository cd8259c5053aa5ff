/*
 * io_uring_fixed - as io_uring.c, with buffers that the kernel keeps pinned.
 *
 * Loop:    io_uring_enter (submits what is queued, waits for a result), then each result queues what is
 *          next: an accept the next accept and a read, a read the write and, linked to it, the next read.
 * Kernel:  5.19 (a sparse table of buffers). Used where they exist: CQE_SKIP_SUCCESS 5.17, SUBMIT_ALL 5.18,
 *          COOP_TASKRUN 5.19, SINGLE_ISSUER with DEFER_TASKRUN 6.1.
 * --taskrun=auto|default|coop|defer  when the kernel completes requests; auto: defer, coop or default.
 * Left out: SQPOLL, registered files (--direct of io_uring_multishot.c), and IORING_OP_SEND_ZC (its --zc),
 *          the one socket operation that takes a registered buffer: recv and send take none, so sockets are
 *          read and written by IORING_OP_READ_FIXED and IORING_OP_WRITE_FIXED.
 * Counters: the writes and bytes_out of a connection lack its last echo until the read behind it is done,
 *          but for the stats line, which asks the sockets.
 * By hand: io_uring_fixed --port=7000
 *
 * A buffer is pinned from the first connection that uses it on, CHUNK_FDS at a time, and stays so: that is
 * locked memory, which RLIMIT_MEMLOCK bounds for those without CAP_IPC_LOCK.
 *
 * What a registered buffer saves is the pinning of pages by direct I/O. A socket copies, so there is nothing
 * to save; and a read knows neither POLL_FIRST nor MSG_WAITALL, so the one behind a write tries in vain
 * before it waits. Measured in pairs beside io_uring.c, 64 B: no difference to be seen.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "../server/limits.h"
#include "../server/uring_serve.h"

/* Enough for 2,000 busy connections per turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
/* What one event queues at most: send and recv, or recv and accept. */
#define SQES_PER_EVENT 2

/* Connections whose buffers are one entry of the table, and pinned together. */
#define CHUNK_FDS 16u
/* The requests. OP_ACCEPT is any of enum uring_accept. */
enum op { OP_ACCEPT, OP_RECV, OP_SEND, OP_CLOSE };

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
	struct conn *conns; /* by fd */
	char *bufs;	    /* one per fd */
	bool said;	    /* that memory could not be pinned */
	bool *pinned;	    /* by chunk */
};

static struct io_uring_sqe *queue(struct loop *loop, uint8_t opcode, enum op op, int fd)
{
	return uring_queue(&loop->ring, opcode, fd, uring_tag(op, fd, loop->conns[fd].generation));
}

static char *buf_of(const struct loop *loop, int fd)
{
	return loop->bufs + (size_t)fd * loop->server->buf_bytes;
}

static void queue_read(struct loop *loop, int fd)
{
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_READ_FIXED, OP_RECV, fd);
	sqe->addr = (uint64_t)(uintptr_t)buf_of(loop, fd);
	sqe->len = loop->server->buf_bytes;
	sqe->buf_index = (uint16_t)((uint32_t)fd / CHUNK_FDS);
}

/* The link starts the read when all is written and drops it otherwise: a short write fails, as far as that
 * goes. */
static void queue_echo(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_WRITE_FIXED, OP_SEND, fd);
	sqe->addr = (uint64_t)(uintptr_t)(buf_of(loop, fd) + conn->end - conn->unknown_bytes);
	sqe->len = conn->unknown_bytes;
	sqe->buf_index = (uint16_t)((uint32_t)fd / CHUNK_FDS);
	sqe->flags = IOSQE_IO_LINK | (loop->ring.has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0);
	queue_read(loop, fd);
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

/* One system call for the first of CHUNK_FDS connections. */
static bool pin(struct loop *loop, uint32_t chunk)
{
	size_t bytes = (size_t)CHUNK_FDS * loop->server->buf_bytes;
	struct iovec iovec = {.iov_base = loop->bufs + chunk * bytes, .iov_len = bytes};
	struct io_uring_rsrc_update2 update = {.offset = chunk, .data = (uint64_t)(uintptr_t)&iovec, .nr = 1};

	if (!loop->pinned[chunk])
		loop->pinned[chunk] =
			sys_io_uring_register(loop->slot, loop->ring.fd, IORING_REGISTER_BUFFERS_UPDATE,
					      &update, sizeof(update)) == 1;
	return loop->pinned[chunk];
}

static void say_not_pinned(struct loop *loop, int error)
{
	if (!loop->said)
		fprintf(stderr,
			"%s: closing connections: io_uring_register(BUFFERS_UPDATE): %s (RLIMIT_MEMLOCK: "
			"%llu); "
			"counted as conn_errors\n",
			model.name, strerror(error), (unsigned long long)limit_of_resource(RLIMIT_MEMLOCK));
	loop->said = true;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation),
			      .open = true,
			      .sent = uring_sent_before(conn->sent)};
	if (pin(loop, (uint32_t)fd / CHUNK_FDS)) {
		queue_read(loop, fd);
		return;
	}
	say_not_pinned(loop, errno);
	conn_close(loop, fd, true);
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
		queue_echo(loop, fd);
	} else if (cqe->res == 0) {
		conn_close(loop, fd, false);
	} else if (uring_is_transient(-cqe->res, fd, "io_uring read")) {
		queue_read(loop, fd);
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
	} else if (!uring_is_transient(-cqe->res, fd, "io_uring write")) {
		conn_close(loop, fd, true);
		return;
	}
	queue_echo(loop, fd);
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
	return strcmp(arg, "--sqpoll") && uring_option(&loop->wants, arg);
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	return uring_probe(&loop->wants, probe);
}

/* What conns_max needs, in whole chunks. */
static struct model_limit model_limit(void)
{
	struct model_limit most = {.conns = UINT32_MAX};
	limit_lower_by_locked_memory(&most, (SERVER_FDS_RESERVED + CHUNK_FDS) * (uint64_t)SERVER_BUF_BYTES,
				     SERVER_BUF_BYTES);
	return most;
}

static void open_table(struct loop *loop, uint32_t chunks)
{
	struct io_uring_rsrc_register table = {.nr = chunks, .flags = IORING_RSRC_REGISTER_SPARSE};
	if (syscall(SYS_io_uring_register, loop->ring.fd, IORING_REGISTER_BUFFERS2, &table, sizeof(table)) <
	    0)
		die_unsupported("kernel refuses a sparse table of buffers (5.19): %s", strerror(errno));
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	uring_size(&loop->wants, server, SQ_ENTRIES, SQ_ENTRIES);
	uring_open_or_die(&loop->ring, &loop->wants);
	uint32_t chunks = (server->fds_max + CHUNK_FDS - 1) / CHUNK_FDS;
	open_table(loop, chunks);
	loop->pinned = net_slab(chunks, sizeof(*loop->pinned));
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->bufs = net_slab((size_t)chunks * CHUNK_FDS, server->buf_bytes);
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop, URING_ACCEPT_NOW);
	for (;;) {
		uring_submit_or_die(&loop->ring, loop->slot, 1);
		count(loop->slot, COUNT_WAKEUPS);
		/* Only those that are there now: what they queue is not kept from the kernel for long. */
		uint32_t ready = uring_ready(&loop->ring);
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		for (; ready; ready--) {
			if (!uring_has_room(&loop->ring, SQES_PER_EVENT))
				uring_make_room(&loop->ring, loop->slot, SQES_PER_EVENT, 0);
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
MODEL(.name = "io_uring_fixed", .usage = "[--taskrun=auto|default|coop|defer]", .listen_blocking = true,
      .option = model_option, .limit = model_limit, .probe = model_probe, .stopping = model_stopping);
