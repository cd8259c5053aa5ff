/*
 * test_uring.c - server/uring.h against the kernel that runs it. Exit 0 passed, 1 failed, 77 where
 * io_uring is not available. Builds alone: the header needs nothing from the server's other files.
 */
#include <time.h>

#include "../server/uring.h"
#include "check.h"

#define SQ_ENTRIES 8u
#define SQ_THREAD_IDLE_MS 1
#define WAIT_MAX_S 10
#define UNKNOWN_FLAG (1u << 31)

/* A ring that misbehaves would hang what comes after, so each step ends the test. */
#define CHECK(condition) need(condition, "test_uring.c:%d: %s: %s", __LINE__, at, #condition)

static struct counters_slot slot;
static const char *at; /* the flag set under test */

static uint64_t enters(void)
{
	return slot.value[COUNT_SYS_IO_URING_ENTER];
}

static struct uring open_ring(uint32_t cq_entries, uint32_t flags)
{
	struct io_uring_params params = {.cq_entries = cq_entries, .sq_thread_idle = SQ_THREAD_IDLE_MS};
	struct uring ring;
	flags |= IORING_SETUP_CQSIZE;
	CHECK(uring_setup(&ring, SQ_ENTRIES, &params, &flags, 1) == 0);
	return ring;
}

static bool queue_nop(struct uring *ring, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_sqe(ring);
	if (!sqe)
		return false;
	sqe->opcode = IORING_OP_NOP;
	sqe->user_data = user_data;
	return true;
}

/* Submits and waits until at least count CQEs are there, through EINTR. */
static void wait_ready(struct uring *ring, uint32_t count)
{
	int error;
	do {
		error = uring_submit(ring, &slot, count);
		CHECK(error == 0 || error == -EINTR);
	} while (uring_ready(ring) < count);
}

static void test_index_arithmetic(void)
{
	uint32_t cq_tail = 2, sq_head = UINT32_MAX - 2;
	struct uring ring = {.sq_entries = SQ_ENTRIES,
			     .sqe_tail = 3,
			     .head_seen = UINT32_MAX - 4,
			     .sq_head = &sq_head,
			     .cqe_head = UINT32_MAX,
			     .cq_tail = &cq_tail};

	at = "indexes across 2^32";
	CHECK(uring_sq_space(&ring) == 0);
	CHECK(uring_sq_refresh(&ring) == 2);
	CHECK(uring_ready(&ring) == 3);
	check(true, "%s: they wrap", at);
}

static void test_setup(void)
{
	const uint32_t known = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
	const uint32_t sets[] = {UNKNOWN_FLAG, known | UNKNOWN_FLAG, known, 0};
	struct io_uring_params params = {.cq_entries = 100};
	struct uring ring;
	union uring_ops ops;

	at = "setup";
	CHECK(uring_setup(&ring, 5, &params, sets, 4) == 0);
	CHECK(ring.setup_flags == known);
	CHECK(ring.sq_entries == 8 && ring.sq_mask == 7);
	CHECK(ring.cq_entries == 128 && ring.cq_mask == 127);
	CHECK(uring_sq_space(&ring) == 8 && uring_ready(&ring) == 0);
	CHECK(uring_ask_ops(&ring, &ops) == 0);
	CHECK(uring_knows(&ops, IORING_OP_NOP) && !uring_knows(&ops, UINT8_MAX));
	uring_close(&ring);
	CHECK(ring.fd == -1);
	uring_close(&ring);
	CHECK(uring_setup(&ring, 5, &params, sets, 2) == -EINVAL && ring.fd == -1);
	check(true, "%s: takes the first flag set that the kernel knows, and rounds up", at);
}

static void test_sq_full(uint32_t flags)
{
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	uint64_t before = enters();

	CHECK(uring_submit(&ring, &slot, 0) == 0);
	CHECK(enters() == before); /* nothing to say, so no system call */
	for (uint32_t i = 0; i < SQ_ENTRIES; i++)
		CHECK(queue_nop(&ring, i));
	CHECK(uring_sq_space(&ring) == 0);
	CHECK(!queue_nop(&ring, SQ_ENTRIES));
	wait_ready(&ring, SQ_ENTRIES);
	CHECK(uring_sq_refresh(&ring) == SQ_ENTRIES);
	CHECK(queue_nop(&ring, SQ_ENTRIES));
	uring_close(&ring);
	check(true, "%s: a full SQ refuses an SQE, and a submit makes room", at);
}

