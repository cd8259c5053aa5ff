/* ring.h - io_uring for probes: the servers' ring, of which no call is counted. */
#ifndef IOMB_PROBES_RING_H
#define IOMB_PROBES_RING_H

#include "../server/uring.h"
#include "probe.h"

enum { RING_ENTRIES = 64 };

/* A ring with these flags, IORING_SETUP_*. 0 or -errno. */
static inline int ring_try(struct uring *ring, uint32_t entries, uint32_t flags, uint32_t idle_ms)
{
	struct io_uring_params wanted = {.sq_thread_idle = idle_ms};
	return uring_setup(ring, entries, &wanted, &flags, 1);
}

/* What forbids or lacks the ring that was refused with this errno, as far as the host says. */
const char *ring_refusal(int error);

/* The same; where there is none, the probe is unsupported. */
static inline void ring_open(struct uring *ring, uint32_t flags)
{
	int error = ring_try(ring, RING_ENTRIES, flags, 0);
	if (error < 0)
		probe_unsupported("io_uring_setup(flags %#x): %s", flags, ring_refusal(-error));
}

static inline void ring_needs(const struct uring *ring, uint8_t op, const char *name)
{
	union uring_ops known;
	if (uring_ask_ops(ring, &known) < 0 || !uring_knows(&known, op))
		probe_unsupported("this kernel's io_uring has no IORING_OP_%s", name);
}

/* An SQE; user_data is its number. */
static inline struct io_uring_sqe *ring_sqe(struct uring *ring, uint8_t op, int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_sqe(ring);
	if (!sqe)
		probe_odd("the submission queue is full");
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = user_data;
	return sqe;
}

static inline struct io_uring_sqe *ring_rw(struct uring *ring, uint8_t op, int fd, void *buf, uint32_t bytes)
{
	struct io_uring_sqe *sqe = ring_sqe(ring, op, fd, 0);
	sqe->addr = (uint64_t)(uintptr_t)buf;
	sqe->len = bytes;
	return sqe;
}

/* Submits, and waits for so many CQEs. */
static inline void ring_submit(struct uring *ring, uint32_t wait_for)
{
	struct counters_slot uncounted = {0};
	int error;
	do
		error = uring_submit(ring, &uncounted, wait_for);
	while (error == -EINTR || error == -EAGAIN);
	errno = -error;
	if (error < 0)
		probe_broken("io_uring_enter");
}

/* The next CQE, waited for. */
static inline struct io_uring_cqe ring_wait(struct uring *ring)
{
	while (uring_ready(ring) == 0)
		ring_submit(ring, 1);
	return *uring_cqe(ring);
}

/* How many CQEs are there when this time has passed, entering the kernel meanwhile; as soon as enough are. */
uint32_t ring_await(struct uring *ring, uint32_t enough, uint32_t ms);

#endif
