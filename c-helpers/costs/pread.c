/* pread.c - a page of a file that the kernel has in memory. */
#include <unistd.h>

#include "../costlib/cached_file.h"

struct state {
	int fd;
	char bytes[CACHED_BYTES];
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	state->fd = cached_file(bench);
	return state->fd >= 0;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->fd > 0)
		close(state->fd);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (pread(state->fd, state->bytes, CACHED_BYTES, 0) != CACHED_BYTES) {
		bench_fail(bench, "pread(4096)");
		return;
	}
}

COST(.id = "pread-4k", .group = "syscall", .title = "pread of a cached page",
     .measures = "pread(2) of 4 KiB of a regular file that is in the page cache", .unit = "call",
     .state_bytes = sizeof(struct state), .prepare = prepare, .run = run, .finish = finish);
