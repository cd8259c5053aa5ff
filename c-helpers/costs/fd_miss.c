/* fd_miss.c - a descriptor that is not open: system call and look-up, no file. */
#include <unistd.h>

#include "../costlib/cost.h"

struct state {
	int fd;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	/* Within the table, which was large enough for it a moment ago. */
	state->fd = dup(STDERR_FILENO);
	if (state->fd < 0)
		return bench_fail(bench, "dup(2)");
	close(state->fd);
	return true;
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	char byte;
	TURNS(turns)
	if (read(state->fd, &byte, 1) != -1 || errno != EBADF) {
		bench_wrong(bench, "read(%d): it is open", state->fd);
		return;
	}
}

COST(.id = "fd-miss", .group = "syscall", .title = "descriptor that is not open",
     .measures = "read(2) of a number that no file has, answered EBADF", .unit = "call",
     .state_bytes = sizeof(struct state), .prepare = prepare, .run = run);
