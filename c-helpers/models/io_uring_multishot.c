/*
 * io_uring_multishot - armed once: one accept posts all connections, one receive all that a socket gets.
 *
 * Loop:    io_uring_enter (submits sends, waits for results), then each result is of data in a buffer
 *          that the kernel took from a ring of them; it is sent from there and goes back there.
 * Kernel:  6.1 (multishot receives 6.0, DEFER_TASKRUN 6.1). Used where it exists: a limit of what a receive
 *          may hand over (6.17), with which it ends by itself when much is owed; else it is cancelled.
 * --direct             accepts into a table of the ring: no descriptors, and none is looked up
 * --bundle             a receive fills several buffers at once (6.10; with a limit 6.17)
 * --inc                a buffer serves many receives, each takes only what it needs (6.12)
 * --zc                 sends without a copy where the kernel can; over loopback it copies (6.2)
 * --min-wait=US        waits for --batch=N results (32), once there is one for at most US (6.12)
 * --adaptive           with it: for as many as came in time, at most N and half of the connections
 * --lean               an SQ without index array (6.6), a registered ring (5.18), where they exist
 * --accept=reuseport   with --workers: each has a listener, and a ring that its own thread made
 * --no-limit           as before 6.17, where --bundle and --inc are not supported: see open_all
 * --sqpoll             a kernel thread takes the requests. Receives are single shots then: what signals
 *                      such a thread all the time leaves a multishot one asleep at an urgent mark
 * Left out: bundles of sends (a ring of buffers for each sender), registered buffers, NAPI, huge pages.
 * By hand: io_uring_multishot --direct --port=7000
 *
 * Sends have MSG_DONTWAIT and post no result but failure: they are done once io_uring_enter has taken them.
 * What a socket does not take moves to a buffer of the connection's own, so that a slow reader holds none of
 * the ring's. So writes and bytes_out lack what the last wait began with, but for the stats line.
 *
 * Measured and not taken, in server CPU per request over that of epoll-lt at 64 connections: single-shot
 * receives from the ring (0.963 with a wait where multishot ones have 0.931); waiting for all 64 at once
 * (0.95 where half of them have 0.90: nobody is served meanwhile); a wait for 3/4 of what came last (0.95:
 * it never grows); without --direct, --lean or --inc the same within the intervals.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "../server/uring_serve.h"

#define SQ_ENTRIES 512u
/* What one event, or one turn of a connection, queues at most: a send and a receive, a cancel or a close. */
#define SQES_PER_STEP 3

/* The ring's buffers together; incremental ones are fewer and larger. */
#define POOL_BYTES (4u << 20)
#define BUF_BYTES 4096u
#define INC_BUF_BYTES (512u << 10)
/* Without a limit, what comes before a cancel reaches the receive, 32 buffers twice, must not be much. */
#define ENDLESS_BUF_BYTES 512u
/* Between two, or the starts of all would share the same few sets of the cache. */
#define BUF_GAP_BYTES 64u
/* What one incremental receive asks for. */
#define INC_RECV_BYTES 16384u
#define BUFS_MAX 4096u
/* Pieces of data in the ring's buffers; over it, they move to the connection's own. */
#define CHUNKS_MAX 32768u
#define NONE UINT16_MAX

/* Sends of several pieces between two submits, and pieces of one. */
#define GATHERS_MAX 64u
#define PIECES_MAX 64u

/* How long account waits for the SQ thread: for some milliseconds. */
#define SETTLE_SPINS 100000u

#define BATCH_DEFAULT 32u
/* How long an adaptive wait that was for too many results does not try for more. */
#define HOLD_TURNS 256u
#define MIN_WAIT_MAX_US 1000000u
#define INDEX_MAX (1u << 20)

/*
 * The requests. OP_TRY is a send that posts its result only when it is not done, OP_SEND one that always
 * does. OP_ACCEPT is any of enum uring_accept, OP_FILLER of uring_make_room.
 */
enum op { OP_ACCEPT, OP_RECV, OP_CANCEL, OP_TRY, OP_SEND, OP_CLOSE, OP_FILLER };

/* A piece of data in one of the ring's buffers. */
struct chunk {
	char *at;
	uint32_t bytes;
	uint16_t buf, next;
};

/* What of a connection is under way: pieces of the ring's buffers, or its own buffer. */
enum sending { SENDING_NOTHING, SENDING_CHUNKS, SENDING_OWN };

struct conn {
	uint32_t generation; /* of the users of this index; see tag */
	bool open, touched;
	bool armed, cancelled, starved; /* the receive: under way, told to end, waits for buffers */
	bool ended, broken;		/* the peer finished; an error */
	bool drained;			/* the last receive left nothing */
	bool split;			/* the last receive ended with its buffer: see on_recv */
	enum sending sending;
	uint32_t sqe, sending_bytes; /* of SENDING_CHUNKS: its place in the SQ, its size */
	uint16_t sending_first;
	uint16_t first, last; /* pieces behind what is sent and what stands in the own buffer */
	uint32_t held_bytes;  /* received and not known to be sent: at most server->buf_bytes */
	uint32_t from, end;   /* of the own buffer */
};

/* A send whose success posts nothing. */
struct tried {
	uint32_t index, sqe, bytes;
};

struct tries {
	struct tried *list;
	uint32_t count;
};

/* What is known to be sent, up to a CQE. Two of them, so that whoever interrupts finds one that is whole. */
struct known {
	uint64_t bytes, writes, short_writes;
	uint64_t missing_bytes, missing_writes; /* of tries that failed and are still among the tries */
	uint32_t cqe;				/* behind the last that was looked at */
	uint8_t tries;				/* which of the two is in use */
	bool results;				/* some of the CQEs were of sends */
};

