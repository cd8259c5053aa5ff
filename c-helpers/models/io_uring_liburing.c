/*
 * io_uring_liburing - multishot accept and receive with DEFER_TASKRUN, through liburing.
 *
 * Loop:    io_uring_submit_and_wait (one io_uring_enter), then each result is of data in a buffer that the
 *          kernel took from a ring of them: it is sent from there, and the buffer goes back after that.
 * Kernel:  6.1 (multishot receive 6.0, DEFER_TASKRUN 6.1), with liburing 2.3 or later: the ring of buffers
 *          is registered by io_uring_register_buf_ring, for io_uring_setup_buf_ring came with 2.4. Used
 *          where it exists: a limit of what a receive may hand over (6.17). Before, a slow reader may cost
 *          MORE_MAX times as much.
 * Left out: direct descriptors, bundles, incremental buffers, zero copy, CQEs that are skipped.
 * By hand: io_uring_liburing --port=7000
 *
 * What the library does is what uring.h does: the same two rings, filled and read by inline functions. So
 * the difference to io_uring_multishot.c is how the two are written, not what the kernel is asked.
 *
 * Sends have MSG_DONTWAIT and are made while io_uring_enter takes them. What a socket does not take moves to
 * a buffer of the connection's own, so that a slow reader holds none of the ring's, and is sent when there
 * is room.
 */
#include <liburing.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../server/uring_conns.h"

/* Enough for a thousand busy connections per turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
#define CQ_ENTRIES_MAX 65536u

/* A line apart, or all would share the same cache sets. */
#define BUFS 1024u
#define BUF_BYTES 4096u
#define BUF_GAP_BYTES 64u
#define BUF_GROUP 0
#define NONE UINT16_MAX
/* Buffers that one send takes. */
#define PIECES_MAX 16u

/* Without a limit, a receive hands over up to 32 buffers in a turn, in two turns until it is cancelled. */
#define MORE_MAX 6u

/* The requests. OP_ACCEPT is any of enum uring_accept. */
enum op { OP_ACCEPT, OP_RECV, OP_SEND, OP_CANCEL, OP_CLOSE };

/* What is being sent: buffers of the ring, or the connection's own. */
enum sending { SENDING_NOTHING, SENDING_BUFS, SENDING_OWN };

struct conn {
	uint32_t generation; /* of the users of this fd; see uring_tag */
	bool open, armed, cancelled, starved;
	bool ended, broken; /* the peer finished; an error */
	enum sending sending;
	uint16_t first, last;  /* filled buffers, those that are being sent in front */
	uint32_t from, end;    /* of the own buffer */
	uint32_t held_bytes;   /* received and not known to be sent */
	uint32_t flying_bytes; /* of the send under way */
	struct uring_sent sent;
};

/* A buffer that holds data. */
struct filled {
	uint32_t from, end;
	uint16_t next;
};

/* A send of several buffers. */
struct gather {
	struct msghdr message;
	struct iovec pieces[PIECES_MAX];
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct io_uring ring;
	bool has_limit;
	struct __kernel_timespec accept_delay;
	struct io_uring_buf_ring *buf_ring;
	char *pool;
	struct filled filled[BUFS];
	uint32_t bufs_free, bufs_back; /* in the ring; put there since the kernel was told */
	uint32_t own_bytes;
	struct conn *conns; /* by fd */
	char *own;	    /* one buffer per fd */
	struct gather *gathers;
	struct uring_starved starved;
};

static void submit(struct loop *loop, uint32_t wait_for)
{
	io_uring_buf_ring_advance(loop->buf_ring, (int)loop->bufs_back);
	loop->bufs_back = 0;
	if (io_uring_cq_has_overflow(&loop->ring))
		count(loop->slot, COUNT_CQ_OVERFLOWS);
	count(loop->slot, COUNT_SYS_IO_URING_ENTER);
	int done = io_uring_submit_and_wait(&loop->ring, wait_for);
	if (done < 0 && done != -EINTR && done != -EAGAIN && done != -EBUSY) {
		errno = -done;
		die("io_uring_submit_and_wait(%u)", wait_for);
	}
}

