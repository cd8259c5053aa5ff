/* posix_aio_threads - how many threads glibc's POSIX AIO starts: for many idle sockets, for many reads of
 * one. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "posix_aio.h"
#include "process.h"
#include "sockets.h"
#include "trace.h"

enum { REQUESTS = 50, SAME_FD = 10 };

/* Threads beside this one, once no more of them come. */
static uint32_t workers(void)
{
	uint32_t before, now = 0;

	do {
		before = now;
		pause_ms(QUIET_MS);
		now = threads_named("", NULL) - 1;
	} while (now != before);
	return now;
}

static uint32_t idle_sockets(void)
{
	static struct aiocb requests[REQUESTS];
	static char bytes[REQUESTS];

	for (int i = 0; i < REQUESTS; i++) {
		int fds[2];
		unix_pair(fds);
		start_read(&requests[i], fds[1], &bytes[i], 1);
	}
	return workers();
}

static uint32_t one_socket(void)
{
	static struct aiocb requests[SAME_FD];
	static char bytes[SAME_FD];
	int fds[2];

	unix_pair(fds);
	for (int i = 0; i < SAME_FD; i++)
		start_read(&requests[i], fds[1], &bytes[i], 1);
	return workers();
}

static uint32_t socket_read(void)
{
	static struct aiocb request;
	static char bytes[16];
	const struct aiocb *list[] = {&request};
	const struct timespec limit = {.tv_sec = SOON_MS / 1000};
	int fds[2];

	unix_pair(fds);
	start_read(&request, fds[1], bytes, sizeof(bytes));
	put(fds[0], 5);
	if (aio_suspend(list, 1, &limit) < 0)
		probe_broken("aio_suspend");
	return aio_error(&request) == 0 ? (uint32_t)aio_return(&request) : 0;
}

/* In a process of its own: the library keeps its threads. */
static double in_child(uint32_t (*look)(void))
{
	uint32_t *result = shared_memory(sizeof(*result));
	int status;
	pid_t pid = fork_helper();

	if (pid == 0) {
		*result = look();
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
	needs_descriptors(2 * REQUESTS + 16);
	observe("requests", REQUESTS);
	observe("threads", in_child(idle_sockets));
	observe("sameFdRequests", SAME_FD);
	observe("sameFdThreads", in_child(one_socket));
	observe("socketRead", in_child(socket_read));
}

PROBE(.id = "posix-aio-threads", .title = "threads of POSIX AIO", .run = run,
      .values = {
	      NUMBER("requests", "reads that wait, each of another idle socket"),
	      NUMBER("threads", "threads that the library started for them"),
	      NUMBER("sameFdRequests", "reads that wait, all of one idle socket"),
	      NUMBER("sameFdThreads", "threads for those"),
	      NUMBER("socketRead", "bytes of a read of a socket that was sent 5"),
      });
