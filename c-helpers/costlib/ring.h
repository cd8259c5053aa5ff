/* ring.h - an io_uring of a cost, or the reason why there is none. */
#ifndef IOMB_COSTS_RING_H
#define IOMB_COSTS_RING_H

#include <sys/uio.h>

#include "../server/uring.h"
#include "cost.h"

#define RING_ENTRIES 128

/* setup_flags: IORING_SETUP_*; with SQPOLL the SQ thread is bound to sq_cpu, unless that is -1. */
bool ring_open(struct bench *bench, struct uring *ring, uint32_t setup_flags, int sq_cpu);

/* Whether all of these operations are known; else the reason is said. */
bool ring_needs(struct bench *bench, const struct uring *ring, uint8_t op, const char *name);

/*
 * Submits what was queued and waits for as many completions, in one call but where the kernel takes it in
 * pieces. SQPOLL is not for it.
 */
static inline bool ring_submit_and_wait(struct bench *bench, struct uring *ring, uint32_t count)
{
	uint32_t submitted = 0;

	__atomic_store_n(ring->sq_tail, ring->sqe_tail, __ATOMIC_RELEASE);
	do {
		int n = (int)syscall(SYS_io_uring_enter, ring->fd, count - submitted, count,
				     IORING_ENTER_GETEVENTS, NULL, 0);
		if (n < 0 && (errno != EINTR || !bench_goes_on(bench)))
			return bench_fail(bench, "io_uring_enter");
		submitted += n > 0 ? (uint32_t)n : 0;
	} while (submitted < count || uring_ready(ring) < count);
	return true;
}

/* Takes so many CQEs, each with the result expected; -1: any that is no error. */
static inline bool ring_reap(struct bench *bench, struct uring *ring, uint32_t count, int32_t expected)
{
	for (uint32_t i = 0; i < count; i++) {
		int32_t result = uring_cqe(ring)->res;
		if (result < 0 || (expected >= 0 && result != expected)) {
			errno = -result;
			return result < 0
				       ? bench_fail(bench, "completion")
				       : bench_wrong(bench, "completion: %d, expected %d", result, expected);
		}
	}
	__atomic_store_n(ring->cq_head, ring->cqe_head, __ATOMIC_RELEASE);
	return true;
}

#endif
