/*
 * uring_cq_poll - a program that only looks at the CQ, and does not enter the kernel: whether it sees the
 * completion of a receive, with each way to run task work.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "ring.h"
#include "sockets.h"
#include "trace.h"

enum { SPIN_MS = 100, WRITE_AFTER_MS = 10 };

/* Whether a CQE comes while nothing but memory is looked at: a clock may be a system call. */
static bool spin(const struct uring *ring, const bool *is_over)
{
	while (!__atomic_load_n(is_over, __ATOMIC_RELAXED))
		if (uring_ready(ring) > 0)
			return true;
	return false;
}

/* False: no ring with these flags. */
static bool look(uint32_t flags, bool *sees, bool *after_enter)
{
	static char buf[16];
	struct uring ring;
	bool *is_over = shared_memory(sizeof(*is_over));
	int fds[2];

	if (ring_try(&ring, RING_ENTRIES, flags, 0) < 0)
		return false;
	tcp_pair(fds);
	ring_rw(&ring, IORING_OP_RECV, fds[1], buf, sizeof(buf));
	ring_submit(&ring, 0);
	/* By another process: a write of this one would enter the kernel. */
	pid_t pid = fork_helper();
	if (pid == 0) {
		pause_ms(WRITE_AFTER_MS);
		put(fds[0], 1);
		pause_ms(SPIN_MS - WRITE_AFTER_MS);
		__atomic_store_n(is_over, true, __ATOMIC_RELAXED);
		_exit(0);
	}
	*sees = spin(&ring, is_over);
	waitpid(pid, NULL, 0);
	*after_enter = *sees || ring_await(&ring, 1, SOON_MS) > 0;
	return true;
}

static void run(void)
{
	struct uring ring;
	bool sees, after;

	ring_open(&ring, 0);
	uring_close(&ring);
	if (!look(0, &sees, &after))
		probe_odd("there was a ring, and now there is none");
	observe_is("defaultSees", sees);
	if (look(IORING_SETUP_COOP_TASKRUN, &sees, &after))
		observe_is("coopSees", sees);
	if (look(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, &sees, &after)) {
		observe_is("deferSees", sees);
		observe_is("deferAfterEnter", after);
	}
}

PROBE(.id = "uring-cq-poll", .title = "looking at the CQ without entering the kernel", .run = run,
      .values = {
	      BOOLEAN("defaultSees", "a plain ring shows the completion of a receive"),
	      BOOLEAN_OR_NONE("coopSees", "one with COOP_TASKRUN does within 90 ms"),
	      BOOLEAN_OR_NONE("deferSees", "one with DEFER_TASKRUN does within 90 ms"),
	      BOOLEAN_OR_NONE("deferAfterEnter", "it does after io_uring_enter"),
      });
