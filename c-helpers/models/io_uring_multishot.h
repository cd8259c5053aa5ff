/*
 * io_uring_multishot.h - what io_uring_multishot.c is made of: its state, and how its requests are named.
 *
 * The program is one translation unit. What its headers hold is static and not inline: so the compiler
 * decides what of it to inline as it does within one file, and makes the same code.
 */
#ifndef IOMB_IO_URING_MULTISHOT_H
#define IOMB_IO_URING_MULTISHOT_H

#include <sys/uio.h>

#include "../server/uring_serve.h"

/* What one incremental receive asks for. */
#define INC_RECV_BYTES 16384u
#define BUFS_MAX 4096u
/* Pieces of data in the ring's buffers; over it, they move to the connection's own. */
#define CHUNKS_MAX 32768u
#define NONE UINT16_MAX

/* Sends of several pieces between two submits, and pieces of one. */
#define GATHERS_MAX 64u
#define PIECES_MAX 64u

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

/* Has the connection looked at once all results are. */
static void touch(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	if (conn->touched)
		return;
	conn->touched = true;
	loop->touched[loop->touched_count++] = index;
}

#endif
