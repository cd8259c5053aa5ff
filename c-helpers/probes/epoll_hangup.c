/* epoll_hangup - which events come when the other side shuts down, closes or resets, and which unasked. */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { ALL = EPOLLIN | EPOLLRDHUP | EPOLLPRI };

static void name(const char *value, uint32_t events)
{
	static const struct {
		uint32_t event;
		const char *name;
	} names[] = {{EPOLLIN, "IN"},	{EPOLLPRI, "PRI"}, {EPOLLOUT, "OUT"},
		     {EPOLLERR, "ERR"}, {EPOLLHUP, "HUP"}, {EPOLLRDHUP, "RDHUP"}};
	char text[64] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(events & names[i].event))
			continue;
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s%s", len ? "|" : "", names[i].name);
	}
	observe_text(value, text);
}

/* Waits until the mask does not change any more: a reset and its effects come one after the other. */
static uint32_t events_of(int fd, uint32_t asked)
{
	int ep = epoll_open();

	epoll_watch(ep, fd, asked);
	uint32_t seen = epoll_event(ep, SOON_MS);
	pause_ms(QUIET_MS);
	if (seen)
		seen = epoll_event(ep, 0);
	close(ep);
	return seen;
}

static void reset(int fd)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) < 0)
		probe_broken("setsockopt(SO_LINGER)");
	close(fd);
}

static void run(void)
{
	int fds[2];

	tcp_pair(fds);
	shutdown(fds[0], SHUT_WR);
	name("tcpHalfClose", events_of(fds[1], ALL));
	shutdown(fds[1], SHUT_WR);
	name("tcpBothClosed", events_of(fds[1], ALL));
	uint32_t unasked = events_of(fds[1], 0);

	tcp_pair(fds);
	shutdown(fds[0], SHUT_WR);
	pause_ms(QUIET_MS);
	int ep = epoll_open();
	epoll_watch(ep, fds[1], 0);
	observe_is("rdhupUnasked", epoll_events(ep, QUIET_MS) > 0);

	tcp_pair(fds);
	reset(fds[0]);
	name("tcpReset", events_of(fds[1], ALL));
	unasked |= events_of(fds[1], 0);

	unix_pair(fds);
	shutdown(fds[0], SHUT_WR);
	name("unixHalfClose", events_of(fds[1], ALL));
	close(fds[0]);
	name("unixClosed", events_of(fds[1], ALL));

	pipe_pair(fds);
	close(fds[0]);
	name("pipeWriterClosed", events_of(fds[1], ALL));
	pipe_pair(fds);
	close(fds[1]);
	name("pipeReaderClosed", events_of(fds[0], EPOLLOUT));
	observe_is("unasked", (unasked & EPOLLHUP) && (unasked & EPOLLERR));
}

PROBE(.id = "epoll-hangup", .title = "events of an end, a half close and a reset", .run = run,
      .values = {
	      STRING("tcpHalfClose", "TCP, the other side sent FIN"),
	      STRING("tcpBothClosed", "TCP, both sides sent FIN"),
	      STRING("tcpReset", "TCP, the other side reset"),
	      STRING("unixHalfClose", "unix socket, the other side shut down writing"),
	      STRING("unixClosed", "unix socket, the other side closed"),
	      STRING("pipeWriterClosed", "a pipe's reader, the writer closed"),
	      STRING("pipeReaderClosed", "a pipe's writer, the reader closed"),
	      BOOLEAN("unasked", "HUP and ERR come without being asked for"),
	      BOOLEAN("rdhupUnasked", "RDHUP comes without being asked for"),
      });
