/* cq_overflow - more completions than the CQ has room for: kept or dropped, and what tells of it. */
#include "ring.h"

enum { ENTRIES = 4, BATCHES = 8, FEAT_NODROP = 1 << 1 };

static void run(void)
{
	struct counters_slot uncounted = {0};
	struct uring ring;
	uint32_t submitted = 0, reaped = 0;
	int error = ring_try(&ring, ENTRIES, 0, 0);

	if (error < 0)
		probe_unsupported("io_uring_setup: %s", ring_refusal(-error));
	/* By hand: uring_submit would have them flushed. A full CQ may refuse more (EBUSY). */
	for (int batch = 0; batch < BATCHES; batch++) {
		uint32_t count = 0;
		while (uring_sq_refresh(&ring) > 0 && count < ENTRIES) {
			ring_sqe(&ring, IORING_OP_NOP, -1, submitted + count);
			count++;
		}
		__atomic_store_n(ring.sq_tail, ring.sqe_tail, __ATOMIC_RELEASE);
		error = uring_enter(&ring, &uncounted, count, 0, 0);
		if (error < 0 && error != -EBUSY)
			probe_odd("io_uring_enter: %s", strerror(-error));
		submitted += count;
		if (error == -EBUSY)
			break;
	}
	observe("entries", ring.cq_entries);
	observe("submitted", *ring.sq_head);
	observe("inQueue", uring_ready(&ring));
	observe_is("flagSet", __atomic_load_n(ring.sq_flags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW);
	observe_is("refused", error == -EBUSY);
	while (ring_await(&ring, 1, QUIET_MS) > 0) {
		reaped++;
		(void)uring_cqe(&ring);
	}
	observe("reaped", reaped);
	observe("dropped", *ring.cq_dropped);
	observe_is("nodrop", ring.features & FEAT_NODROP);
}

PROBE(.id = "cq-overflow", .title = "more completions than the CQ has room for", .run = run,
      .values = {
	      NUMBER("entries", "entries of the CQ"),
	      NUMBER("submitted", "requests that the kernel took, each complete at once"),
	      NUMBER("inQueue", "CQEs in the queue then"),
	      BOOLEAN("flagSet", "IORING_SQ_CQ_OVERFLOW tells of it"),
	      BOOLEAN("refused", "the kernel refused more with EBUSY"),
	      NUMBER("reaped", "CQEs that could be read in all"),
	      NUMBER("dropped", "CQEs that the ring says were dropped"),
	      BOOLEAN("nodrop", "IORING_FEAT_NODROP is there"),
      });
