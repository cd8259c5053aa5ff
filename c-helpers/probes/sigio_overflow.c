/* sigio_overflow - more real-time signals than RLIMIT_SIGPENDING allows to be queued: what is left of them.
 */
#include <sys/resource.h>

#include "probe.h"
#include "process.h"
#include "sigio.h"
#include "sockets.h"

enum { FDS = 20, FREE = 5, ROUNDS = 5 };

static void look(const struct announced fds[FDS], double *realtime, double *plain)
{
	siginfo_t info;
	struct rlimit limit;
	/* The limit counts what all processes of the user have pending, which may change meanwhile. */
	int64_t pending = proc_number("/proc/self/status", "SigQ:");

	if (pending < 0)
		probe_broken("/proc/self/status has no SigQ");
	if (getrlimit(RLIMIT_SIGPENDING, &limit) < 0)
		probe_broken("getrlimit(RLIMIT_SIGPENDING)");
	limit.rlim_cur = (rlim_t)pending + FREE;
	if (setrlimit(RLIMIT_SIGPENDING, &limit) < 0)
		probe_broken("setrlimit(RLIMIT_SIGPENDING)");
	for (int i = 0; i < FDS; i++)
		put(fds[i].write_fd, 1);
	for (*realtime = 0; take_signal(SIGRTMIN, &info, QUIET_MS / 2); (*realtime)++)
		;
	for (*plain = 0; take_signal(SIGIO, &info, QUIET_MS / 2); (*plain)++)
		;
}

static void run(void)
{
	struct announced fds[FDS];
	double realtime[ROUNDS], plain[ROUNDS];

	block(SIGRTMIN);
	block(SIGIO);
	for (int i = 0; i < FDS; i++)
		fds[i] = announce(SIGRTMIN);
	for (int i = 0; i < ROUNDS; i++)
		look(fds, &realtime[i], &plain[i]);
	observe("fds", FDS);
	observe("free", FREE);
	observe("realtime", median(realtime, ROUNDS));
	observe("plain", median(plain, ROUNDS));
}

PROBE(.id = "sigio-overflow", .title = "real-time signals beyond RLIMIT_SIGPENDING", .run = run,
      .values = {
	      NUMBER("fds", "descriptors that became readable while the signals were blocked"),
	      NUMBER("free", "signals that could still be queued"),
	      NUMBER("realtime", "real-time signals that were delivered, median of 5"),
	      NUMBER("plain", "SIGIO that were delivered, median of 5"),
      });
