/* posix_aio.c - the page of pread.c by POSIX AIO: with glibc a thread of a pool reads it. */
#include <aio.h>
#include <string.h>
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
	struct aiocb request;
	TURNS(turns)
	{
		memset(&request, 0, sizeof(request));
		request.aio_fildes = state->fd;
		request.aio_buf = state->bytes;
		request.aio_nbytes = CACHED_BYTES;
		request.aio_sigevent.sigev_notify = SIGEV_NONE;
		if (aio_read(&request) < 0) {
			bench_fail(bench, "aio_read(4096)");
			return;
		}
		/* The thread that reads has our affinity: it gets the CPU when we wait. */
		const struct aiocb *all[1] = {&request};
		while (aio_error(&request) == EINPROGRESS)
			(void)aio_suspend(all, 1, NULL);
		if (aio_return(&request) != CACHED_BYTES) {
			bench_fail(bench, "aio_return(4096)");
			return;
		}
	}
}

COST(.id = "posix-aio-read-4k", .group = "aio", .title = "aio_read of a cached page",
     .measures = "aio_read(3) of 4 KiB of a regular file that is in the page cache, aio_suspend(3) and "
		 "aio_return(3)",
     .unit = "request", .state_bytes = sizeof(struct state), .prepare = prepare, .run = run,
     .finish = finish);
