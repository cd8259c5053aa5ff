/* posix_aio_calls - the system calls behind aio_read, of a file and of a socket. */
#include <sys/syscall.h>
#include <unistd.h>

#include "../wire/uapi.h"
#include "posix_aio.h"
#include "scratch.h"
#include "sockets.h"
#include "trace.h"

#ifndef SYS_clone3
#define SYS_clone3 435 /* 5.3 */
#endif

enum { BYTES = 4096 };

struct fds {
	int file, socket;
};

static void read_both(void *arg)
{
	const struct fds *fds = arg;
	static struct aiocb requests[2];
	static char bufs[2][BYTES];

	trace_begin();
	for (int i = 0; i < 2; i++) {
		const struct aiocb *list[] = {&requests[i]};
		start_read(&requests[i], i ? fds->socket : fds->file, bufs[i], BYTES);
		while (aio_error(&requests[i]) == EINPROGRESS)
			(void)aio_suspend(list, 1, NULL);
		if (aio_return(&requests[i]) <= 0)
			probe_odd("aio_read fails");
	}
	trace_end();
}

static void run(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));
	struct fds fds = {.file = scratch_open(0)};
	int pair[2];
	uint32_t espipe = 0;

	needs_glibc_aio();
	unix_pair(pair);
	put(pair[0], 100);
	fds.socket = pair[1];
	trace_calls(trace, read_both, &fds);
	for (uint32_t i = 0; i < trace->calls && i < TRACED_CALLS_MAX; i++)
		espipe += trace->call[i].number == SYS_pread64 && trace->call[i].result == -ESPIPE;
	observe("preads", trace_count(trace, SYS_pread64));
	observe("reads", trace_count(trace, SYS_read));
	observe("espipe", espipe);
	observe("ioSubmits", trace_count(trace, SYS_io_submit));
	observe("rings", trace_count(trace, SYS_io_uring_setup));
	observe("clones", trace_count(trace, SYS_clone) + trace_count(trace, SYS_clone3));
}

PROBE(.id = "posix-aio-calls", .title = "the system calls behind POSIX AIO", .run = run,
      .values = {
	      NUMBER("preads", "pread64 calls of one aio_read of a file and one of a socket, traced"),
	      NUMBER("espipe", "of them, those that answered ESPIPE"),
	      NUMBER("reads", "read calls"),
	      NUMBER("ioSubmits", "io_submit calls"),
	      NUMBER("rings", "io_uring_setup calls"),
	      NUMBER("clones", "threads that were started"),
      });
