/* sigio_plain - plain SIGIO: how many arrive of many, and whether they name their descriptor. */
#include "probe.h"
#include "sigio.h"
#include "sockets.h"

enum { FDS = 20 };

static volatile sig_atomic_t handled, handled_fd;

static void on_sigio(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	handled++;
	handled_fd = info->si_fd;
}

static void run(void)
{
	struct announced fds[FDS];
	struct sigaction action = {.sa_sigaction = on_sigio, .sa_flags = SA_SIGINFO};
	sigset_t set;
	int right = 0;

	if (sigaction(SIGIO, &action, NULL) < 0)
		probe_broken("sigaction(SIGIO)");
	block(SIGIO);
	for (int i = 0; i < FDS; i++)
		fds[i] = announce(0);
	for (int i = 0; i < FDS; i++)
		put(fds[i].write_fd, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	/* All that are pending are handled before it returns. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (int i = 0; i < FDS; i++)
		right += handled_fd == fds[i].read_fd;
	observe("fds", FDS);
	observe("delivered", handled);
	observe("siFd", handled_fd);
	observe("siFdRight", right);
}

PROBE(.id = "sigio-plain", .title = "plain SIGIO of many descriptors", .run = run,
      .values = {
	      NUMBER("fds", "descriptors that became readable while SIGIO was blocked"),
	      NUMBER("delivered", "signals that were delivered then"),
	      NUMBER("siFd", "si_fd of the last"),
	      NUMBER("siFdRight", "signals whose si_fd is one of the descriptors"),
      });
