/* null.c - read and write of /dev/null: all of the way to a driver, and nothing there. */
#include <fcntl.h>
#include <unistd.h>

#include "../costlib/cost.h"

struct state {
	int fd;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	state->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return state->fd >= 0 || bench_fail(bench, "open(/dev/null)");
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->fd > 0)
		close(state->fd);
}

static void run_read(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	size_t bytes = bench->cost->arg;
	char byte;
	TURNS(turns)
	if (read(state->fd, &byte, bytes) != 0) {
		bench_fail(bench, "read(/dev/null)");
		return;
	}
}

static void run_write(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	char byte = 0;
	TURNS(turns)
	if (write(state->fd, &byte, 1) != 1) {
		bench_fail(bench, "write(/dev/null, 1)");
		return;
	}
}

#define NULL_COST                                                                                            \
	.group = "syscall", .unit = "call", .state_bytes = sizeof(struct state), .prepare = prepare,         \
	.finish = finish

COSTS({NULL_COST, .id = "read-0", .title = "read of 0 bytes", .measures = "read(2) of 0 bytes of /dev/null",
       .run = run_read},
      {NULL_COST, .id = "read-devnull", .title = "read of /dev/null",
       .measures = "read(2) of 1 byte of /dev/null, which gives none", .run = run_read, .arg = 1},
      {NULL_COST, .id = "write-devnull", .title = "write to /dev/null",
       .measures = "write(2) of 1 byte to /dev/null", .run = run_write},
      {NULL_COST, .id = "read-devnull-threads", .title = "read of /dev/null, with threads",
       .measures =
	       "read(2) of 1 byte of /dev/null in a process whose threads share the table of descriptors: a "
	       "reference to the file is taken and given back",
       .run = run_read, .arg = 1, .shares_files = true});