/* Batches of all sizes, so that both rings wrap at every offset. */
static void test_round_trips(uint32_t flags)
{
	struct uring ring = open_ring(2 * SQ_ENTRIES, flags);
	uint64_t sent = 0, received = 0, before = enters();
	uint32_t rounds = 100;

	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t batch = 1 + round % SQ_ENTRIES;
		for (uint32_t i = 0; i < batch; i++)
			CHECK(queue_nop(&ring, sent++));
		wait_ready(&ring, batch);
		CHECK(uring_ready(&ring) == batch);
		for (uint32_t i = 0; i < batch; i++) {
			const struct io_uring_cqe *cqe = uring_cqe(&ring);
			CHECK(cqe->user_data == received++ && cqe->res == 0);
		}
		CHECK(uring_ready(&ring) == 0);
	}
	if (!(flags & IORING_SETUP_SQPOLL))
		CHECK(enters() == before + rounds); /* one for submit and wait together */
	uring_close(&ring);
	check(true, "%s: NOPs come back in order, around both rings", at);
}

/* More CQEs than there is room: the kernel holds them back, none is lost, and it is counted. */
static void test_cq_overflow(uint32_t flags)
{
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	uint64_t sent = 0, received = 0, before = slot.value[COUNT_CQ_OVERFLOWS];

	for (int i = 0; i < 3; i++) {
		while (queue_nop(&ring, sent))
			sent++;
		CHECK(uring_submit(&ring, &slot, 0) == 0);
		while (uring_sq_refresh(&ring) < SQ_ENTRIES)
			uring_pause();
	}
	CHECK(sent == 3 * SQ_ENTRIES);
	while (received < sent) {
		wait_ready(&ring, 1);
		for (uint32_t ready = uring_ready(&ring); ready; ready--)
			CHECK(uring_cqe(&ring)->user_data == received++);
	}
	CHECK(uring_submit(&ring, &slot, 0) == 0);
	CHECK(uring_ready(&ring) == 0);
	CHECK(slot.value[COUNT_CQ_OVERFLOWS] > before);
	CHECK(ring.dropped_seen == 0);
	uring_close(&ring);
	check(true, "%s: CQEs over the room are held back, not lost, and counted", at);
}

static bool sq_thread_sleeps(const struct uring *ring)
{
	return __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP;
}

/* While the SQ thread is awake nothing needs a system call; asleep, one submit wakes it. */
static void test_sq_thread(uint32_t flags)
{
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	struct timespec now, start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 5; i++) {
		while (!sq_thread_sleeps(&ring)) {
			uring_pause();
			clock_gettime(CLOCK_MONOTONIC, &now);
			CHECK(now.tv_sec - start.tv_sec < WAIT_MAX_S);
		}
		uint64_t before = enters();
		CHECK(uring_submit(&ring, &slot, 0) == 0 && enters() == before); /* nothing to wake it for */
		CHECK(queue_nop(&ring, 1));
		CHECK(uring_submit(&ring, &slot, 0) == 0);
		CHECK(enters() == before + 1);
		wait_ready(&ring, 1);
		CHECK(uring_cqe(&ring)->user_data == 1);
		CHECK(uring_submit(&ring, &slot, 0) == 0);
	}
	/* Full on purpose: the wait returns when there is room again. */
	while (queue_nop(&ring, 2))
		;
	CHECK(uring_submit(&ring, &slot, 0) == 0);
	while (uring_sq_refresh(&ring) == 0) {
		int error = uring_wait_sq(&ring, &slot);
		CHECK(error == 0 || error == -EINTR);
	}
	uring_close(&ring);
	check(true, "%s: a submit calls the kernel only to wake the SQ thread", at);
}

/*
 * What models/io_uring.c builds on: a send that is short breaks its link and posts its CQE although
 * success would not, and the recv behind it does not happen.
 */
static void test_short_send_breaks_the_link(uint32_t flags)
{
	static char bytes[4 << 20], untouched[16];
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(write(pair[1], "0123456789", 10) == 10);
	struct io_uring_sqe *sqe = uring_sqe(&ring);
	sqe->opcode = IORING_OP_SEND;
	sqe->flags = IOSQE_IO_LINK;
	if (ring.features & IORING_FEAT_CQE_SKIP)
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->fd = pair[0];
	sqe->addr = (uint64_t)(uintptr_t)bytes;
	sqe->len = sizeof(bytes);
	sqe->msg_flags = MSG_WAITALL | MSG_DONTWAIT | MSG_NOSIGNAL;
	sqe->user_data = 1;
	sqe = uring_sqe(&ring);
	sqe->opcode = IORING_OP_RECV;
	sqe->fd = pair[0];
	sqe->addr = (uint64_t)(uintptr_t)untouched;
	sqe->len = sizeof(untouched);
	sqe->user_data = 2;
	wait_ready(&ring, 1);
	const struct io_uring_cqe *cqe = uring_cqe(&ring);
	CHECK(cqe->user_data == 1 && cqe->res > 0 && cqe->res < (int)sizeof(bytes));
	CHECK(queue_nop(&ring, 3));
	wait_ready(&ring, 1);
	for (bool done = false; !done;) {
		wait_ready(&ring, 1);
		cqe = uring_cqe(&ring);
		done = cqe->user_data == 3;
		CHECK(done || (cqe->user_data == 2 && cqe->res == -ECANCELED));
	}
	CHECK(untouched[0] == 0);
	close(pair[0]);
	close(pair[1]);
	uring_close(&ring);
	check(true, "%s: a short send posts its CQE and drops the linked recv", at);
}

