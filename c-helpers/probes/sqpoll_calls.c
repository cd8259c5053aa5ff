/* sqpoll_calls - how many system calls the program makes per request with SQPOLL, and which thread makes
 * none. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "process.h"
#include "ring.h"
#include "trace.h"

enum { OPERATIONS = 2000, IDLE_MS = 1000, BATCH = 16 };

struct result {
	uint32_t threads;
	struct named_thread thread;
};

/* Without a look at the clock, which is a system call where the vDSO cannot tell it; the deadline ends it as
 * well. */
static void batch(struct uring *ring)
{
	struct counters_slot uncounted = {0};

	for (uint32_t i = 0; i < BATCH; i++)
		ring_sqe(ring, IORING_OP_NOP, -1, i);
	if (uring_submit(ring, &uncounted, 0) < 0)
		probe_odd("io_uring_enter fails");
	while (uring_ready(ring) < BATCH)
		uring_pause();
	for (uint32_t i = 0; i < BATCH; i++)
		(void)uring_cqe(ring);
}

static void steady(void *arg)
{
	struct result *result = arg;
	struct uring ring;

	int error = ring_try(&ring, RING_ENTRIES, IORING_SETUP_SQPOLL, IDLE_MS);
	if (error < 0)
		probe_unsupported("io_uring_setup(SQPOLL): %s", ring_refusal(-error));
	batch(&ring);
	/* It has its name when it runs. */
	result->threads = threads_named("iou-sqp", &result->thread);
	trace_begin();
	for (uint32_t done = 0; done < OPERATIONS; done += BATCH)
		batch(&ring);
	trace_end();
}

static bool is_for_everybody(void)
{
	int status;
	pid_t pid = fork_helper();

	if (pid == 0) {
		struct uring ring;
		_exit(drop_privileges() && ring_try(&ring, 4, IORING_SETUP_SQPOLL, 0) == 0 ? EXIT_SUCCESS
											   : EXIT_FAILURE);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	return status == 0;
}

static void run(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));
	struct result *result = shared_memory(sizeof(*result));
	uint32_t calls = 0;

	trace_calls(trace, steady, result);
	for (uint32_t i = 0; i < trace->calls && i < TRACED_CALLS_MAX; i++)
		calls += trace->call[i].tid == trace->main_tid;
	observe("operations", OPERATIONS);
	observe("calls", calls);
	observe("perOperation", (double)calls / OPERATIONS);
	observe("threads", result->threads);
	/* Its number is another each time. */
	result->thread.name[strcspn(result->thread.name, "0123456789")] = '\0';
	observe_text("threadName", result->thread.name);
	observe_is("unprivileged", is_for_everybody());
}

PROBE(.id = "sqpoll-calls", .title = "system calls with SQPOLL", .run = run,
      .values = {
	      NUMBER("operations", "NOPs, 16 at a time"),
	      NUMBER("calls", "system calls of the program meanwhile, traced"),
	      NUMBER("perOperation", "per NOP"),
	      NUMBER("threads", "kernel threads of the ring in this process"),
	      STRING("threadName", "the name of one, without the number that follows"),
	      BOOLEAN("unprivileged", "a process without capabilities gets such a ring"),
      });
