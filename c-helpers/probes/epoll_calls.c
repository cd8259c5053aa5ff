/* epoll_calls - the system calls of epoll: which of them there are, and which a minimal program makes. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../wire/uapi.h"
#include "probe.h"
#include "sockets.h"
#include "trace.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* 5.11 */
#endif

static const struct {
	long number;
	const char *name;
} calls[] = {
#ifdef SYS_epoll_create
	{SYS_epoll_create, "epoll_create"},
#endif
	{SYS_epoll_create1, "epoll_create1"}, {SYS_epoll_ctl, "epoll_ctl"},
#ifdef SYS_epoll_wait
	{SYS_epoll_wait, "epoll_wait"},
#endif
	{SYS_epoll_pwait, "epoll_pwait"},     {SYS_epoll_pwait2, "epoll_pwait2"},
};

static void minimal(void *arg)
{
	int fd = *(int *)arg;

	trace_begin();
	int ep = epoll_open();
	epoll_watch(ep, fd, EPOLLIN);
	epoll_events(ep, 0);
	trace_end();
}

static void run(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));
	struct epoll_event event;
	struct timespec none = {0};
	int distinct = 0, fd = eventfd(1, EFD_CLOEXEC), ep = epoll_open();
	char names[128] = "";

#ifdef SYS_epoll_create
	observe_error("create", syscall(SYS_epoll_create, 1) < 0 ? errno : 0);
#else
	observe_error("create", ENOSYS);
#endif
	observe_error("create1", syscall(SYS_epoll_create1, 0) < 0 ? errno : 0);
	observe_error("pwait", syscall(SYS_epoll_pwait, ep, &event, 1, 0, NULL, 8) < 0 ? errno : 0);
	observe_error("pwait2", syscall(SYS_epoll_pwait2, ep, &event, 1, &none, NULL, 8) < 0 ? errno : 0);
	trace_calls(trace, minimal, &fd);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (trace_count(trace, calls[i].number) == 0)
			continue;
		size_t len = strlen(names);
		snprintf(names + len, sizeof(names) - len, "%s%s", len ? "," : "", calls[i].name);
		distinct++;
	}
	observe("distinct", distinct);
	observe_text("calls", names);
}

PROBE(.id = "epoll-calls", .title = "the system calls of epoll", .run = run,
      .values = {
	      STRING("create", "what epoll_create answers"),
	      STRING("create1", "what epoll_create1 answers"),
	      STRING("pwait", "what epoll_pwait answers"),
	      STRING("pwait2", "what epoll_pwait2 answers"),
	      NUMBER("distinct", "different ones that a program makes which creates, adds and waits, traced"),
	      STRING("calls", "their names"),
      });
