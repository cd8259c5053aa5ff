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
#include <assert.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "../server/echo.h"
#include "../server/limits.h"
#include "../server/uring.h"

/* Enough for 2,000 busy connections per turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
/* What one event queues at most: send and recv, or recv and accept. */
#define SQES_PER_EVENT 2

/* Connections whose buffers are one entry of the table, and pinned together. */
#define CHUNK_FDS 16u
/* How long to wait when accept found no memory. */
#define ACCEPT_RETRY_MS 1

#define GENERATION_MASK 0xffffffu

/* The requests. OP_ACCEPT_RETRY is a timer, OP_ACCEPT_WAIT a poll. */
enum op { OP_ACCEPT, OP_ACCEPT_RETRY, OP_ACCEPT_WAIT, OP_RECV, OP_SEND, OP_CLOSE };

struct conn {
	uint32_t generation; /* of the users of this fd; see tag */
	uint32_t from, end;  /* of the buffer: what the last send was given and is not known to have sent */
	bool open;
	/* What sends are known to have sent, by all users of this fd, and by those before this one. */
	uint64_t sent_bytes, sent_before_bytes;
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

/* user_data: op in 8 bits, fd in 32, generation in 24, so that a late CQE misses a reused fd. */
static uint64_t tag(enum op op, int fd, uint32_t generation)
{
	return (uint64_t)op | (uint64_t)(uint32_t)fd << 8 | (uint64_t)generation << 40;
}

static struct io_uring_sqe *queue(struct loop *loop, uint8_t opcode, int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_sqe(&loop->ring);
	assert(sqe); /* make_room saw to it */
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = user_data;
	return sqe;
}

static char *buf_of(const struct loop *loop, int fd)
{
	return loop->bufs + (size_t)fd * loop->server->buf_bytes;
}

static void queue_read(struct loop *loop, int fd)
{
	struct io_uring_sqe *sqe =
		queue(loop, IORING_OP_READ_FIXED, fd, tag(OP_RECV, fd, loop->conns[fd].generation));
	sqe->addr = (uint64_t)(uintptr_t)buf_of(loop, fd);
	sqe->len = loop->server->buf_bytes;
	sqe->buf_index = (uint16_t)((uint32_t)fd / CHUNK_FDS);
}

/* The link starts the read when all is written and drops it otherwise: a short write fails, as far as that
 * goes. */
static void queue_echo(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_WRITE_FIXED, fd, tag(OP_SEND, fd, conn->generation));
	sqe->addr = (uint64_t)(uintptr_t)(buf_of(loop, fd) + conn->from);
	sqe->len = conn->end - conn->from;
	sqe->buf_index = (uint16_t)((uint32_t)fd / CHUNK_FDS);
	sqe->flags = IOSQE_IO_LINK | (loop->ring.has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0);
	queue_read(loop, fd);
}

static void queue_accept(struct loop *loop)
{
	struct io_uring_sqe *sqe =
		queue(loop, IORING_OP_ACCEPT, loop->server->listen_fd, tag(OP_ACCEPT, 0, 0));
	sqe->accept_flags = SOCK_CLOEXEC;
}

static void queue_accept_retry(struct loop *loop)
{
	static const struct __kernel_timespec delay = {.tv_nsec = ACCEPT_RETRY_MS * 1000000};
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_TIMEOUT, -1, tag(OP_ACCEPT_RETRY, 0, 0));
	sqe->addr = (uint64_t)(uintptr_t)&delay;
	sqe->len = 1;
}

/* Until a connection waits that there is no descriptor for, so that it can be refused. */
static void queue_accept_wait(struct loop *loop)
{
	struct io_uring_sqe *sqe =
		queue(loop, IORING_OP_POLL_ADD, loop->server->listen_fd, tag(OP_ACCEPT_WAIT, 0, 0));
	sqe->poll32_events = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? POLLIN << 16 : POLLIN;
}

/*
 * Counts what a send has sent, once that is known: by its own CQE, or, for its success posts none, by that of
 * the recv behind it, which is only there if all was sent.
 */
