/*
 * epoll_watches - how many descriptors one epoll set can watch. Processes that inherited the set each add
 * copies of one descriptor of theirs: a watch is known by the open file and its number, so one file can be
 * watched many times.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"
#include "trace.h"

enum { WANTED = 1100000, PROCESSES_MAX = 256, BUDGET_MS = 12000, SPARE_FDS = 64, CHECK_EVERY = 1024 };
/* About what the kernel keeps per watch; it may take a quarter of what is free. */
enum { WATCH_BYTES = 256 };

struct shared {
	uint64_t until_ns;
	uint32_t watches;
	int32_t refused; /* errno of the ADD that was */
};

static uint32_t add_copies(struct shared *shared, int ep, uint32_t most)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	uint32_t added = 0;

	while (fd >= 0 && added < most && shared->refused == 0) {
		int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy < 0)
			break;
		int error = epoll_change(ep, EPOLL_CTL_ADD, copy, EPOLLIN);
		if (error) {
			shared->refused = error;
			break;
		}
		if (++added % CHECK_EVERY == 0 && now_ns() > shared->until_ns)
			break;
	}
	return added;
}

static uint32_t most_by_memory(void)
{
	int64_t free_kib = proc_number("/proc/meminfo", "MemAvailable:");
	int64_t most = free_kib > 0 ? free_kib * 1024 / 4 / WATCH_BYTES : 100000;

	return most < WANTED ? (uint32_t)most : WANTED;
}

static void run(void)
{
	struct shared *shared = shared_memory(sizeof(*shared));
	struct rlimit limit;
	uint32_t processes = 0, wanted = most_by_memory();
	int ep = epoll_open(), ready[2];

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		probe_broken("getrlimit(RLIMIT_NOFILE)");
	uint32_t each = limit.rlim_cur > wanted ? wanted : (uint32_t)limit.rlim_cur;
	each = each > SPARE_FDS ? each - SPARE_FDS : 1;
	shared->until_ns = now_ns() + BUDGET_MS * NS_PER_MS;
	unix_pair(ready);
	/* One after the other, and each stays: its end would take its watches away. */
	while (shared->watches < wanted && shared->refused == 0 && processes < PROCESSES_MAX &&
	       now_ns() < shared->until_ns) {
		pid_t pid = fork_helper();
		if (pid == 0) {
			shared->watches += add_copies(shared, ep, each);
			put(ready[1], 1);
			pause();
			_exit(EXIT_SUCCESS);
		}
		take(ready[0], 1);
		processes++;
	}
	observe("watches", shared->watches);
	observe("processes", processes);
	observe("perProcess", each);
	observe("maxUserWatches", (double)proc_value("/proc/sys/fs/epoll/max_user_watches"));
	observe("noFile", (double)limit.rlim_cur);
	observe_is("full", shared->refused == ENOSPC);
	observe("wanted", wanted);
}

PROBE(.id = "epoll-watches", .title = "how many watches one epoll set takes", .run = run,
      .deadline_ms = 40000,
      .values = {
	      NUMBER("watches", "watches in one set"),
	      NUMBER("wanted", "as many as were tried: 1.1 million, or what a quarter of the memory holds"),
	      NUMBER("processes", "processes that hold them"),
	      NUMBER("perProcess", "at most in one, by its limit of descriptors"),
	      NUMBER("maxUserWatches", "fs.epoll.max_user_watches"),
	      NUMBER("noFile", "RLIMIT_NOFILE"),
	      BOOLEAN("full", "the last was refused by max_user_watches (ENOSPC)"),
      });
