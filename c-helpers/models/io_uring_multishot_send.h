/*
 * io_uring_multishot_send.h - the sends of io_uring_multishot.c, of which most post no result: how they are
 * queued, and how it is known what they have sent.
 */
#ifndef IOMB_IO_URING_MULTISHOT_SEND_H
#define IOMB_IO_URING_MULTISHOT_SEND_H

#include "io_uring_multishot_bufs.h"

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

#endif