/* A send of several pieces; the kernel has read it when it has taken the SQE. */
struct gather {
	struct msghdr message;
	struct iovec pieces[PIECES_MAX];
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct uring_wants wants;
	bool direct, bundle, inc, zc, no_limit, lean, adaptive, reuseport;
	uint32_t min_wait_us, batch;
	uint32_t wait_for, hold; /* results that a wait is for; turns until it may be more of them */

	struct uring ring;
	bool explicit; /* all sends post their results */
	bool single;   /* a receive is over with its first result */
	bool has_limit;
	bool again; /* something is to be done once the sends are taken, so do not wait */
	uint32_t spins;

	struct uring_bufs bufs;
	uint32_t buf_bytes, bufs_count, bufs_free;
	char *pool;
	struct {
		uint32_t at; /* of an incremental buffer: where the kernel goes on */
		uint32_t chunks;
		bool done; /* the kernel does not use it any more */
	} buf[BUFS_MAX];
	struct chunk *chunks;
	uint16_t chunk_free;

	struct conn *conns; /* by descriptor, or by place in the table */
	char *own;	    /* one buffer per connection */
	uint32_t conns_open;
	uint32_t *touched, touched_count;
	struct uring_starved starved;

	struct known known[2];
	uint8_t known_now;
	struct tries tries[2];
	struct gather *gathers;
	uint32_t gathers_used;
};

/* user_data: op in 4 bits, index in 20, generation in 24, the first piece of a send in 16. */
static uint64_t tag(enum op op, uint32_t index, uint32_t generation, uint16_t chunk)
{
	return (uint64_t)op | (uint64_t)index << 4 | (uint64_t)generation << 24 | (uint64_t)chunk << 48;
}

static enum op tag_op(uint64_t user_data)
{
	return (enum op)(user_data & 0xf);
}

static uint32_t tag_index(uint64_t user_data)
{
	return user_data >> 4 & (INDEX_MAX - 1);
}

static struct io_uring_sqe *queue_on(struct loop *loop, uint8_t opcode, enum op op, uint32_t index,
				     uint16_t chunk)
{
	struct io_uring_sqe *sqe = uring_queue(&loop->ring, opcode, (int)index,
					       tag(op, index, loop->conns[index].generation, chunk));
	if (loop->direct)
		sqe->flags = IOSQE_FIXED_FILE;
	return sqe;
}

/*
 * A limited receive ends by itself once it has handed over so much that the connection could owe
 * server->buf_bytes; the last one of it may pass the limit by all but one of the bytes it asks for.
 */
static void queue_recv(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	struct io_uring_sqe *sqe = queue_on(loop, IORING_OP_RECV, OP_RECV, index, NONE);
	uint32_t most_bytes = loop->inc ? INC_RECV_BYTES : loop->bundle ? 1 : loop->buf_bytes;

	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->ioprio = loop->bundle ? IORING_RECVSEND_BUNDLE : 0;
	if (loop->single) {
		sqe->len = loop->inc ? INC_RECV_BYTES : loop->buf_bytes;
		sqe->ioprio |= conn->drained ? IORING_RECVSEND_POLL_FIRST : 0;
	} else {
		sqe->ioprio |= IORING_RECV_MULTISHOT;
	}
	if (loop->has_limit) {
		sqe->len = loop->inc ? INC_RECV_BYTES : 0;
		sqe->file_index = loop->server->buf_bytes - conn->held_bytes - most_bytes + 1;
	}
	conn->armed = true;
	conn->cancelled = false;
}

static void queue_cancel(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	struct io_uring_sqe *sqe = uring_queue(&loop->ring, IORING_OP_ASYNC_CANCEL, -1,
					       tag(OP_CANCEL, index, conn->generation, NONE));
	sqe->addr = tag(OP_RECV, index, conn->generation, NONE);
	conn->cancelled = true;
}

static void queue_accept(struct loop *loop, enum uring_accept next)
{
	struct io_uring_sqe *sqe =
		uring_queue_accept(&loop->ring, loop->server->listen_fd, next, tag(OP_ACCEPT, next, 0, NONE));
	if (next != URING_ACCEPT_NOW)
		return;
	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
	if (loop->direct) {
		sqe->accept_flags = 0; /* there is no descriptor */
		sqe->file_index = IORING_FILE_INDEX_ALLOC;
	}
}

static void queue_close(struct loop *loop, uint32_t index)
{
	struct io_uring_sqe *sqe =
		uring_queue_close(&loop->ring, loop->direct ? 0 : (int)index,
				  tag(OP_CLOSE, index, loop->conns[index].generation, NONE));
	if (loop->direct)
		sqe->file_index = index + 1;
}

/* Has the connection looked at once all results are. */
static void touch(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	if (conn->touched)
		return;
	conn->touched = true;
	loop->touched[loop->touched_count++] = index;
}

static char *buf_start(const struct loop *loop, uint32_t buf)
{
	return loop->pool + (size_t)buf * (loop->buf_bytes + BUF_GAP_BYTES);
}

static void buf_add(struct loop *loop, uint16_t buf)
{
	loop->buf[buf].at = loop->buf[buf].chunks = 0;
	loop->buf[buf].done = false;
	uring_bufs_add(&loop->bufs, buf_start(loop, buf), loop->buf_bytes, buf);
	loop->bufs_free++;
}

static void buf_done(struct loop *loop, uint16_t buf)
{
	loop->buf[buf].done = true;
	loop->bufs_free--;
}

static void buf_release(struct loop *loop, uint16_t buf)
{
	if (loop->buf[buf].done && loop->buf[buf].chunks == 0)
		buf_add(loop, buf);
}

