/* posix_aio_starvation - a read of a ready socket behind idle ones, with as many threads as the library has,
 * and more. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix_aio.h"
#include "process.h"
#include "sockets.h"
#include "trace.h"

enum { IDLE = 50, MORE_THREADS = 64, WAIT_MS = 200 };

/* errno of the request behind the idle ones. */
static int behind(uint32_t threads)
{
	static struct aiocb requests[IDLE + 1];
	static char bytes[IDLE + 1];
	const struct aiocb *last[] = {&requests[IDLE]};
	/* With threads enough it is there at once; without, waiting longer does not help. */
	uint32_t wait_ms = threads ? SOON_MS : WAIT_MS;
	struct timespec limit = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000l};
	int fds[2] = {-1, -1};

#ifdef __GLIBC__
	if (threads) {
		struct aioinit init = {.aio_threads = (int)threads, .aio_num = MORE_THREADS};
		aio_init(&init);
	}
#endif
	for (int i = 0; i <= IDLE; i++) {
		unix_pair(fds);
		start_read(&requests[i], fds[1], &bytes[i], 1);
	}
	put(fds[0], 1);
	(void)aio_suspend(last, 1, &limit);
	return aio_error(&requests[IDLE]);
}

static int in_child(uint32_t threads)
{
	int *result = shared_memory(sizeof(*result));
	int status;
	pid_t pid = fork_helper();

	if (pid == 0) {
		*result = behind(threads);
		_exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	if (status != 0)
		probe_odd("a helper ended without an answer");
	return *result;
}

static void run(void)
{
	needs_glibc_aio();
	needs_descriptors(2 * IDLE + 16);
	observe("idle", IDLE);
	observe_error("readyState", in_child(0));
	observe("moreThreads", MORE_THREADS);
	observe_error("withMoreThreads", in_child(MORE_THREADS));
}

PROBE(.id = "posix-aio-starvation", .title = "POSIX AIO with more idle sockets than threads", .run = run,
      .values = {
	      NUMBER("idle", "reads of idle sockets that were started before"),
	      STRING("readyState", "aio_error of a read of a ready socket, 200 ms later"),
	      NUMBER("moreThreads", "aio_threads of aio_init"),
	      STRING("withMoreThreads", "aio_error of it with so many threads"),
      });
