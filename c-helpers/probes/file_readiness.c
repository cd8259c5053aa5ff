/* file_readiness - poll and select report a regular file ready always; its read waits for the disk all the
 * same. */
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "scratch.h"

enum { ROUNDS = 9, READ_PAGES = 16 };

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static bool by_poll(int fd)
{
	struct pollfd asked = {.fd = fd, .events = POLLIN};
	return poll(&asked, 1, 0) == 1 && asked.revents & POLLIN;
}

static bool by_select(int fd)
{
	struct timeval none = {0};
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &none) == 1 && FD_ISSET(fd, &set);
}

static double read_us(int fd, off_t at)
{
	static char buf[READ_PAGES * PAGE_BYTES];
	uint64_t begun = now_ns();
	if (pread(fd, buf, sizeof(buf), at) != sizeof(buf))
		probe_broken("pread");
	return (double)(now_ns() - begun) / NS_PER_US;
}

static void reads(int fd)
{
	double cold[ROUNDS], cached[ROUNDS], switches[ROUNDS];
	char name[32];

	if (!scratch_is_cached(fd, name))
		return;
	for (int i = 0; i < ROUNDS; i++) {
		off_t at = (off_t)i * READ_PAGES * PAGE_BYTES;
		scratch_drop(fd);
		if (scratch_is_resident(fd, (uint32_t)i * READ_PAGES))
			return;
		if (!by_poll(fd) || !by_select(fd))
			probe_odd("a file that is not in the page cache is not reported ready");
		uint64_t before = switches_of(getpid(), own_tid());
		cold[i] = read_us(fd, at);
		switches[i] = (double)(switches_of(getpid(), own_tid()) - before);
		cached[i] = read_us(fd, at);
	}
	observe("coldReadUs", median(cold, ROUNDS));
	observe("cachedReadUs", median(cached, ROUNDS));
	observe("coldSwitches", median(switches, ROUNDS));
}

static void run(void)
{
	int fd = scratch_open(0);

	observe_is("pollFile", by_poll(fd));
	observe_is("selectFile", by_select(fd));
	lseek(fd, 0, SEEK_END);
	observe_is("pollAtEof", by_poll(fd));
	observe_is("selectAtEof", by_select(fd));
	reads(fd);
}

PROBE(.id = "file-readiness", .title = "regular files are always ready, and reading them may still wait",
      .run = run,
      .values = {
	      BOOLEAN("pollFile", "poll reports a regular file readable"),
	      BOOLEAN("selectFile", "select does"),
	      BOOLEAN("pollAtEof", "poll does at its end"),
	      BOOLEAN("selectAtEof", "select does at its end"),
	      NUMBER_OR_NONE("coldReadUs", "us of a read of 64 KiB that is not in the page cache, median"),
	      NUMBER_OR_NONE("cachedReadUs", "us of the same read again, median"),
	      NUMBER_OR_NONE("coldSwitches", "times that the first gave up its CPU, median"),
      });