/* A chain of pieces is not needed any more. */
static void chunks_release(struct loop *loop, uint16_t first)
{
	while (first != NONE) {
		struct chunk *chunk = &loop->chunks[first];
		uint16_t next = chunk->next;
		loop->buf[chunk->buf].chunks--;
		buf_release(loop, chunk->buf);
		chunk->next = loop->chunk_free;
		loop->chunk_free = first;
		first = next;
	}
}

static char *own_of(const struct loop *loop, uint32_t index)
{
	return loop->own + (size_t)index * loop->server->buf_bytes;
}

/* Moves bytes to the end of the connection's own buffer, if they fit behind what is being sent. */
static bool own_append(struct loop *loop, uint32_t index, const char *bytes, uint32_t count_bytes)
{
	struct conn *conn = &loop->conns[index];
	if (count_bytes > loop->server->buf_bytes - conn->end)
		return false;
	memcpy(own_of(loop, index) + conn->end, bytes, count_bytes);
	conn->end += count_bytes;
	return true;
}

/* Moves the pieces of a connection that waits for its socket, so that the ring has its buffers back. */
static void stow(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	while (conn->first != NONE) {
		uint16_t first = conn->first;
		struct chunk *chunk = &loop->chunks[first];
		if (!own_append(loop, index, chunk->at, chunk->bytes))
			return;
		conn->first = chunk->next;
		chunk->next = NONE;
		chunks_release(loop, first);
	}
}

/* Puts a piece behind those of the connection; what follows the last one in memory becomes part of it. */
static void chunk_append(struct loop *loop, uint32_t index, uint16_t buf, char *at, uint32_t bytes)
{
	struct conn *conn = &loop->conns[index];
	struct chunk *last = conn->first == NONE ? NULL : &loop->chunks[conn->last];

	if (last && last->at + last->bytes == at && last->buf == buf) {
		last->bytes += bytes;
		return;
	}
	uint16_t added = loop->chunk_free;
	if (added == NONE) {
		if (conn->sending != SENDING_CHUNKS && !last && own_append(loop, index, at, bytes))
			return;
		conn->broken = true;
		return;
	}
	loop->chunk_free = loop->chunks[added].next;
	loop->chunks[added] = (struct chunk){.at = at, .bytes = bytes, .buf = buf, .next = NONE};
	loop->buf[buf].chunks++;
	if (last)
		last->next = added;
	else
		conn->first = added;
	conn->last = added;
}

/*
 * The pieces that one send takes are cut off the chain. Returns how many: at least one, for the limit of
 * receives keeps all that a connection holds, and so the largest piece, within server->buf_bytes.
 */
static uint32_t detach(struct loop *loop, struct conn *conn, uint32_t most)
{
	uint16_t at = conn->first, last = at;
	uint32_t pieces = 0, bytes = 0;

	while (at != NONE && pieces < most && bytes + loop->chunks[at].bytes <= loop->server->buf_bytes) {
		bytes += loop->chunks[at].bytes;
		pieces++;
		last = at;
		at = loop->chunks[at].next;
	}
	assert(pieces > 0);
	loop->chunks[last].next = NONE;
	conn->sending = SENDING_CHUNKS;
	conn->sending_first = conn->first;
	conn->sending_bytes = bytes;
	conn->first = at;
	return pieces;
}

static struct msghdr *gather(struct loop *loop, uint16_t chunk)
{
	struct gather *gather = &loop->gathers[loop->gathers_used++];
	size_t pieces = 0;

	for (; chunk != NONE; chunk = loop->chunks[chunk].next)
		gather->pieces[pieces++] = (struct iovec){.iov_base = loop->chunks[chunk].at,
							  .iov_len = loop->chunks[chunk].bytes};
	gather->message = (struct msghdr){.msg_iov = gather->pieces, .msg_iovlen = pieces};
	return &gather->message;
}

/* A connection has one try at a time, and may have one more that failed and is not settled. */
static uint32_t tries_max(const struct loop *loop)
{
	return 2 * loop->server->fds_max;
}

/* MSG_WAITALL makes less than all of it a failure, which posts its result. */
static void queue_chunks(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	uint32_t pieces = detach(loop, conn, loop->gathers_used < GATHERS_MAX ? PIECES_MAX : 1);
	/* The kernel holds what it sends without a copy: not the last buffers that are there for receives. */
	bool zc = loop->zc && loop->bufs_free > loop->bufs_count / 4;
	uint8_t one = zc ? IORING_OP_SEND_ZC : IORING_OP_SEND;
	uint8_t several = zc ? IORING_OP_SENDMSG_ZC : IORING_OP_SENDMSG;

	struct tries *tries = &loop->tries[loop->known[loop->known_now].tries];
	bool tell = loop->explicit || tries->count == tries_max(loop);

	conn->sqe = loop->ring.sqe_tail;
	struct io_uring_sqe *sqe = queue_on(loop, pieces == 1 ? one : several, tell ? OP_SEND : OP_TRY, index,
					    conn->sending_first);
	if (pieces == 1) {
		sqe->addr = (uint64_t)(uintptr_t)loop->chunks[conn->sending_first].at;
		sqe->len = conn->sending_bytes;
	} else {
		sqe->addr = (uint64_t)(uintptr_t)gather(loop, conn->sending_first);
		sqe->len = 1;
	}
	sqe->msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	if (zc)
		sqe->ioprio = IORING_SEND_ZC_REPORT_USAGE;
	if (tell)
		return;
	sqe->msg_flags |= MSG_WAITALL;
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	tries->list[tries->count] =
		(struct tried){.index = index, .sqe = conn->sqe, .bytes = conn->sending_bytes};
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* for model_stopping, which may come in between */
	tries->count++;
}