static const struct io_uring_cqe *next_cqe(struct uring *ring)
{
	wait_ready(ring, 1);
	return uring_cqe(ring);
}

/* What models/io_uring_multishot.c builds on: a receive takes buffers in order until there is none. */
static void test_buffers(uint32_t flags)
{
	static char bytes[2][16];
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	struct uring_bufs bufs = {0};
	int pair[2];

	int error = uring_bufs_open(&ring, &bufs, 2, 0);
	if (error < 0) {
		printf("skipped - %s: no ring of buffers: %s\n", at, strerror(-error));
		uring_close(&ring);
		return;
	}
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (uint16_t i = 0; i < 2; i++)
		uring_bufs_add(&bufs, bytes[i], sizeof(bytes[i]), i);
	uring_bufs_publish(&bufs);
	struct io_uring_sqe *sqe = uring_sqe(&ring);
	sqe->opcode = IORING_OP_RECV;
	sqe->fd = pair[0];
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	for (uint32_t i = 0; i < 2; i++) {
		CHECK(write(pair[1], "01234567", 8) == 8);
		const struct io_uring_cqe *cqe = next_cqe(&ring);
		CHECK(cqe->res == 8 && (cqe->flags & IORING_CQE_F_MORE) &&
		      (cqe->flags & IORING_CQE_F_BUFFER));
		CHECK(cqe->flags >> IORING_CQE_BUFFER_SHIFT == i && bytes[i][7] == '7');
	}
	CHECK(write(pair[1], "89", 2) == 2);
	const struct io_uring_cqe *cqe = next_cqe(&ring);
	CHECK(cqe->res == -ENOBUFS && !(cqe->flags & IORING_CQE_F_MORE));
	close(pair[0]);
	close(pair[1]);
	uring_close(&ring);
	check(true, "%s: a multishot receive takes buffers in order and ends when there is none", at);
}

static void test_registered(uint32_t flags)
{
	struct uring ring = open_ring(SQ_ENTRIES, flags);
	int error = uring_register_self(&ring);

	CHECK(error == 0 || error == -EINVAL);
	if (error == 0) {
		CHECK(ring.enter_flags == IORING_ENTER_REGISTERED_RING);
		CHECK(queue_nop(&ring, 7));
		CHECK(next_cqe(&ring)->user_data == 7);
		check(true, "%s: a ring works by its place in the task's table", at);
	}
	uring_close(&ring);
}

/* Two results are waited for and one comes: the wait ends with it. */
static void test_min_wait(uint32_t flags)
{
	struct uring ring = open_ring(SQ_ENTRIES, flags);

	if (ring.features & IORING_FEAT_MIN_TIMEOUT) {
		ring.min_wait_us = 100;
		CHECK(queue_nop(&ring, 9));
		int error;
		do
			error = uring_submit(&ring, &slot, 2);
		while (error == -EINTR);
		CHECK(error == 0 || error == -ETIME);
		CHECK(uring_ready(&ring) == 1 && uring_cqe(&ring)->user_data == 9);
		check(true, "%s: a wait for several ends in time with those that came", at);
	}
	uring_close(&ring);
}

int main(void)
{
	static const struct {
		uint32_t flags;
		const char *name;
	} modes[] = {
		{0, "no flags"},
		{IORING_SETUP_COOP_TASKRUN, "COOP_TASKRUN (5.19)"},
		{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, "DEFER_TASKRUN (6.1)"},
		{IORING_SETUP_SQPOLL, "SQPOLL"},
	};
	struct io_uring_params params = {0};
	struct uring ring;

	test_index_arithmetic();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		at = modes[i].name;
		int error = uring_setup(&ring, SQ_ENTRIES, &params, &modes[i].flags, 1);
		if (error < 0) {
			printf("skipped - no io_uring with %s: %s\n", at, strerror(-error));
			if (i == 0)
				return EXIT_SKIPPED;
			continue;
		}
		uring_close(&ring);
		test_sq_full(modes[i].flags);
		test_round_trips(modes[i].flags);
		test_cq_overflow(modes[i].flags);
		test_short_send_breaks_the_link(modes[i].flags);
		test_buffers(modes[i].flags);
		test_registered(modes[i].flags);
		test_min_wait(modes[i].flags);
		if (modes[i].flags & IORING_SETUP_SQPOLL)
			test_sq_thread(modes[i].flags);
	}
	test_setup();
	return checks_exit();
}
