/*
 * select_sets - what select and poll read and write of what they are given: how much of a set is copied, is
 * found with sets that end where memory does.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { SETS_MAX_BYTES = 256, PAGE = 65536, POLLED = 10 };

static char *memory_end(void)
{
	char *memory = mmap(NULL, 2ul * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + PAGE, PAGE, PROT_NONE) < 0)
		probe_broken("mmap");
	return memory + PAGE;
}

/* The fewest bytes of a set that select is content with. */
static int bytes_needed(char *end, int nfds)
{
	struct timespec none = {0};

	for (int bytes = 0; bytes <= SETS_MAX_BYTES; bytes += (int)sizeof(long)) {
		memset(end - SETS_MAX_BYTES, 0, SETS_MAX_BYTES);
		if (syscall(SYS_pselect6, nfds, end - bytes, NULL, NULL, &none, NULL) >= 0)
			return bytes;
		if (errno != EFAULT)
			probe_broken("pselect6(%d)", nfds);
	}
	probe_odd("select reads more than %d bytes of a set for %d", SETS_MAX_BYTES, nfds);
}

/* The same of poll, for POLLED descriptors. */
static int poll_bytes_needed(char *end)
{
	struct timespec none = {0};
	const int step = (int)sizeof(struct pollfd);

	for (int bytes = 0; bytes <= 2 * POLLED * step; bytes += step) {
		for (int i = 1; i <= 2 * POLLED; i++)
			((struct pollfd *)(void *)end)[-i] = (struct pollfd){.fd = -1};
		if (syscall(SYS_ppoll, end - bytes, POLLED, &none, NULL, 0) >= 0)
			return bytes;
		if (errno != EFAULT)
			probe_broken("ppoll");
	}
	probe_odd("poll reads more than it is given");
}

static void run(void)
{
	int ready = eventfd(1, EFD_CLOEXEC), idle = eventfd(0, EFD_CLOEXEC);
	char *end = memory_end();
	fd_set set;
	struct timeval wait = {.tv_sec = 5};

	FD_ZERO(&set);
	FD_SET(ready, &set);
	FD_SET(idle, &set);
	int count = select(idle + 1, &set, NULL, NULL, &wait);
	observe("readyCount", count);
	observe("readySet", FD_ISSET(ready, &set) + FD_ISSET(idle, &set));
	observe_is("setClobbered", FD_ISSET(ready, &set) && !FD_ISSET(idle, &set));
	observe_is("timeoutModified", wait.tv_sec != 5 || wait.tv_usec != 0);

	/* It looks at no more than the descriptor table has room for. */
	needs_descriptors(1001);
	if (fcntl(ready, F_DUPFD_CLOEXEC, 1000) < 0)
		probe_broken("fcntl(F_DUPFD_CLOEXEC, 1000)");
	observe("bytes64", bytes_needed(end, 64));
	observe("bytes1000", bytes_needed(end, 1000));
	observe("pollBytesPerFd", (double)poll_bytes_needed(end) / POLLED);

	struct pollfd asked[2] = {{.fd = ready, .events = POLLIN}, {.fd = idle, .events = POLLIN}};
	if (poll(asked, 2, 0) != 1 || poll(asked, 2, 0) != 1)
		probe_odd("poll does not report the one that is ready");
	observe_is("pollEventsKept", asked[0].events == POLLIN && asked[1].events == POLLIN);
}

PROBE(.id = "select-sets", .title = "what select and poll copy, and what they leave", .run = run,
      .values = {
	      NUMBER("readyCount", "what select returned with one of two ready"),
	      NUMBER("readySet", "bits that it left set"),
	      BOOLEAN("setClobbered", "the bit of the one that is not ready is gone"),
	      BOOLEAN("timeoutModified", "the time that was left stands in the timeout (glibc's wrapper)"),
	      NUMBER("bytes64", "bytes of a set that select copies for nfds 64"),
	      NUMBER("bytes1000", "bytes of a set that select copies for nfds 1000"),
	      NUMBER("pollBytesPerFd", "bytes that poll copies per descriptor"),
	      BOOLEAN("pollEventsKept", "poll leaves what was asked for as it was"),
      });