/* Waits for room in the socket, and posts what it took then: what is sent is known at any time. */
static void queue_own(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	struct io_uring_sqe *sqe = queue_on(loop, IORING_OP_SEND, OP_SEND, index, NONE);
	sqe->addr = (uint64_t)(uintptr_t)(own_of(loop, index) + conn->from);
	sqe->len = conn->end - conn->from;
	sqe->msg_flags = MSG_NOSIGNAL;
	sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
	conn->sending = SENDING_OWN;
}

/* Nothing is under way here that needs the socket. */
static void conn_close(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	queue_close(loop, index);
	conn->open = false;
	loop->conns_open--;
	net_closed(loop->slot, conn->broken);
}

static void conn_open(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation),
			      .open = true,
			      .first = NONE,
			      .touched = conn->touched};
	loop->conns_open++;
	queue_recv(loop, index);
}

/* Of a direct accept: the table was full, and the kernel has closed the connection. */
static bool table_full(const struct loop *loop, int error)
{
	return loop->direct && error == ENFILE && loop->conns_open >= loop->server->conns_max;
}

static enum uring_accept accept_after(struct loop *loop, int error)
{
	if (error == EINVAL)
		die_unsupported("kernel refuses a multishot accept%s (5.19)",
				loop->direct ? " into the table of the ring" : "");
	if (table_full(loop, error)) {
		(void)net_admit_direct(loop->server, loop->slot, UINT32_MAX);
		return URING_ACCEPT_NOW;
	}
	enum uring_accept next = uring_accept_after(error, loop->server->listen_fd);
	/* A place of the table is none that accept4 could make free. */
	return loop->direct && next == URING_ACCEPT_WHEN_THERE ? URING_ACCEPT_LATER : next;
}

