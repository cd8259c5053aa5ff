/*
 * file_struct.c - the same of many open files, and each time another one: the difference is what the caches
 * miss of the descriptor table and of struct file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../costlib/cost.h"

#define FILES 15000
/* A power of two; which file is next is looked up in both, so that the look-up is the same. */
#define ORDER 32768

struct state {
	uint32_t count, at;
	int *fds, *order;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	uint64_t random = 88172645463325252ull;

	state->fds = malloc(FILES * sizeof(int));
	state->order = malloc(ORDER * sizeof(int));
	if (!state->fds || !state->order)
		return bench_fail(bench, "malloc(descriptors)");
	while (state->count < FILES) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return bench_fail(bench, "open(/dev/null) 15,000 times");
		state->fds[state->count++] = fd;
	}
	for (uint32_t i = 0; i < ORDER; i++) {
		/* xorshift64 (Marsaglia 2003) */
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		state->order[i] = state->fds[bench->cost->arg ? random % FILES : FILES / 2];
	}
	return true;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	for (uint32_t i = 0; i < state->count; i++)
		close(state->fds[i]);
	free(state->fds);
	free(state->order);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	char byte;
	TURNS(turns)
	if (read(state->order[state->at++ % ORDER], &byte, 1) != 0) {
		bench_fail(bench, "read(/dev/null)");
		return;
	}
}

#define FILE_COST                                                                                            \
	.group = "syscall", .unit = "call", .state_bytes = sizeof(struct state), .prepare = prepare,         \
	.run = run, .finish = finish

COSTS({FILE_COST, .id = "read-one-file", .title = "read of one of 15,000 files",
       .measures = "read(2) of 1 byte of /dev/null, always the same one of 15,000 open files"},
      {FILE_COST, .id = "read-random-file", .title = "read of a random one of 15,000 files",
       .measures =
	       "read(2) of 1 byte of /dev/null, a random one of 15,000 open files: each has a struct file",
       .arg = 1});
