/*
 * uring_cq_poll - a program that only looks at the CQ, and does not enter the kernel: whether it sees the
 * completion of a receive, with each way to run task work.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "process.h"
#include "ring.h"
#include "sockets.h"

enum { SPIN_MS = 100, WRITE_AFTER_MS = 10 };

/* Whether a CQE comes while nothing but memory is looked at. */
static bool spin(const struct uring *ring)
{
	uint64_t until_ns = now_ns() + SPIN_MS * NS_PER_MS;

	/* The clock is read without a system call. */
	while (now_ns() < until_ns)
		if (uring_ready(ring) > 0)
			return true;
	return false;
}

/* False: no ring with these flags. */
static bool look(uint32_t flags, bool *sees, bool *after_enter)
{
	static char buf[16];
	struct uring ring;
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
		_exit(0);
	}
	*sees = spin(&ring);
	waitpid(pid, NULL, 0);
	*after_enter = *sees || ring_await(&ring, 1, SOON_MS) > 0;
	return true;
}

static void run(void)
{
	bool sees, after;

	if (!look(0, &sees, &after))
		probe_unsupported("there is no io_uring");
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