static void on_accepted(struct loop *loop, const struct io_uring_cqe *cqe)
{
	uint32_t index = (uint32_t)cqe->res;

	if (!loop->direct) {
		if (net_admit(loop->server, loop->slot, cqe->res))
			conn_open(loop, index);
	} else if (net_admit_direct(loop->server, loop->slot, index)) {
		conn_open(loop, index);
	} else {
		queue_close(loop, index);
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_accept(loop, URING_ACCEPT_NOW);
}

static void on_accept(struct loop *loop, enum uring_accept asked, const struct io_uring_cqe *cqe)
{
	enum uring_accept next = URING_ACCEPT_NOW;

	if (asked != URING_ACCEPT_NOW) {
		int fd = uring_accept_waited(loop->server, loop->slot, asked);
		if (fd >= 0)
			conn_open(loop, (uint32_t)fd);
	} else if (cqe->res >= 0) {
		on_accepted(loop, cqe);
		return;
	} else {
		next = accept_after(loop, -cqe->res);
	}
	queue_accept(loop, next);
}

/* The buffers that a receive has filled: one, or several in the order in which they were put into the ring.
 */
static void take_buffers(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	uint16_t buf = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
	uint32_t left_bytes = (uint32_t)cqe->res;

	if (loop->inc) {
		chunk_append(loop, index, buf, buf_start(loop, buf) + loop->buf[buf].at, left_bytes);
		loop->buf[buf].at += left_bytes;
		if (!(cqe->flags & IORING_CQE_F_BUF_MORE))
			buf_done(loop, buf);
		buf_release(loop, buf);
		return;
	}
	/* What is free ends at the tail; before it was taken, this buffer was the first of these. */
	uint16_t place = (uint16_t)(loop->bufs.tail - loop->bufs_free);
	while (left_bytes > 0) {
		uint32_t bytes = left_bytes < loop->buf_bytes ? left_bytes : loop->buf_bytes;
		chunk_append(loop, index, buf, buf_start(loop, buf), bytes);
		buf_done(loop, buf);
		buf_release(loop, buf);
		left_bytes -= bytes;
		buf = loop->bufs.ring[++place & loop->bufs.mask].bid;
	}
}

/* One that was taken for nothing. */
static void return_buffer(struct loop *loop, const struct io_uring_cqe *cqe)
{
	uint16_t buf = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

	if (cqe->flags & IORING_CQE_F_BUF_MORE)
		return;
	buf_done(loop, buf);
	buf_release(loop, buf);
}

static void on_data(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[index];

	/* What ended with its buffer and went on in the next at once is one read. */
	if (conn->split && conn->touched)
		count_add(loop->slot, COUNT_BYTES_IN, (uint64_t)cqe->res);
	else
		echo_received(loop->slot, (size_t)cqe->res);
	conn->drained = !(cqe->flags & IORING_CQE_F_SOCK_NONEMPTY);
	conn->split = loop->inc && !(cqe->flags & IORING_CQE_F_BUF_MORE);
	conn->held_bytes += (uint32_t)cqe->res;
	take_buffers(loop, index, cqe);
}

static void on_recv(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[index];

	if (!(cqe->flags & IORING_CQE_F_MORE))
		conn->armed = false;
	if (cqe->res <= 0 && cqe->flags & IORING_CQE_F_BUFFER)
		return_buffer(loop, cqe);
	if (cqe->res > 0) {
		on_data(loop, index, cqe);
	} else if (cqe->res == 0) {
		conn->ended = true;
	} else if (cqe->res == -ENOBUFS) {
		conn->starved = true;
		uring_starve(&loop->starved, loop->slot, index);
	} else if (cqe->res == -EINVAL) {
		die_unsupported("kernel refuses a multishot receive%s (6.0)",
				loop->bundle ? " of bundles" : "");
	} else if (cqe->res != -ECANCELED && !uring_is_transient(-cqe->res, (int)index, "io_uring recv")) {
		conn->broken = true;
	}
	touch(loop, index);
}

/* The pieces of a send that did not take all of them: what is left moves to the connection's own buffer. */
static void keep_unsent(struct loop *loop, uint32_t index, uint32_t sent_bytes)
{
	uint16_t at = loop->conns[index].sending_first;

	for (; at != NONE; at = loop->chunks[at].next) {
		const struct chunk *chunk = &loop->chunks[at];
		uint32_t skip = sent_bytes < chunk->bytes ? sent_bytes : chunk->bytes;
		bool fits = own_append(loop, index, chunk->at + skip, chunk->bytes - skip);
		assert(fits); /* it is empty, and detach took no more than it holds */
		sent_bytes -= skip;
	}
}

/* The result of a send that posts one, or that was not done. What it sent is counted already. */
static void on_send(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[index];
	uint32_t sent_bytes = cqe->res > 0 ? (uint32_t)cqe->res : 0;

	conn->held_bytes -= sent_bytes;
	if (conn->sending == SENDING_CHUNKS) {
		if (sent_bytes < conn->sending_bytes)
			keep_unsent(loop, index, sent_bytes);
		if (!(cqe->flags & IORING_CQE_F_MORE)) /* else they are the kernel's until it has said so */
			chunks_release(loop, conn->sending_first);
	} else {
		conn->from += sent_bytes;
		char *own = own_of(loop, index);
		memmove(own, own + conn->from, conn->end - conn->from);
		conn->end -= conn->from;
		conn->from = 0;
	}
	conn->sending = SENDING_NOTHING;
	/* Pages that are sent without a copy count as locked memory: what is over its limit is copied. */
	bool over_limit = loop->zc && (cqe->res == -ENOBUFS || cqe->res == -ENOMEM);
	if (cqe->res < 0 && !over_limit && !uring_is_transient(-cqe->res, (int)index, "io_uring send"))
		conn->broken = true;
	touch(loop, index);
}

/* Of a send without a copy: the kernel is done with its pieces. */
static void on_notification(struct loop *loop, const struct io_uring_cqe *cqe)
{
	if ((uint32_t)cqe->res & IORING_NOTIF_USAGE_ZC_COPIED)
		count(loop->slot, COUNT_ZC_COPIED);
	chunks_release(loop, (uint16_t)(cqe->user_data >> 48));
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	uint32_t index = tag_index(cqe->user_data);

	count(loop->slot, COUNT_EVENTS);
	switch (tag_op(cqe->user_data)) {
	case OP_ACCEPT:
		on_accept(loop, (enum uring_accept)index, cqe);
		return;
	case OP_RECV:
		assert(loop->conns[index].open &&
		       loop->conns[index].generation == (cqe->user_data >> 24 & URING_GENERATION_MASK));
		on_recv(loop, index, cqe);
		return;
	case OP_CLOSE:
		uring_closed(cqe->res, (int)index);
		return;
	case OP_TRY:
	case OP_SEND: /* settle saw to it */
	case OP_CANCEL:
	case OP_FILLER:
		return;
	}
}

/* Drops what a broken connection owes, but for what the kernel is at. */
static void drop(struct loop *loop, struct conn *conn)
{
	chunks_release(loop, conn->first);
	conn->first = NONE;
	if (conn->sending == SENDING_NOTHING)
		conn->from = conn->end = 0;
}

/* Starts what can be started on a connection, after all results that are there. */
static void advance(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];

	conn->touched = conn->split = false;
	if (!conn->open)
		return;
	if (conn->broken)
		drop(loop, conn);
	if (conn->sending == SENDING_OWN)
		stow(loop, index);
	else if (conn->sending == SENDING_NOTHING && conn->end > conn->from)
		queue_own(loop, index);
	else if (conn->sending == SENDING_NOTHING && conn->first != NONE)
		queue_chunks(loop, index);

	if (conn->armed) {
		bool endless = !loop->has_limit && !loop->single;
		bool pause = conn->broken || (endless && conn->sending == SENDING_OWN);
		if (pause && !conn->cancelled)
			queue_cancel(loop, index);
	} else if (conn->starved) {
		; /* feed goes on with it */
	} else if (conn->broken || conn->ended) {
		if (conn->sending == SENDING_NOTHING)
			conn_close(loop, index);
	} else if (conn->held_bytes <= loop->server->buf_bytes / 2) {
		queue_recv(loop, index);
	}
	/* Nothing will be posted when it is sent. */
	if (conn->sending == SENDING_CHUNKS && (conn->first != NONE || !(conn->armed || conn->starved)))
		loop->again = !loop->explicit;
}
/*
 * Adds what the CQEs that were not looked at yet say of sends and, once all SQEs are taken and no CQE is held
 * back, that the tries among them without a CQE are done. Changes nothing else, so it may be called anywhere.
 */
static struct known account(const struct loop *loop, bool taken)
{
	const struct uring *ring = &loop->ring;
	struct known known = loop->known[loop->known_now];
	uint32_t cq_tail = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
	uint32_t sq_head = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);

	known.results = false;
	for (; known.cqe != cq_tail; known.cqe++) {
		const struct io_uring_cqe *cqe = &ring->cqes[known.cqe & ring->cq_mask];
		enum op op = tag_op(cqe->user_data);
		if (op != OP_TRY && op != OP_SEND)
			continue;
		known.results = true;
		uint32_t sent_bytes = cqe->res > 0 ? (uint32_t)cqe->res : 0;
		if (cqe->flags & IORING_CQE_F_NOTIF)
			continue;
		known.short_writes += sent_bytes > 0 && op == OP_TRY;
		if (op == OP_TRY) { /* below it counts as done */
			known.missing_bytes +=
				loop->conns[tag_index(cqe->user_data)].sending_bytes - sent_bytes;
			known.missing_writes += sent_bytes == 0;
		} else {
			known.bytes += sent_bytes;
			known.writes += sent_bytes > 0;
		}
	}
	if (!taken)
		return known;
	const struct tries *tries = &loop->tries[known.tries];
	for (uint32_t i = 0; i < tries->count; i++) {
		if ((int32_t)(sq_head - tries->list[i].sqe) <= 0)
			continue;
		known.bytes += tries->list[i].bytes;
		known.writes++;
	}
	known.bytes -= known.missing_bytes;
	known.writes -= known.missing_writes;
	known.missing_bytes = known.missing_writes = 0;
	known.tries ^= 1;
	return known;
}