static struct io_uring_sqe *next_sqe(struct loop *loop)
{
	struct io_uring_sqe *sqe;
	while (!(sqe = io_uring_get_sqe(&loop->ring))) {
		count(loop->slot, COUNT_SQ_FULL);
		submit(loop, 0);
	}
	return sqe;
}

static void set_tag(struct loop *loop, struct io_uring_sqe *sqe, enum op op, int fd)
{
	io_uring_sqe_set_data64(sqe, uring_tag(op, fd, loop->conns[fd].generation));
}

static char *buf_start(const struct loop *loop, uint16_t buf)
{
	return loop->pool + (size_t)buf * (BUF_BYTES + BUF_GAP_BYTES);
}

static void buf_back(struct loop *loop, uint16_t buf)
{
	io_uring_buf_ring_add(loop->buf_ring, buf_start(loop, buf), BUF_BYTES, buf,
			      io_uring_buf_ring_mask(BUFS), (int)loop->bufs_back++);
	loop->bufs_free++;
}

/* The filled buffer in front goes back. */
static void drop_first(struct loop *loop, struct conn *conn)
{
	uint16_t first = conn->first;
	conn->first = loop->filled[first].next;
	buf_back(loop, first);
}

static char *own_of(const struct loop *loop, int fd)
{
	return loop->own + (size_t)fd * loop->own_bytes;
}

/*
 * A limited receive ends by itself once it has handed over so much that the connection could owe
 * server->buf_bytes; its last buffer may pass the limit by all but one byte.
 */
static void queue_recv(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = next_sqe(loop);

	io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUF_GROUP;
	if (loop->has_limit)
		sqe->file_index = loop->server->buf_bytes - conn->held_bytes - BUF_BYTES + 1;
	set_tag(loop, sqe, OP_RECV, fd);
	conn->armed = true;
	conn->cancelled = false;
}

static void queue_cancel(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = next_sqe(loop);

	io_uring_prep_cancel64(sqe, uring_tag(OP_RECV, fd, conn->generation), 0);
	set_tag(loop, sqe, OP_CANCEL, fd);
	conn->cancelled = true;
}

static void queue_accept(struct loop *loop, enum uring_accept next)
{
	struct io_uring_sqe *sqe = next_sqe(loop);
	int listen_fd = loop->server->listen_fd;

	switch (next) {
	case URING_ACCEPT_NOW:
		io_uring_prep_multishot_accept(sqe, listen_fd, NULL, NULL, SOCK_CLOEXEC);
		break;
	case URING_ACCEPT_LATER:
		io_uring_prep_timeout(sqe, &loop->accept_delay, 1, 0);
		break;
	case URING_ACCEPT_WHEN_THERE:
		io_uring_prep_poll_add(sqe, listen_fd, POLLIN);
		break;
	}
	io_uring_sqe_set_data64(sqe, uring_tag(OP_ACCEPT, (int)next, 0));
}

