/*
 * guide.h - what the samples of the guide "Linux I/O Models" have in common once they are running servers.
 *
 * Each is finished with what the guide leaves open, a listener and what its own words call handle(), and
 * keeps what it shows: its calls, buffers, flags and mistakes. Around it stands the harness of all other
 * servers, so that two rows of one mechanism differ in how it is used and in nothing else:
 *
 * - Signals of the harness go to a thread of their own. A sample that ends, or that starts a thread, when
 *   a signal interrupts a call would not live to be measured. That thread's rt_sigsuspend is not counted.
 * - Calls are counted. None of the samples looks at what write says; the counters do.
 * - accept is accept4 without flags, by which name it is counted.
 * - Connections over the limit of the harness are refused by it.
 *
 * No sample ignores SIGPIPE, so here as well it ends the server.
 */
#ifndef IOMB_GUIDE_H
#define IOMB_GUIDE_H

#include <pthread.h>
#include <unistd.h>

#include "echo.h"

static inline void *guide_take_signals(void *arg)
{
	sigset_t none;

	(void)arg;
	sigemptyset(&none);
	for (;;)
		(void)sigsuspend(&none);
	return NULL;
}

/* To be called last in model_prepare: from here on the calling thread is not interrupted. */
static inline void guide_leave_signals(void)
{
	static const int ours[] = {SIGTERM, SIGINT, SIGUSR1};
	pthread_t thread;
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&blocked, ours[i]);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	errno = pthread_create(&thread, NULL, guide_take_signals, NULL);
	if (errno)
		die("pthread_create(signals)");
}

/* To be called first in model_serve: as it is in a process that says nothing of SIGPIPE. */
static inline void guide_keep_sigpipe(struct counters_slot *slot)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	if (sys_sigaction(slot, SIGPIPE, &action) < 0)
		die("sigaction(SIGPIPE)");
}

static inline int guide_accept(struct counters_slot *slot, int listen_fd)
{
	count(slot, COUNT_SYS_ACCEPT4);
	return accept4(listen_fd, NULL, NULL, 0);
}

static inline ssize_t guide_read(struct counters_slot *slot, int fd, char *buf, size_t bytes)
{
	count(slot, COUNT_SYS_READ);
	ssize_t n = read(fd, buf, bytes);
	if (n > 0)
		echo_received(slot, (size_t)n);
	return n;
}

/* What a write did, for the counters alone. */
static inline void guide_written(struct counters_slot *slot, ssize_t done_bytes, size_t bytes)
{
	if (done_bytes < 0)
		return;
	echo_sent(slot, (size_t)done_bytes);
	if ((size_t)done_bytes < bytes)
		count(slot, COUNT_SHORT_WRITES);
}

static inline void guide_write(struct counters_slot *slot, int fd, const char *buf, size_t bytes)
{
	count(slot, COUNT_SYS_WRITE);
	guide_written(slot, write(fd, buf, bytes), bytes);
}

/* A failed accept may be handed on as descriptor -1, which is no connection. */
static inline void guide_close(struct counters_slot *slot, int fd, bool broken)
{
	if (fd >= 0)
		net_closed(slot, broken);
	sys_close(slot, fd);
}

#endif
