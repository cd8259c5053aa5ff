/*
 * io_uring_guide - the guide's "Multi-shot Accept" with the operations of its "Basic Read/Write" (chapter 6),
 * and their mistakes; the row io_uring shows the same mechanism without them.
 *
 * Loop:    io_uring_enter to submit one request, io_uring_enter to wait for one result, and the result of a
 *          read submits the write, that of a write the next read.
 * Kernel:  5.7 (FEAT_FAST_POLL), and 5.9 or so for reads of sockets that do not block.
 * As there: a ring of 256 entries without flags, the tag 0xFFFF, SOCK_NONBLOCK, IOSQE_ASYNC, the buffer of
 *          4096 bytes, one request per submit and one result per wait. The calls of liburing are spelled
 *          out (uring.h): io_uring_submit is an io_uring_enter that does not wait, io_uring_wait_cqe one that
 *          submits nothing, where no result is there.
 * Mistakes kept:
 *  - IOSQE_ASYNC makes no accept multishot: it accepts once, in a kernel thread, and never again.
 *  - What a write has written is not looked at: what a full socket does not take is lost.
 *  - SIGPIPE is not ignored: a client that resets its connection ends the server.
 * Finished: handle_connection() submits a read, and a connection ends where a read gets nothing; the tag of
 *          an operation tells its descriptor. With one connection in all, the one buffer is enough.
 * Left out: the line that is printed for each operation.
 * By hand: io_uring_guide --port=7000
 */
#include "../server/guide.h"
#include "../server/uring.h"

#define ENTRIES 256
#define BUF_BYTES 4096
#define TAG_ACCEPT 0xFFFF

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct uring ring;
	char buf[BUF_BYTES];
	uint32_t asked_bytes; /* of the last write, for the counters */
};

/* io_uring_submit. */
static void submit(struct loop *loop)
{
	int error = uring_submit(&loop->ring, loop->slot, 0);
	if (error < 0 && error != -EINTR) {
		errno = -error;
		die("io_uring_enter(submit)");
	}
}

/* io_uring_wait_cqe. */
static const struct io_uring_cqe *wait_cqe(struct loop *loop)
{
	while (!uring_ready(&loop->ring)) {
		int error = uring_submit(&loop->ring, loop->slot, 1);
		if (error < 0 && error != -EINTR) {
			errno = -error;
			die("io_uring_enter(wait)");
		}
	}
	return uring_cqe(&loop->ring);
}

/* The tag of a read is even, that of a write is odd. */
static void operate(struct loop *loop, uint8_t opcode, int fd, uint32_t bytes)
{
	struct io_uring_sqe *sqe = uring_sqe(&loop->ring);
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uint64_t)(uintptr_t)loop->buf;
	sqe->len = bytes;
	sqe->user_data = (uint64_t)fd << 1 | (opcode == IORING_OP_WRITE);
	submit(loop);
}

static void accept_all(struct loop *loop)
{
	struct io_uring_sqe *sqe = uring_sqe(&loop->ring);
	sqe->opcode = IORING_OP_ACCEPT;
	sqe->fd = loop->server->listen_fd;
	sqe->accept_flags = SOCK_NONBLOCK;
	sqe->flags = IOSQE_ASYNC;
	sqe->user_data = TAG_ACCEPT;
	submit(loop);
}

static void handle_connection(struct loop *loop, int conn_fd)
{
	if (net_admit(loop->server, loop->slot, conn_fd))
		operate(loop, IORING_OP_READ, conn_fd, BUF_BYTES);
}

static void completed(struct loop *loop, uint64_t tag, int result)
{
	int fd = (int)(tag >> 1);

	if (tag & 1) {
		guide_written(loop->slot, result, loop->asked_bytes);
		operate(loop, IORING_OP_READ, fd, BUF_BYTES);
	} else if (result <= 0) {
		guide_close(loop->slot, fd, result < 0);
	} else {
		echo_received(loop->slot, (size_t)result);
		loop->asked_bytes = (uint32_t)result;
		operate(loop, IORING_OP_WRITE, fd, (uint32_t)result);
	}
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	const struct uring_wants wants = {
		.taskrun = TASKRUN_DEFAULT, .sq_entries = ENTRIES, .cq_entries = 2 * ENTRIES};
	(void)loop;
	(void)server;
	return uring_probe(&wants, probe);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	const struct io_uring_params params = {0};
	const uint32_t flags = 0;

	loop->server = server;
	loop->slot = server->slot;
	int error = uring_setup(&loop->ring, ENTRIES, &params, &flags, 1);
	if (error < 0)
		die_unsupported("io_uring_setup: %s", strerror(-error));
	guide_leave_signals();
}

static _Noreturn void model_serve(struct loop *loop)
{
	guide_keep_sigpipe(loop->slot);
	accept_all(loop);
	for (;;) {
		const struct io_uring_cqe *cqe = wait_cqe(loop);
		count(loop->slot, COUNT_WAKEUPS);
		count(loop->slot, COUNT_EVENTS);
		if (cqe->user_data != TAG_ACCEPT)
			completed(loop, cqe->user_data, cqe->res);
		else if (cqe->res >= 0)
			handle_connection(loop, cqe->res);
	}
}

MODEL(.name = "io_uring_guide", .listen_blocking = true, .probe = model_probe);