/* The counters are written by nobody else. */
static void publish(const struct loop *loop, const struct known *known)
{
	struct counters_slot *slot = loop->slot;
	count_add(slot, COUNT_BYTES_OUT, known->bytes - slot->value[COUNT_BYTES_OUT]);
	count_add(slot, COUNT_WRITES, known->writes - slot->value[COUNT_WRITES]);
	count_add(slot, COUNT_SHORT_WRITES, known->short_writes - slot->value[COUNT_SHORT_WRITES]);
}

/* A try that posted nothing has sent all. */
static void finish_try(struct loop *loop, const struct tried *tried)
{
	struct conn *conn = &loop->conns[tried->index];

	if (conn->sending != SENDING_CHUNKS || conn->sqe != tried->sqe)
		return;
	chunks_release(loop, conn->sending_first);
	conn->sending = SENDING_NOTHING;
	conn->held_bytes -= conn->sending_bytes;
	if (conn->first != NONE || !(conn->armed || conn->starved))
		touch(loop, tried->index);
}

/* Before any other result: what of the sends is done, so that nothing is sent before what comes before it. */
static void settle(struct loop *loop)
{
	struct uring *ring = &loop->ring;
	const struct known *before = &loop->known[loop->known_now];
	uint32_t sq_flags = __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED);
	bool taken = uring_sq_refresh(ring) == ring->sq_entries && !(sq_flags & IORING_SQ_CQ_OVERFLOW);
	struct known *now = &loop->known[loop->known_now ^ 1];

	*now = account(loop, taken);
	if (now->tries != before->tries)
		loop->tries[now->tries].count = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* for model_stopping, which may come in between */
	loop->known_now ^= 1;
	publish(loop, now);
	for (uint32_t at = before->cqe; now->results && at != now->cqe; at++) {
		const struct io_uring_cqe *cqe = &ring->cqes[at & ring->cq_mask];
		enum op op = tag_op(cqe->user_data);
		if (op != OP_TRY && op != OP_SEND)
			continue;
		if (cqe->flags & IORING_CQE_F_NOTIF)
			on_notification(loop, cqe);
		else
			on_send(loop, tag_index(cqe->user_data), cqe);
	}
	if (!taken)
		return;
	const struct tries *tries = &loop->tries[before->tries];
	for (uint32_t i = 0; i < tries->count; i++)
		finish_try(loop, &tries->list[i]);
	loop->gathers_used = 0;
}

/* Goes on with receives that found no buffer, as far as there are some now. */
static void feed(struct loop *loop)
{
	uint32_t fed = loop->bufs_free < loop->starved.count ? loop->bufs_free : loop->starved.count;

	for (; fed; fed--) {
		uint32_t index = uring_feed(&loop->starved);
		loop->conns[index].starved = false;
		touch(loop, index);
	}
}

static bool number_option(const char *arg, const char *name, uint32_t max, uint32_t *value)
{
	size_t len = strlen(name);
	if (strncmp(arg, name, len))
		return false;
	char *end;
	errno = 0;
	unsigned long parsed = strtoul(arg + len, &end, 10);
	if (errno || end == arg + len || *end || arg[len] == '-' || parsed == 0 || parsed > max)
		return false;
	*value = (uint32_t)parsed;
	return true;
}

static bool model_option(struct loop *loop, const char *arg)
{
	const struct {
		const char *name;
		bool *value;
	} flags[] = {{"--direct", &loop->direct},
		     {"--bundle", &loop->bundle},
		     {"--inc", &loop->inc},
		     {"--zc", &loop->zc},
		     {"--adaptive", &loop->adaptive},
		     {"--lean", &loop->lean},
		     {"--no-limit", &loop->no_limit},
		     {"--sqpoll", &loop->wants.sqpoll},
		     {"--accept=reuseport", &loop->reuseport}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!strcmp(arg, flags[i].name)) {
			*flags[i].value = true;
			return true;
		}
	}
	return number_option(arg, "--min-wait=", MIN_WAIT_MAX_US, &loop->min_wait_us) ||
	       number_option(arg, "--batch=", UINT16_MAX, &loop->batch);
}

static enum sharing model_sharing(const struct loop *loop)
{
	return loop->reuseport ? SHARING_PORT : SHARING_NONE;
}

/* Places in the table, and bits of user_data. */
static struct model_limit model_limit(void)
{
	return (struct model_limit){.conns = INDEX_MAX - SERVER_FDS_RESERVED,
				    .name = "IORING_MAX_FIXED_FILES",
				    .value = INDEX_MAX};
}

static void set_wants(struct loop *loop, const struct server *server)
{
	if (loop->bundle && loop->inc)
		die_usage("--bundle and --inc exclude each other");
	loop->wants.taskrun = loop->wants.sqpoll ? TASKRUN_AUTO : TASKRUN_DEFER;
	loop->wants.no_sqarray = loop->lean;
	uring_size(&loop->wants, server, SQ_ENTRIES, 2 * SQ_ENTRIES);
}