/* As many filled buffers as one send takes, without a wait: less than all of them is told. */
static void send_bufs(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct gather *gather = &loop->gathers[fd];
	struct io_uring_sqe *sqe = next_sqe(loop);
	uint32_t pieces = 0, bytes = 0;

	for (uint16_t at = conn->first; at != NONE && pieces < PIECES_MAX; at = loop->filled[at].next) {
		const struct filled *filled = &loop->filled[at];
		gather->pieces[pieces].iov_base = buf_start(loop, at) + filled->from;
		gather->pieces[pieces].iov_len = filled->end - filled->from;
		bytes += filled->end - filled->from;
		pieces++;
	}
	if (pieces == 1) {
		io_uring_prep_send(sqe, fd, gather->pieces[0].iov_base, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		gather->message = (struct msghdr){.msg_iov = gather->pieces, .msg_iovlen = pieces};
		io_uring_prep_sendmsg(sqe, fd, &gather->message, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	set_tag(loop, sqe, OP_SEND, fd);
	conn->sending = SENDING_BUFS;
	conn->flying_bytes = bytes;
}

static void send_own(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = next_sqe(loop);

	io_uring_prep_send(sqe, fd, own_of(loop, fd) + conn->from, conn->end - conn->from,
			   MSG_WAITALL | MSG_NOSIGNAL);
	set_tag(loop, sqe, OP_SEND, fd);
	conn->sending = SENDING_OWN;
	conn->flying_bytes = conn->end - conn->from;
}

/* Moves what is filled into the own buffer, which has room for it, unless an old kernel handed over yet more.
 */
static void stow(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	while (conn->first != NONE) {
		const struct filled *filled = &loop->filled[conn->first];
		uint32_t bytes = filled->end - filled->from;
		if (bytes > loop->own_bytes - conn->end)
			return;
		memcpy(own_of(loop, fd) + conn->end, buf_start(loop, conn->first) + filled->from, bytes);
		conn->end += bytes;
		drop_first(loop, conn);
	}
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation),
			      .open = true,
			      .first = NONE,
			      .sent = uring_sent_before(conn->sent)};
	queue_recv(loop, fd);
}

/* Nothing of it is in flight here. */
static void conn_close(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	struct io_uring_sqe *sqe = next_sqe(loop);

	while (conn->first != NONE)
		drop_first(loop, conn);
	io_uring_prep_close(sqe, fd);
	set_tag(loop, sqe, OP_CLOSE, fd);
	conn->open = false;
	net_closed(loop->slot, conn->broken);
}

/* What a connection does next, after whatever happened to it. */
static void advance(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];
	uint32_t room_bytes = loop->server->buf_bytes - BUF_BYTES;

	if (conn->broken && conn->armed && !conn->cancelled)
		queue_cancel(loop, fd);
	if (conn->sending != SENDING_NOTHING)
		return;
	if (!conn->broken && conn->end > conn->from) {
		send_own(loop, fd);
		if (conn->armed && !conn->cancelled)
			queue_cancel(loop, fd);
		return;
	}
	if (!conn->broken && conn->first != NONE)
		send_bufs(loop, fd);
	else if (!conn->armed && !conn->starved && (conn->ended || conn->broken))
		conn_close(loop, fd);
	if (conn->open && !conn->armed && !conn->starved && !conn->ended && !conn->broken &&
	    conn->held_bytes < room_bytes)
		queue_recv(loop, fd);
}

static void on_accept(struct loop *loop, enum uring_accept asked, const struct io_uring_cqe *cqe)
{
	enum uring_accept next = URING_ACCEPT_NOW;
	int fd = NET_NONE;

	if (asked != URING_ACCEPT_NOW)
		fd = uring_accept_waited(loop->server, loop->slot, asked);
	else if (cqe->res < 0)
		next = uring_accept_after(-cqe->res, loop->server->listen_fd);
	else if (net_admit_multishot(loop->server, loop->slot, cqe->res))
		fd = cqe->res;
	if (fd >= 0)
		conn_open(loop, fd);
	if (!(cqe->flags & IORING_CQE_F_MORE)) /* else it goes on, and says so again if there is more of it */
		queue_accept(loop, next);
}

static void on_data(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];
	uint16_t buf = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

	echo_received(loop->slot, (size_t)cqe->res);
	conn->held_bytes += (uint32_t)cqe->res;
	loop->bufs_free--;
	loop->filled[buf] = (struct filled){.end = (uint32_t)cqe->res, .next = NONE};
	if (conn->first == NONE)
		conn->first = buf;
	else
		loop->filled[conn->last].next = buf;
	conn->last = buf;
	if (conn->sending == SENDING_OWN)
		stow(loop, fd);
}

