/*
 * io_uring_multishot_bufs.h - the buffers of io_uring_multishot.c: the ring that the kernel takes them from,
 * the pieces of data in them, which hold a buffer back until all of its pieces are sent, and a connection's
 * own buffer, which pieces move to so that the ring has its buffers back.
 */
#ifndef IOMB_IO_URING_MULTISHOT_BUFS_H
#define IOMB_IO_URING_MULTISHOT_BUFS_H

#include "io_uring_multishot.h"

/* The ring's buffers together; incremental ones are fewer and larger. */
#define POOL_BYTES (4u << 20)
#define BUF_BYTES 4096u
#define INC_BUF_BYTES (512u << 10)
/* Without a limit, what comes before a cancel reaches the receive, 32 buffers twice, must not be much. */
#define ENDLESS_BUF_BYTES 512u
/* Between two, or the starts of all would share the same few sets of the cache. */
#define BUF_GAP_BYTES 64u

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

/* Drops what a broken connection owes, but for what the kernel is at. */
static void drop(struct loop *loop, struct conn *conn)
{
	chunks_release(loop, conn->first);
	conn->first = NONE;
	if (conn->sending == SENDING_NOTHING)
		conn->from = conn->end = 0;
}

#endif
