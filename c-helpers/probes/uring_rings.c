/*
 * uring_rings - one io_uring_enter for a batch, and who writes which end of the rings: the kernel moves the
 * SQ head and the CQ tail, which the program reads.
 */
#include <stdlib.h>

#include "ring.h"
#include "trace.h"

enum { BATCH = 64, LIMIT_MS = 500 };

static void batch(void *arg)
{
	struct uring ring;

	(void)arg;
	ring_open(&ring, 0);
	trace_begin();
	for (uint32_t i = 0; i < BATCH; i++)
		ring_sqe(&ring, IORING_OP_NOP, -1, i);
	ring_submit(&ring, BATCH);
	for (uint32_t i = 0; i < BATCH; i++)
		if (uring_ready(&ring) == 0 || uring_cqe(&ring)->user_data != i)
			exit(EXIT_FAILURE);
	trace_end();
}

static void look_calls(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));

	trace_calls(trace, batch, NULL);
	uint32_t enters = trace_count(trace, SYS_io_uring_enter);
	observe("batch", BATCH);
	observe("enterCalls", enters);
	observe("otherCalls", (double)trace->calls - enters);
	if (enters == 0)
		probe_odd("a batch without io_uring_enter");
	observe("toSubmit", (double)trace->call[0].args[1]);
	observe("minComplete", (double)trace->call[0].args[2]);
}

static void run(void)
{
	struct counters_slot uncounted = {0};
	struct uring ring;

	look_calls();
	ring_open(&ring, 0);
	uint32_t sq_head = *ring.sq_head, sq_tail = *ring.sq_tail, cq_head = *ring.cq_head,
		 cq_tail = *ring.cq_tail;
	for (uint32_t i = 0; i < BATCH; i++)
		ring_sqe(&ring, IORING_OP_NOP, -1, i);
	ring_submit(&ring, BATCH);
	observe("sqHeadMoved", __atomic_load_n(ring.sq_head, __ATOMIC_ACQUIRE) - sq_head);
	observe("sqTailMoved", *ring.sq_tail - sq_tail);
	observe("cqTailMoved", __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) - cq_tail);
	observe("cqHeadMoved", *ring.cq_head - cq_head);
	while (uring_ready(&ring) > 0)
		(void)uring_cqe(&ring);
	ring_submit(&ring, 0);
	/* Nothing is in flight: with GETEVENTS it would wait for ever, and the deadline would end it. */
	observe_is("noGeteventsAtOnce", uring_enter(&ring, &uncounted, 0, 1, 0) == 0);
}

PROBE(.id = "uring-rings", .title = "a batch in one call, and who moves the ends of the rings", .run = run,
      .values = {
	      NUMBER("batch", "requests that are queued, submitted, waited for and read"),
	      NUMBER("enterCalls", "io_uring_enter calls meanwhile, traced"),
	      NUMBER("otherCalls", "other system calls meanwhile, traced"),
	      NUMBER("toSubmit", "the second argument of the call"),
	      NUMBER("minComplete", "the third"),
	      NUMBER("sqHeadMoved", "what the kernel moved the SQ head by"),
	      NUMBER("sqTailMoved", "what the program moved the SQ tail by"),
	      NUMBER("cqTailMoved", "what the kernel moved the CQ tail by"),
	      NUMBER("cqHeadMoved", "what the program had moved the CQ head by then"),
	      BOOLEAN("noGeteventsAtOnce", "min_complete 1 without IORING_ENTER_GETEVENTS does not wait"),
      });