static void count_sent(struct loop *loop, struct conn *conn, uint32_t bytes)
{
	if (!bytes)
		return;
	conn->sent_bytes += bytes;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* for model_stopping, which may come in between */
	conn->from += bytes;
	count(loop->slot, COUNT_WRITES);
	count_add(loop->slot, COUNT_BYTES_OUT, bytes);
}

/*
 * Nothing is in flight on the fd here: a connection has one recv, or one send with a recv behind it, and
 * it ends with the result of that. Closing in the ring costs no system call of its own.
 */
static void conn_close(struct loop *loop, int fd, bool broken)
{
	struct conn *conn = &loop->conns[fd];
	if (!conn->open)
		return;
	struct io_uring_sqe *sqe = queue(loop, IORING_OP_CLOSE, fd, tag(OP_CLOSE, fd, conn->generation));
	if (loop->ring.has_cqe_skip)
		sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
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
	*conn = (struct conn){.generation = (conn->generation + 1) & GENERATION_MASK,
			      .open = true,
			      .sent_bytes = conn->sent_bytes,
			      .sent_before_bytes = conn->sent_bytes};
	if (pin(loop, (uint32_t)fd / CHUNK_FDS)) {
		queue_read(loop, fd);
		return;
	}
	say_not_pinned(loop, errno);
	conn_close(loop, fd, true);
}

static void on_accept(struct loop *loop, int result)
{
	if (result >= 0) {
		if (net_admit(loop->server, loop->slot, result))
			conn_open(loop, result);
		queue_accept(loop);
		return;
	}
	switch (net_accept_trouble(-result, loop->server->listen_fd)) {
	case NET_TROUBLE_NONE:
	case NET_TROUBLE_CONN:
		queue_accept(loop);
		return;
	case NET_TROUBLE_DESCRIPTORS: /* at once it would fail again, whether or not a connection waits */
		queue_accept_wait(loop);
		return;
	case NET_TROUBLE_MEMORY:
		queue_accept_retry(loop);
		return;
	}
}

/* A connection waits and there was no descriptor: what accept4 does about that is done for all models. */
static void on_accept_wait(struct loop *loop)
{
	int fd = net_accept(loop->server, loop->slot, 0);
	if (fd >= 0)
		conn_open(loop, fd);
	queue_accept(loop);
}

/* True: the call is to be repeated. False: the connection is over. */
static bool transient(int error, int fd, const char *call)
{
	if (error == EINTR || error == EAGAIN)
		return true;
	if (error != ENOBUFS && error != ENOMEM)
		echo_error(error, fd, call);
	return false;
}

static void on_recv(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	if (cqe->res == -ECANCELED)
		return; /* the send before it did not send all, and its own CQE goes on from there */
	count_sent(loop, conn, conn->end - conn->from);
	if (cqe->res > 0) {
		echo_received(loop->slot, (size_t)cqe->res);
		conn->from = 0;
		conn->end = (uint32_t)cqe->res;
		queue_echo(loop, fd);
	} else if (cqe->res == 0) {
		conn_close(loop, fd, false);
	} else if (transient(-cqe->res, fd, "io_uring read")) {
		queue_read(loop, fd);
	} else {
		conn_close(loop, fd, true);
	}
}

