/* poll_limits - how many entries poll(2) takes, with a limit of descriptors. */
#include <poll.h>
#include <sys/resource.h>

#include "probe.h"

enum { LIMIT = 64, BEYOND = 100 };

static int poll_error(nfds_t count)
{
	struct pollfd fds[BEYOND];

	for (nfds_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	return poll(fds, count, 0) < 0 ? errno : 0;
}

static void run(void)
{
	struct rlimit limit = {.rlim_cur = LIMIT, .rlim_max = LIMIT};

	observe_error("beyondBefore", poll_error(BEYOND));
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		probe_broken("setrlimit(RLIMIT_NOFILE, %d)", LIMIT);
	observe("limit", LIMIT);
	observe("beyond", BEYOND);
	observe_error("atLimit", poll_error(LIMIT));
	observe_error("beyondLimit", poll_error(BEYOND));
}

PROBE(.id = "poll-limits", .title = "how many entries poll takes", .run = run,
      .values = {
	      NUMBER("limit", "RLIMIT_NOFILE"),
	      NUMBER("beyond", "entries beyond it"),
	      STRING("beyondBefore", "what poll answers to so many before the limit is lowered"),
	      STRING("atLimit", "to as many as the limit"),
	      STRING("beyondLimit", "to those beyond it"),
      });