static bool refused(struct probe *probe, const char *what, int error)
{
	struct rlimit memlock = {0};

	if (error == 0)
		return false;
	(void)getrlimit(RLIMIT_MEMLOCK, &memlock);
	if (error == -ENOMEM)
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "no memory for %s (ENOMEM); without CAP_IPC_LOCK it may count as locked memory, of "
			 "which "
			 "RLIMIT_MEMLOCK allows %llu KiB to all of this user's processes: raise it with "
			 "ulimit -l",
			 what, (unsigned long long)memlock.rlim_cur / 1024);
	else
		snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel refuses %s: %s", what, strerror(-error));
	return true;
}

static bool lacks(struct probe *probe, bool wanted, bool there, const char *what)
{
	if (wanted && !there)
		snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel's io_uring has no %s", what);
	return wanted && !there;
}

/* The options beside the ring: buffers, table, registered ring. */
static enum exit_code register_all(struct loop *loop, const struct server *server, struct probe *probe)
{
	struct uring *ring = &loop->ring;
	union uring_ops known;
	(void)uring_ask_ops(ring, &known);

	if (lacks(probe, !loop->explicit, ring->has_cqe_skip, "IORING_FEAT_CQE_SKIP (5.17)") ||
	    lacks(probe, loop->bundle, ring->features & IORING_FEAT_RECVSEND_BUNDLE,
		  "IORING_FEAT_RECVSEND_BUNDLE (6.10)") ||
	    lacks(probe, loop->min_wait_us, ring->features & IORING_FEAT_MIN_TIMEOUT,
		  "IORING_FEAT_MIN_TIMEOUT (6.12)") ||
	    lacks(probe, loop->zc, uring_knows(&known, IORING_OP_SENDMSG_ZC), "IORING_OP_SENDMSG_ZC (6.1)"))
		return EXIT_UNSUPPORTED;
	if (refused(probe, loop->inc ? "a ring of incremental buffers (6.12)" : "a ring of buffers (5.19)",
		    uring_bufs_open(ring, &loop->bufs, BUFS_MAX, loop->inc ? IOU_PBUF_RING_INC : 0)))
		return EXIT_UNSUPPORTED;
	if (loop->direct && refused(probe, "an empty table of direct descriptors (5.19)",
				    uring_files_open(ring, server->fds_max)))
		return EXIT_UNSUPPORTED;
	if (loop->lean)
		(void)uring_register_self(ring); /* 5.18; without, it is only dearer */
	return EXIT_SERVED;
}

/*
 * Whether the kernel knows a limit of what a receive hands over: asked for one byte, one that does ends with
 * it, any other refuses the request.
 */
static bool try_limit(struct loop *loop)
{
	struct counters_slot uncounted = {0};
	struct uring *ring = &loop->ring;
	char byte;
	int pair[2], error;

	if (loop->no_limit || loop->single)
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	if (write(pair[1], "", 1) != 1)
		die("write(socketpair)");
	/* Of one byte: it is used up, whatever the ring is. */
	uring_bufs_add(&loop->bufs, &byte, sizeof(byte), 0);
	uring_bufs_publish(&loop->bufs);
	struct io_uring_sqe *sqe = uring_queue(ring, IORING_OP_RECV, pair[0], tag(OP_FILLER, 0, 0, NONE));
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->ioprio = IORING_RECV_MULTISHOT | (loop->bundle ? IORING_RECVSEND_BUNDLE : 0);
	sqe->len = loop->inc ? INC_RECV_BYTES : 0;
	sqe->file_index = 1;
	do
		error = uring_submit(ring, &uncounted, 1);
	while (error == -EINTR || (error == 0 && uring_ready(ring) == 0));
	if (error < 0) {
		errno = -error;
		die("io_uring_enter");
	}
	const struct io_uring_cqe *cqe = uring_cqe(ring);
	bool known = cqe->res == 1 && !(cqe->flags & IORING_CQE_F_MORE);
	if (cqe->res != 1)
		loop->bufs.tail--; /* not taken: the first of the pool gets its place */
	close(pair[0]);
	close(pair[1]);
	return known;
}

/* Filled before the ready line: what a server needs at most is in its memory from the start. */
static void fill_pool(struct loop *loop)
{
	loop->buf_bytes = loop->inc ? INC_BUF_BYTES : BUF_BYTES;
	if (!loop->has_limit && !loop->single)
		loop->buf_bytes = ENDLESS_BUF_BYTES;
	loop->bufs_count = POOL_BYTES / loop->buf_bytes;
	if (loop->bufs_count > BUFS_MAX)
		loop->bufs_count = BUFS_MAX;
	size_t bytes = (size_t)loop->bufs_count * (loop->buf_bytes + BUF_GAP_BYTES);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;

	loop->pool = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (loop->pool == MAP_FAILED)
		die("mmap(%zu bytes)", bytes);
	for (uint32_t buf = 0; buf < loop->bufs_count; buf++)
		buf_add(loop, (uint16_t)buf);
	uring_bufs_publish(&loop->bufs);
}

