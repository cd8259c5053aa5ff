/* sigio.c - see sigio.h. */
#include "sigio.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "sockets.h"

struct announced announce(int signal)
{
	int fds[2];

	unix_pair(fds);
	if (fcntl(fds[1], F_SETOWN, getpid()) < 0)
		probe_broken("fcntl(F_SETOWN)");
	if (signal && fcntl(fds[1], F_SETSIG, signal) < 0)
		probe_broken("fcntl(F_SETSIG, %d)", signal);
	int flags = fcntl(fds[1], F_GETFL);
	if (fcntl(fds[1], F_SETFL, flags | O_ASYNC | O_NONBLOCK) < 0)
		probe_broken("fcntl(O_ASYNC)");
	return (struct announced){.read_fd = fds[1], .write_fd = fds[0]};
}

void announce_to_thread(int fd, pid_t tid)
{
	struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = tid};

	if (fcntl(fd, F_SETOWN_EX, &owner) < 0)
		probe_broken("fcntl(F_SETOWN_EX)");
}

void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		probe_broken("sigprocmask");
}

bool take_signal(int signal, siginfo_t *info, uint32_t wait_ms)
{
	struct timespec wait = ns_to_timespec(wait_ms * NS_PER_MS);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return sigtimedwait(&set, info, &wait) == signal;
}
