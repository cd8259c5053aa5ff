/* select_beyond - select(2) by the raw call with a descriptor beyond FD_SETSIZE, in a set that is large
 * enough. */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"

enum { FD = 5000, SET_WORDS = FD / (8 * sizeof(long)) + 1 };

static void run(void)
{
	unsigned long set[SET_WORDS] = {0};
	const unsigned bits = 8 * sizeof(long);
	struct timespec none = {0};

	observe("fdSetSize", FD_SETSIZE);
	observe("fdSetBits", 8.0 * sizeof(fd_set));
	needs_descriptors(FD + 1);
	int fd = fcntl(eventfd(1, EFD_CLOEXEC), F_DUPFD_CLOEXEC, FD);
	if (fd != FD)
		probe_broken("fcntl(F_DUPFD_CLOEXEC, %d)", FD);
	set[FD / bits] = 1ul << (FD % bits);
	long ready = syscall(SYS_pselect6, FD + 1, set, NULL, NULL, &none, NULL);
	if (ready < 0)
		probe_broken("pselect6(%d)", FD + 1);
	observe("fd", FD);
	observe("ready", (double)ready);
	observe_is("reported", ready == 1 && set[FD / bits] == 1ul << (FD % bits));
}

PROBE(.id = "select-beyond", .title = "select beyond FD_SETSIZE, by the raw call", .run = run,
      .values = {
	      NUMBER("fdSetSize", "FD_SETSIZE of the C library"),
	      NUMBER("fdSetBits", "bits of its fd_set"),
	      NUMBER("fd", "the descriptor that was asked for"),
	      NUMBER("ready", "what the call returned"),
	      BOOLEAN("reported", "it was reported readable"),
      });
