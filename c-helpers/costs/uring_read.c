/* uring_read.c - cached reads by io_uring, with a file and a buffer that are registered, or not. */
#include <stdlib.h>
#include <unistd.h>

#include "../costlib/cached_file.h"
#include "../costlib/ring.h"

#define BATCH 64

enum { FIXED_FILE = 1, FIXED_BUFFER = 2 };

struct state {
	struct uring ring;
	int fd;
	char *buffer;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;

	state->fd = cached_file(bench);
	if (state->fd < 0 || !ring_open(bench, &state->ring, 0, -1) ||
	    !ring_needs(bench, &state->ring, IORING_OP_READ, "IORING_OP_READ (5.6)"))
		return false;
	state->buffer = aligned_alloc(CACHED_BYTES, CACHED_BYTES);
	if (!state->buffer)
		return bench_fail(bench, "aligned_alloc(buffer)");
	if (bench->cost->arg2 & FIXED_FILE) {
		int error = uring_register(&state->ring, IORING_REGISTER_FILES, &state->fd, 1);
		if (error < 0) {
			errno = -error;
			return bench_fail(bench, "io_uring_register(FILES)");
		}
	}
	if (bench->cost->arg2 & FIXED_BUFFER) {
		struct iovec buffer = {.iov_base = state->buffer, .iov_len = CACHED_BYTES};
		int error = uring_register(&state->ring, IORING_REGISTER_BUFFERS, &buffer, 1);
		if (error == -ENOMEM)
			return bench_unsupported(bench,
						 "io_uring_register(BUFFERS): RLIMIT_MEMLOCK: ulimit -l");
		if (error < 0) {
			errno = -error;
			return bench_fail(bench, "io_uring_register(BUFFERS)");
		}
	}
	return true;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->ring.sqes)
		uring_close(&state->ring);
	free(state->buffer);
	if (state->fd > 0)
		close(state->fd);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	uint32_t bytes = bench->cost->arg, fixed = bench->cost->arg2;
	TURNS(turns)
	{
		for (uint32_t i = 0; i < BATCH; i++) {
			struct io_uring_sqe *sqe = uring_sqe(&state->ring);
			sqe->opcode = fixed & FIXED_BUFFER ? IORING_OP_READ_FIXED : IORING_OP_READ;
			sqe->fd = fixed & FIXED_FILE ? 0 : state->fd;
			sqe->flags = fixed & FIXED_FILE ? IOSQE_FIXED_FILE : 0;
			sqe->addr = (uint64_t)(uintptr_t)state->buffer;
			sqe->len = bytes;
		}
		if (!ring_submit_and_wait(bench, &state->ring, BATCH) ||
		    !ring_reap(bench, &state->ring, BATCH, (int32_t)bytes))
			return;
	}
}

#define READ(what, size, bytes, which, words)                                                                \
	{                                                                                                    \
		.id = "uring-read" what "-" size, .group = "io_uring",                                       \
		.title = "io_uring read of " size " bytes, " words,                                          \
		.measures =                                                                                  \
			"reads of a regular file in the page cache, 64 to an io_uring_enter(2), and reaped", \
		.unit = "request", .arg = bytes, .arg2 = which, .per_turn = BATCH,                           \
		.state_bytes = sizeof(struct state), .prepare = prepare, .run = run, .finish = finish        \
	}
#define READS(size, bytes)                                                                                   \
	READ("", size, bytes, 0, "nothing registered"),                                                      \
		READ("-fixed-file", size, bytes, FIXED_FILE, "registered file"),                             \
		READ("-fixed-buffer", size, bytes, FIXED_BUFFER, "registered buffer"),                       \
		READ("-fixed-both", size, bytes, FIXED_FILE | FIXED_BUFFER, "both registered")

COSTS(READS("64", 64), READS("4k", 4096));
