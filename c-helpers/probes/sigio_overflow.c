/* sigio_overflow - more real-time signals than RLIMIT_SIGPENDING allows to be queued: what is left of them.
 */
#include <sys/resource.h>

#include "probe.h"
#include "process.h"
#include "sigio.h"
#include "sockets.h"

enum { FDS = 20, FREE = 5 };

static void run(void)
{
	struct announced fds[FDS];
	siginfo_t info;
	int realtime = 0, plain = 0;

	block(SIGRTMIN);
	block(SIGIO);
	for (int i = 0; i < FDS; i++)
		fds[i] = announce(SIGRTMIN);
	/* The limit counts what all processes of the user have pending. */
	int64_t pending = proc_number("/proc/self/status", "SigQ:");
	if (pending < 0)
		probe_broken("/proc/self/status has no SigQ");
	struct rlimit limit = {.rlim_cur = (rlim_t)pending + FREE, .rlim_max = (rlim_t)pending + FREE};
	if (setrlimit(RLIMIT_SIGPENDING, &limit) < 0)
		probe_broken("setrlimit(RLIMIT_SIGPENDING)");
	for (int i = 0; i < FDS; i++)
		put(fds[i].write_fd, 1);
	while (take_signal(SIGRTMIN, &info, QUIET_MS))
		realtime++;
	while (take_signal(SIGIO, &info, QUIET_MS))
		plain++;
	observe("fds", FDS);
	observe("free", FREE);
	observe("realtime", realtime);
	observe("plain", plain);
}

PROBE(.id = "sigio-overflow", .title = "real-time signals beyond RLIMIT_SIGPENDING", .run = run,
      .values = {
	      NUMBER("fds", "descriptors that became readable while the signals were blocked"),
	      NUMBER("free", "signals that could still be queued"),
	      NUMBER("realtime", "real-time signals that were delivered"),
	      NUMBER("plain", "SIGIO that were delivered"),
      });
