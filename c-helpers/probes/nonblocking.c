/* nonblocking - what O_NONBLOCK and O_NDELAY do, and what the guide's sample reads of /dev/null. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static int read_error(int fd)
{
	char byte;

	return read(fd, &byte, 1) < 0 ? errno : 0;
}

/* Signals of job control that an O_NDELAY terminal sends to who reads and writes it. */
static int ndelay_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	int tty = posix_openpt(O_RDWR | O_NOCTTY);

	sigaction(SIGTTIN, &action, NULL);
	sigaction(SIGTTOU, &action, NULL);
	if (tty < 0 || grantpt(tty) < 0 || unlockpt(tty) < 0)
		return 0;
	const char *name = ptsname(tty);
	int slave = name ? open(name, O_RDWR | O_NOCTTY | O_NDELAY | O_CLOEXEC) : -1;
	if (slave < 0)
		return 0;
	(void)read_error(slave);
	put(slave, 1);
	return signals;
}

static void run(void)
{
	int fds[2], null = open("/dev/null", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char buf[4096];

	observe_is("wouldBlockEqual", EAGAIN == EWOULDBLOCK);
	observe_is("ndelayEqual", O_NDELAY == O_NONBLOCK);
	observe("devNullRead", (double)read(null, buf, sizeof(buf)));

	tcp_pair(fds);
	set_nonblocking(fds[1]);
	observe_error("emptySocket", read_error(fds[1]));
	pipe_pair(fds);
	int flags = fcntl(fds[1], F_GETFL);
	if (fcntl(fds[1], F_SETFL, flags | O_NDELAY) < 0)
		probe_broken("fcntl(O_NDELAY)");
	int after = fcntl(fds[1], F_GETFL);
	observe_text("ndelaySets", (after & ~flags) == O_NONBLOCK ? "O_NONBLOCK"
				   : after == flags		  ? "nothing"
								  : "other flags");
	observe_error("emptyPipe", read_error(fds[1]));
	observe("ndelaySignals", ndelay_signals());
}

PROBE(.id = "nonblocking", .title = "O_NONBLOCK and O_NDELAY", .run = run,
      .values = {
	      BOOLEAN("wouldBlockEqual", "EAGAIN and EWOULDBLOCK are the same number"),
	      STRING("emptySocket", "what a read of an empty non-blocking socket answers"),
	      STRING("emptyPipe", "what a read of an empty pipe with O_NDELAY answers"),
	      NUMBER("devNullRead", "what a read of /dev/null with O_NONBLOCK returns"),
	      BOOLEAN("ndelayEqual", "O_NDELAY and O_NONBLOCK are the same number"),
	      STRING("ndelaySets", "the flag that is set after F_SETFL with O_NDELAY"),
	      NUMBER("ndelaySignals",
		     "SIGTTIN and SIGTTOU from reading and writing a terminal with O_NDELAY"),
      });