static void on_recv(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	if (!(cqe->flags & IORING_CQE_F_MORE))
		conn->armed = false;
	if (cqe->res > 0) {
		on_data(loop, fd, cqe);
	} else if (cqe->res == 0) {
		conn->ended = true;
	} else if (cqe->res == -ENOBUFS) {
		conn->starved = true;
		uring_starve(&loop->starved, loop->slot, (uint32_t)fd);
	} else if (cqe->res != -ECANCELED && !uring_is_transient(-cqe->res, fd, "io_uring recv")) {
		conn->broken = true;
	}
	advance(loop, fd);
}

/* Of what was sent, buffers go back; what the socket did not take moves to the own buffer. */
static void take_sent(struct loop *loop, int fd, uint32_t sent_bytes)
{
	struct conn *conn = &loop->conns[fd];
	bool all = sent_bytes == conn->flying_bytes;

	uring_count_sent(loop->slot, &conn->sent, &conn->flying_bytes, sent_bytes);
	conn->flying_bytes = 0;
	conn->held_bytes -= sent_bytes;
	if (conn->sending == SENDING_OWN) {
		conn->from += sent_bytes;
		if (conn->from == conn->end)
			conn->from = conn->end = 0;
		return;
	}
	while (sent_bytes) {
		struct filled *filled = &loop->filled[conn->first];
		uint32_t bytes = filled->end - filled->from;
		if (bytes > sent_bytes) {
			filled->from += sent_bytes;
			break;
		}
		sent_bytes -= bytes;
		drop_first(loop, conn);
	}
	if (!all)
		stow(loop, fd);
}

