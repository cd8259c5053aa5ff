/*
 * kqueue - libkqueue, the BSDs' interface made of epoll: which filters it has here, EV_ONESHOT and EV_CLEAR,
 * what close does to a registration, and the system calls behind it.
 */
#ifdef WITH_LIBKQUEUE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "sockets.h"
#endif

#include "probe.h"
#include "trace.h"

/* How to get it is known to who compiles this. */
#ifndef WITHOUT_LIBKQUEUE
#define WITHOUT_LIBKQUEUE "compiled without libkqueue"
#endif

#ifdef WITH_LIBKQUEUE

static int queue(void)
{
	int kq = kqueue();

	if (kq < 0)
		probe_broken("kqueue");
	return kq;
}

/* errno of a change, 0. */
static int change(int kq, uintptr_t ident, short filter, unsigned short flags, unsigned fflags, intptr_t data)
{
	struct kevent event;

	EV_SET(&event, ident, filter, flags, fflags, data, NULL);
	return kevent(kq, &event, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

static int events(int kq, int ms)
{
	struct kevent got[8];
	struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l};
	int n = kevent(kq, NULL, 0, got, 8, &wait);

	if (n < 0)
		probe_broken("kevent");
	return n;
}

/* "ok" where the filter is taken and an event of it comes. */
static void look(const char *value, int error, int kq)
{
	observe_text(value, error ? error_name(error) : events(kq, SOON_MS) > 0 ? "ok" : "no event");
}

static void look_filters(void)
{
	char path[] = "/var/tmp/iomodels-probe-XXXXXX";
	int fds[2], kq = queue();

	unix_pair(fds);
	put(fds[0], 1);
	look("filterRead", change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD, 0, 0), kq);
	kq = queue();
	look("filterWrite", change(kq, (uintptr_t)fds[0], EVFILT_WRITE, EV_ADD, 0, 0), kq);
	kq = queue();
	look("filterTimer", change(kq, 1, EVFILT_TIMER, EV_ADD, 0, 5), kq);
	kq = queue();
	int error = change(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0);
	error = error ? error : change(kq, 1, EVFILT_USER, 0, NOTE_TRIGGER, 0);
	look("filterUser", error, kq);

	int fd = mkostemp(path, O_CLOEXEC);
	kq = queue();
	error = change(kq, (uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE | NOTE_DELETE, 0);
	if (write(fd, "x", 1) != 1)
		probe_broken("write(%s)", path);
	look("filterVnode", error, kq);
	unlink(path);

	kq = queue();
	signal(SIGUSR1, SIG_IGN);
	error = change(kq, SIGUSR1, EVFILT_SIGNAL, EV_ADD, 0, 0);
	kill(getpid(), SIGUSR1);
	look("filterSignal", error, kq);

	unix_pair(fds);
	pid_t pid = fork_helper();
	if (pid == 0) {
		take(fds[1], 1);
		_exit(EXIT_SUCCESS);
	}
	kq = queue();
#ifdef NOTE_EXIT
	error = change(kq, (uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0);
#else
	error = ENOSYS;
#endif
	put(fds[0], 1);
	look("filterProc", error, kq);
	waitpid(pid, NULL, 0);
}

static void look_flags(void)
{
	int fds[2], kq = queue();

	unix_pair(fds);
	put(fds[0], 1);
	change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0);
	observe("oneshot", events(kq, SOON_MS) + events(kq, QUIET_MS));
	kq = queue();
	change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0);
	observe("clear", events(kq, SOON_MS) + events(kq, QUIET_MS));
	kq = queue();
	change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD, 0, 0);
	observe("level", events(kq, SOON_MS) + events(kq, QUIET_MS));
}

/* As in the guide's sample: close, then EV_DELETE; and a new file under the number that was not deleted. */
static void look_close(void)
{
	int fds[2], other[2], kq = queue();

	unix_pair(fds);
	change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD, 0, 0);
	close(fds[1]);
	observe_error("closeThenDelete", change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_DELETE, 0, 0));

	kq = queue();
	unix_pair(fds);
	unix_pair(other);
	change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD, 0, 0);
	close(fds[1]);
	if (dup2(other[1], fds[1]) < 0)
		probe_broken("dup2");
	observe_error("reusedWithoutDelete", change(kq, (uintptr_t)fds[1], EVFILT_READ, EV_ADD, 0, 0));
}

static void minimal(void *arg)
{
	trace_begin();
	int kq = queue();
	change(kq, (uintptr_t) * (int *)arg, EVFILT_READ, EV_ADD, 0, 0);
	(void)events(kq, SOON_MS);
	trace_end();
}

static void run(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));
	int fds[2];
	uint32_t epolls;

	unix_pair(fds);
	put(fds[0], 1);
	trace_calls(trace, minimal, &fds[1]);
	epolls = trace_count(trace, SYS_epoll_create1) + trace_count(trace, SYS_epoll_ctl) +
		 trace_count(trace, SYS_epoll_pwait);
#ifdef SYS_epoll_wait
	epolls += trace_count(trace, SYS_epoll_wait) + trace_count(trace, SYS_epoll_create);
#endif
	observe("epollCalls", epolls);
	look_filters();
	look_flags();
	look_close();
}

#else

static void run(void)
{
	probe_unsupported("%s", WITHOUT_LIBKQUEUE);
}

#endif

PROBE(.id = "kqueue", .title = "kqueue by libkqueue", .run = run,
      .values = {
	      NUMBER("epollCalls", "epoll system calls of kqueue, a registration and a wait, traced"),
	      STRING("filterRead", "EVFILT_READ: ok where an event of it came, as all below; else the errno"),
	      STRING("filterWrite", "EVFILT_WRITE"),
	      STRING("filterVnode", "EVFILT_VNODE, of a file that was written"),
	      STRING("filterProc", "EVFILT_PROC, of a child that ended"),
	      STRING("filterSignal", "EVFILT_SIGNAL"),
	      STRING("filterTimer", "EVFILT_TIMER"),
	      STRING("filterUser", "EVFILT_USER"),
	      NUMBER("level", "events of two waits, unread: EV_ADD alone"),
	      NUMBER("oneshot", "with EV_ONESHOT"),
	      NUMBER("clear", "with EV_CLEAR"),
	      STRING("closeThenDelete", "what EV_DELETE answers after close"),
	      STRING("reusedWithoutDelete",
		     "what EV_ADD of another file under a number answers that was closed and not "
		     "deleted"),
      });
