/*
 * uring_serve.h - how servers use a ring of uring.h: room for what an event queues, the wait, and the
 * requests that they all make.
 */
#ifndef IOMB_URING_SERVE_H
#define IOMB_URING_SERVE_H

#include <assert.h>

#include "uring.h"
#include "uring_conns.h"

/* A ring of so many SQEs, or the process ends with the reason. */
void uring_open_or_die(struct uring *ring, const struct uring_wants *wants);

/*
 * What a server asks for: a connection has at most two CQEs, and what is over the limit of the kernel, that
 * holds back.
 */
void uring_size(struct uring_wants *wants, const struct server *server, uint32_t sq_entries, uint32_t cq_min);

/* Submits and waits as uring_submit does; what is to be called again is left to the caller, who looks for
 * CQEs. */
static inline void uring_submit_or_die(struct uring *ring, struct counters_slot *slot, uint32_t wait_for)
{
	int error = uring_submit(ring, slot, wait_for);
	if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY && error != -ETIME) {
		errno = -error;
		die("io_uring_enter(wait for %u)", wait_for);
	}
}

static inline bool uring_has_sqpoll(const struct uring *ring)
{
	return ring->setup_flags & IORING_SETUP_SQPOLL;
}

/* Whether so many SQEs can be queued; else uring_make_room, which submits. They stay in one submit: a link
 * ends with it. */
static inline bool uring_has_room(struct uring *ring, uint32_t sqes)
{
	return uring_sq_space(ring) >= sqes || uring_sq_refresh(ring) >= sqes;
}

/* With SQPOLL the SQ is filled up with NOPs, whose CQEs have the tag filler. */
void uring_make_room(struct uring *ring, struct counters_slot *slot, uint32_t sqes, uint64_t filler);

/* How often such a server looks at an empty CQ before it sleeps: with one CPU it would only keep the SQ
 * thread from its work. */
uint32_t uring_spins(const struct uring *ring, const struct server *server);

/* Submits, and returns once there are wait_for CQEs, or fewer, where the wait ended. */
static inline void uring_wait(struct uring *ring, struct counters_slot *slot, uint32_t wait_for,
			      uint32_t spins)
{
	if (uring_has_sqpoll(ring) && (spins || uring_ready(ring))) {
		uring_submit_or_die(ring, slot, 0);
		for (uint32_t i = 0; i < spins && !uring_ready(ring); i++)
			uring_pause();
		if (uring_ready(ring))
			return;
	}
	uring_submit_or_die(ring, slot, wait_for);
}

/* There is room: uring_has_room said so, or uring_make_room saw to it. */
static inline struct io_uring_sqe *uring_queue(struct uring *ring, uint8_t opcode, int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_sqe(ring);
	assert(sqe);
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = user_data;
	return sqe;
}

static inline struct io_uring_sqe *uring_queue_poll(struct uring *ring, int fd, uint32_t events,
						    uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_queue(ring, IORING_OP_POLL_ADD, fd, user_data);
	sqe->poll32_events = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? events << 16 : events;
	return sqe;
}

/* A close without a CQE where the kernel can do without. It costs no system call of its own. */
static inline struct io_uring_sqe *uring_queue_close(struct uring *ring, int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_queue(ring, IORING_OP_CLOSE, fd, user_data);
	sqe->flags = ring->has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0;
	return sqe;
}

/* The request that leads to the next connection. */
struct io_uring_sqe *uring_queue_accept(struct uring *ring, int listen_fd, enum uring_accept next,
					uint64_t user_data);

#endif