static enum exit_code open_all(struct loop *loop, const struct server *server, struct probe *probe)
{
	set_wants(loop, server);
	loop->explicit = loop->wants.sqpoll || loop->zc;
	loop->single = loop->wants.sqpoll;
	enum exit_code code = uring_open(&loop->ring, &loop->wants, probe);
	if (code == EXIT_SERVED)
		code = register_all(loop, server, probe);
	if (code != EXIT_SERVED)
		return code;
	loop->has_limit = try_limit(loop);
	/*
	 * Without the limit a receive hands over up to 32 results in a turn (MULTISHOT_MAX_RETRY of the
	 * kernel's io_uring/net.c), and as many again before a cancel is heard; nor may it name a size (6.17
	 * allows both). So a bundle brings as much as there is, and a result as much as an incremental buffer
	 * has left. With buffers of 512 KiB that is more than a send may take (see detach). With
	 * ENDLESS_BUF_BYTES, which leave nothing to use bit by bit, a slow reader was owed up to 81,856 of
	 * its 65,536 bytes in 20 of 25 tries on 6.18, where plain buffers of that size came to 67,232 in 3
	 * of 25. The counters were right in all of them: bytes_in is what left the receive queues of a server
	 * that is stopped in between.
	 */
	if (lacks(probe, (loop->bundle || loop->inc) && !loop->single, loop->has_limit,
		  "limit of receives (6.17): one could bring more than a connection may owe"))
		return EXIT_UNSUPPORTED;
	fill_pool(loop);
	return EXIT_SERVED;
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	set_wants(loop, server);
	enum exit_code code = uring_probe(&loop->wants, probe);
	struct probe own = {0};
	if (code == EXIT_SERVED && open_all(loop, server, &own) != EXIT_SERVED) {
		memcpy(probe->reason, own.reason, sizeof(own.reason));
		code = EXIT_UNSUPPORTED;
	}
	if (code == EXIT_SERVED && loop->has_limit)
		strncat(probe->features, ",RECV_LIMIT", PROBE_TEXT_BYTES - strlen(probe->features) - 1);
	return code;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct probe probe = {0};

	loop->server = server;
	loop->slot = server->slot;
	if (open_all(loop, server, &probe) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
	loop->spins = uring_spins(&loop->ring, server);
	loop->ring.min_wait_us = loop->min_wait_us;
	if (!loop->batch)
		loop->batch = loop->min_wait_us ? BATCH_DEFAULT : 1;
	loop->wait_for = loop->adaptive ? 1 : loop->batch;
	loop->known[0].cqe = loop->known[1].cqe = loop->ring.cqe_head;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->own = net_slab(server->fds_max, server->buf_bytes);
	loop->touched = net_slab(server->fds_max, sizeof(*loop->touched));
	loop->starved.list = net_slab(server->fds_max, sizeof(*loop->starved.list));
	loop->starved.places = server->fds_max;
	for (int i = 0; i < 2; i++)
		loop->tries[i].list = net_slab(tries_max(loop), sizeof(struct tried));
	loop->gathers = net_slab(GATHERS_MAX, sizeof(*loop->gathers));
	loop->chunks = net_slab(CHUNKS_MAX, sizeof(*loop->chunks));
	for (uint16_t i = 0; i < CHUNKS_MAX; i++)
		loop->chunks[i].next = i + 1u < CHUNKS_MAX ? i + 1 : NONE;
}

static void make_room(struct loop *loop)
{
	if (uring_has_room(&loop->ring, SQES_PER_STEP))
		return;
	uring_bufs_publish(&loop->bufs);
	uring_make_room(&loop->ring, loop->slot, SQES_PER_STEP, tag(OP_FILLER, 0, 0, NONE));
}

static void wait_for_events(struct loop *loop)
{
	uint32_t wait_for = loop->again ? 0 : loop->wait_for;

	loop->again = false;
	uring_bufs_publish(&loop->bufs);
	uring_wait(&loop->ring, loop->slot, wait_for, loop->spins);
}

/*
 * Waits for one result more as long as they come in time, and for fewer than came when they did not: then it
 * does not try for a while. Never for more than half of the connections: the others' turn is prepared
 * meanwhile.
 */
static void adapt(struct loop *loop, uint32_t came)
{
	uint32_t most = loop->conns_open / 2 < loop->batch ? loop->conns_open / 2 : loop->batch;

	if (came == 0)
		return; /* interrupted by a signal */
	if (came < loop->wait_for) {
		loop->wait_for = came * 3 / 4;
		loop->hold = HOLD_TURNS;
	} else if (loop->hold) {
		loop->hold--;
	} else {
		loop->wait_for++;
	}
	if (loop->wait_for > most)
		loop->wait_for = most;
	if (loop->wait_for < 1)
		loop->wait_for = 1;
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop, URING_ACCEPT_NOW);
	for (;;) {
		wait_for_events(loop);
		count(loop->slot, COUNT_WAKEUPS);
		settle(loop);
		/* Only those that settle has looked at: a send that failed comes before what is received
		 * later. */
		uint32_t ready = loop->known[loop->known_now].cqe - loop->ring.cqe_head;
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		if (loop->adaptive)
			adapt(loop, ready);
		for (; ready; ready--) {
			make_room(loop);
			on_event(loop, uring_cqe(&loop->ring));
		}
		feed(loop);
		for (uint32_t i = 0; i < loop->touched_count; i++) {
			make_room(loop);
			advance(loop, loop->touched[i]);
		}
		loop->touched_count = 0;
	}
}

/* What is sent and was not looked at yet. The SQ thread needs some time for what it has just been given. */
static void model_stopping(struct loop *loop)
{
	struct uring *ring = &loop->ring;
	uint32_t given = __atomic_load_n(ring->sq_tail, __ATOMIC_RELAXED);

	for (uint32_t i = 0; loop->wants.sqpoll && i < SETTLE_SPINS; i++) {
		if (__atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) == given)
			break;
		uring_pause();
	}
	struct known known = account(loop, true);
	publish(loop, &known);
}

/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread. A non-blocking one
 * would post -EAGAIN instead.
 */
MODEL(.name = "io_uring_multishot",
      .usage = "[--direct] [--bundle|--inc] [--zc] [--min-wait=US [--batch=N] [--adaptive]] [--lean] "
	       "[--no-limit] [--sqpoll] [--accept=reuseport]",
      .listen_blocking = true, .option = model_option, .sharing = model_sharing, .limit = model_limit,
      .probe = model_probe, .stopping = model_stopping);
