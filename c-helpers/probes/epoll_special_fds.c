/* epoll_special_fds - that what is no socket is reported when it happens: counters, timers, signals, file
 * names. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

static int waited(int fd)
{
	int ep = epoll_open();

	epoll_watch(ep, fd, EPOLLIN);
	return epoll_events(ep, SOON_MS);
}

static int eventfd_value(void)
{
	uint64_t add = 7, value = 0;
	int fd = eventfd(0, EFD_CLOEXEC);

	if (write(fd, &add, sizeof(add)) != sizeof(add))
		probe_broken("write(eventfd)");
	int events = waited(fd);
	return read(fd, &value, sizeof(value)) == sizeof(value) && value == 7 ? events : 0;
}

static int timer(void)
{
	struct itimerspec once = {.it_value.tv_nsec = 1000000};
	uint64_t expired = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timerfd_settime(fd, 0, &once, NULL) < 0)
		probe_broken("timerfd_settime");
	int events = waited(fd);
	return read(fd, &expired, sizeof(expired)) == sizeof(expired) && expired == 1 ? events : 0;
}

static int a_signal(void)
{
	struct signalfd_siginfo info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	raise(SIGUSR1);
	int events = waited(fd);
	return read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGUSR1 ? events : 0;
}

static int a_name(void)
{
	char path[] = "/var/tmp/iomodels-probe-XXXXXX", event[512];
	int watched = mkostemp(path, O_CLOEXEC), fd = inotify_init1(IN_CLOEXEC);

	if (watched < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		probe_broken("inotify_add_watch(%s)", path);
	put(watched, 1);
	int events = waited(fd);
	unlink(path);
	const struct inotify_event *first = (const struct inotify_event *)event;
	return read(fd, event, sizeof(event)) > 0 && first->mask & IN_MODIFY ? events : 0;
}

static void run(void)
{
	observe("eventfd", eventfd_value());
	observe("timerfd", timer());
	observe("signalfd", a_signal());
	observe("inotify", a_name());
}

PROBE(.id = "epoll-special-fds", .title = "counters, timers, signals and file changes reported by epoll",
      .run = run,
      .values = {
	      NUMBER("eventfd", "events of an eventfd that was added to; 0 also where its value is wrong"),
	      NUMBER("timerfd", "events of a timerfd that expired"),
	      NUMBER("signalfd", "events of a signalfd"),
	      NUMBER("inotify", "events of an inotify instance whose file was written"),
      });