/* Comes only for sends that were short or failed, or where the kernel cannot skip CQEs. */
static void on_send(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	count_sent(loop, conn, cqe->res < 0 ? 0 : (uint32_t)cqe->res);
	if (conn->from == conn->end)
		return; /* all sent, and the recv goes on */
	if (cqe->res >= 0) {
		count(loop->slot, COUNT_SHORT_WRITES);
	} else if (!transient(-cqe->res, fd, "io_uring write")) {
		conn_close(loop, fd, true);
		return;
	}
	queue_echo(loop, fd);
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	enum op op = cqe->user_data & 0xff;
	int fd = (int)(cqe->user_data >> 8 & UINT32_MAX);
	uint32_t generation = (uint32_t)(cqe->user_data >> 40);

	count(loop->slot, COUNT_EVENTS);
	switch (op) {
	case OP_ACCEPT:
		on_accept(loop, cqe->res);
		return;
	case OP_ACCEPT_RETRY:
		queue_accept(loop);
		return;
	case OP_ACCEPT_WAIT:
		on_accept_wait(loop);
		return;
	case OP_CLOSE:
		if (cqe->res < 0) {
			errno = -cqe->res;
			die("io_uring close(fd %d)", fd);
		}
		return;
	case OP_RECV:
	case OP_SEND:
		if (!loop->conns[fd].open || loop->conns[fd].generation != generation)
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

/* A connection has at most two CQEs; what is over the limit, the kernel holds back. */
static void size_ring(struct loop *loop, const struct server *server)
{
	uint32_t cq_entries =
		server->conns_max < URING_CQ_ENTRIES_MAX / 2 ? server->conns_max * 2 : URING_CQ_ENTRIES_MAX;

	loop->wants.sq_entries = SQ_ENTRIES;
	loop->wants.cq_entries = cq_entries > SQ_ENTRIES ? cq_entries : SQ_ENTRIES;
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	size_ring(loop, server);
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
	struct probe probe = {0};

	loop->server = server;
	loop->slot = server->slot;
	size_ring(loop, server);
	if (uring_open(&loop->ring, &loop->wants, &probe) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
	uint32_t chunks = (server->fds_max + CHUNK_FDS - 1) / CHUNK_FDS;
	open_table(loop, chunks);
	loop->pinned = net_slab(chunks, sizeof(*loop->pinned));
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->bufs = net_slab((size_t)chunks * CHUNK_FDS, server->buf_bytes);
}

static void submit(struct loop *loop, uint32_t wait_for)
{
	int error = uring_submit(&loop->ring, loop->slot, wait_for);
	if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) {
		errno = -error;
		die("io_uring_enter(wait for %u)", wait_for);
	}
}

/* The requests of one event stay in one submit, because a link ends with it. */
static void make_room(struct loop *loop)
{
	if (uring_sq_space(&loop->ring) >= SQES_PER_EVENT || uring_sq_refresh(&loop->ring) >= SQES_PER_EVENT)
		return;
	count(loop->slot, COUNT_SQ_FULL);
	while (uring_sq_refresh(&loop->ring) < SQES_PER_EVENT)
		submit(loop, 0);
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop);
	for (;;) {
		submit(loop, 1);
		count(loop->slot, COUNT_WAKEUPS);
		/* Only those that are there now: what they queue is not kept from the kernel for long. */
		uint32_t ready = uring_ready(&loop->ring);
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		for (; ready; ready--) {
			make_room(loop);
			on_event(loop, uring_cqe(&loop->ring));
		}
	}
}

/*
 * The last send of each connection may have sent all, something or nothing: its socket knows. The sum is of
 * what each connection keeps, for the counter may have been interrupted between two of its steps.
 */
static void model_stopping(struct loop *loop)
{
	uint64_t total_bytes = 0;

	for (uint32_t fd = 0; fd < loop->server->fds_max; fd++) {
		struct conn *conn = &loop->conns[fd];
		uint32_t unknown_bytes = conn->open ? conn->end - conn->from : 0;
		total_bytes += conn->sent_bytes;
		if (!unknown_bytes)
			continue;
		uint64_t known_bytes = conn->sent_bytes - conn->sent_before_bytes;
		uint64_t taken_bytes = net_taken_bytes((int)fd);
		uint64_t more_bytes = taken_bytes > known_bytes ? taken_bytes - known_bytes : 0;
		if (!more_bytes)
			continue;
		count(loop->slot, COUNT_WRITES);
		total_bytes += more_bytes < unknown_bytes ? more_bytes : unknown_bytes;
	}
	count_add(loop->slot, COUNT_BYTES_OUT, total_bytes - loop->slot->value[COUNT_BYTES_OUT]);
}

/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread, and a send
 * goes on until all is sent. A non-blocking one would post -EAGAIN instead.
 */
MODEL(.name = "io_uring_fixed", .usage = "[--taskrun=auto|default|coop|defer]", .listen_blocking = true,
      .option = model_option, .limit = model_limit, .probe = model_probe, .stopping = model_stopping);