static void on_send(struct loop *loop, int fd, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[fd];

	if (cqe->res >= 0 && (uint32_t)cqe->res < conn->flying_bytes)
		count(loop->slot, COUNT_SHORT_WRITES);
	take_sent(loop, fd, cqe->res > 0 ? (uint32_t)cqe->res : 0);
	conn->sending = SENDING_NOTHING;
	if (cqe->res < 0 && !uring_is_transient(-cqe->res, fd, "io_uring send"))
		conn->broken = true;
	advance(loop, fd);
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	enum op op = uring_tag_op(cqe->user_data);
	int fd = uring_tag_fd(cqe->user_data);

	count(loop->slot, COUNT_EVENTS);
	switch (op) {
	case OP_ACCEPT:
		on_accept(loop, (enum uring_accept)fd, cqe);
		return;
	case OP_CANCEL:
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

/* Goes on with receives that found no buffer, as far as there are some now. */
static void feed(struct loop *loop)
{
	uint32_t fed = loop->bufs_free < loop->starved.count ? loop->bufs_free : loop->starved.count;

	for (; fed; fed--) {
		uint32_t fd = uring_feed(&loop->starved);
		loop->conns[fd].starved = false;
		advance(loop, (int)fd);
	}
}

static void open_ring(struct loop *loop, const struct server *server)
{
	uint32_t cq_entries = server->conns_max < CQ_ENTRIES_MAX / 4 ? server->conns_max * 4 : CQ_ENTRIES_MAX;
	struct io_uring_params params = {.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL |
						  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
					 .cq_entries = cq_entries > SQ_ENTRIES ? cq_entries : SQ_ENTRIES};

	int error = io_uring_queue_init_params(SQ_ENTRIES, &loop->ring, &params);
	if (error == -EINVAL)
		die_unsupported("kernel's io_uring has no DEFER_TASKRUN (6.1)");
	if (error < 0)
		die_unsupported("io_uring_queue_init_params: %s (the rows of io_uring without the library "
				"say more)",
				strerror(-error));
}

static void open_bufs(struct loop *loop)
{
	size_t ring_bytes = BUFS * sizeof(struct io_uring_buf);
	size_t bytes = BUFS * (size_t)(BUF_BYTES + BUF_GAP_BYTES);
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;

	loop->buf_ring = mmap(NULL, ring_bytes, prot, flags, -1, 0);
	loop->pool = mmap(NULL, bytes, prot, flags, -1, 0);
	if (loop->buf_ring == MAP_FAILED || loop->pool == MAP_FAILED)
		die("mmap(%zu bytes)", bytes);
	struct io_uring_buf_reg reg = {
		.ring_addr = (uint64_t)(uintptr_t)loop->buf_ring, .ring_entries = BUFS, .bgid = BUF_GROUP};
	int error = io_uring_register_buf_ring(&loop->ring, &reg, 0);
	if (error < 0)
		die_unsupported("kernel refuses a ring of buffers (5.19): %s", strerror(-error));
	io_uring_buf_ring_init(loop->buf_ring);
	for (uint16_t buf = 0; buf < BUFS; buf++)
		buf_back(loop, buf);
	io_uring_buf_ring_advance(loop->buf_ring, (int)loop->bufs_back);
	loop->bufs_back = 0;
}

/* Whether the kernel knows a limit of what a receive hands over; see uring_limit_pair. */
static void try_limit(struct loop *loop)
{
	struct io_uring_cqe *cqe;
	int pair[2], error;

	uring_limit_pair(pair);
	struct io_uring_sqe *sqe = next_sqe(loop);
	io_uring_prep_recv_multishot(sqe, pair[0], NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = BUF_GROUP;
	sqe->file_index = 1;
	do
		error = io_uring_submit_and_wait(&loop->ring, 1);
	while (error == -EINTR);
	if (error < 0 || io_uring_peek_cqe(&loop->ring, &cqe) < 0)
		die_unsupported("io_uring_submit_and_wait: %s", strerror(error < 0 ? -error : EIO));
	if (cqe->res < 0 && cqe->res != -EINVAL)
		die_unsupported("kernel refuses a multishot receive (6.0): %s", strerror(-cqe->res));
	loop->has_limit = uring_limit_known(cqe->res, cqe->flags & IORING_CQE_F_MORE);
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		loop->bufs_free--;
		buf_back(loop, (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT));
	}
	io_uring_cqe_seen(&loop->ring, cqe);
	close(pair[0]);
	close(pair[1]);
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->accept_delay.tv_nsec = URING_ACCEPT_LATER_MS * 1000000;
	open_ring(loop, server);
	open_bufs(loop);
	try_limit(loop);
	loop->own_bytes = loop->has_limit ? server->buf_bytes : server->buf_bytes * MORE_MAX;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->own = net_slab(server->fds_max, loop->own_bytes);
	loop->gathers = net_slab(server->fds_max, sizeof(*loop->gathers));
	loop->starved.list = net_slab(server->fds_max, sizeof(*loop->starved.list));
	loop->starved.places = server->fds_max;
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop, URING_ACCEPT_NOW);
	for (;;) {
		submit(loop, 1);
		count(loop->slot, COUNT_WAKEUPS);
		const struct io_uring_cqe *cqe;
		uint32_t head, ready = io_uring_cq_ready(&loop->ring), done = 0;
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		io_uring_for_each_cqe(&loop->ring, head, cqe)
		{
			if (done++ == ready)
				break;
			on_event(loop, cqe);
		}
		io_uring_cq_advance(&loop->ring, ready);
		feed(loop);
	}
}

/* Sends under way may have sent all, something or nothing: their sockets know. */
static void model_stopping(struct loop *loop)
{
	uint64_t total_bytes = 0;

	for (uint32_t fd = 0; fd < loop->server->fds_max; fd++) {
		const struct conn *conn = &loop->conns[fd];
		total_bytes += uring_sent_in_all(loop->slot, &conn->sent, (int)fd,
						 conn->open ? conn->flying_bytes : 0);
	}
	uring_sent_is(loop->slot, total_bytes);
}

/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread. A non-blocking one
 * would post -EAGAIN instead.
 */
MODEL(.name = "io_uring_liburing", .listen_blocking = true, .stopping = model_stopping);
