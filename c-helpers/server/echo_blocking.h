/*
 * echo_blocking.h - the echo of a task that serves one connection and sleeps in recv and in send; models that
 * have such tasks differ in what the tasks are and how they come to a connection.
 */
#ifndef IOMB_ECHO_BLOCKING_H
#define IOMB_ECHO_BLOCKING_H

#include "echo.h"

/* Waits for bytes; ECHO_MORE if there are some. */
static inline enum echo_result blocking_recv(struct counters_slot *slot, int fd, char *buf, size_t buf_bytes,
					     size_t *len_bytes)
{
	ssize_t n;
	do {
		n = sys_recv(slot, fd, buf, buf_bytes);
		count(slot, COUNT_WAKEUPS);
	} while (n < 0 && errno == EINTR);
	count(slot, COUNT_EVENTS);
	if (n < 0)
		return echo_error(errno, fd, "recv");
	if (n == 0)
		return ECHO_CLOSED;
	echo_received(slot, (size_t)n);
	*len_bytes = (size_t)n;
	return ECHO_MORE;
}

/* Waits until the socket has taken all; ECHO_MORE if it has. */
static inline enum echo_result blocking_send(struct counters_slot *slot, int fd, const char *bytes,
					     size_t len_bytes)
{
	enum echo_result result;
	size_t done, total = 0;
	do {
		result = echo_send(slot, fd, bytes + total, len_bytes - total, &done);
		total += done;
	} while (result == ECHO_OWED);
	return result == ECHO_SHORT ? ECHO_MORE : result;
}

/* Until the connection ends: ECHO_CLOSED or ECHO_BROKEN. It is left open. */
static inline enum echo_result blocking_echo(struct counters_slot *slot, int fd, char *buf, size_t buf_bytes)
{
	enum echo_result result;
	do {
		size_t len_bytes;
		result = blocking_recv(slot, fd, buf, buf_bytes, &len_bytes);
		if (result == ECHO_MORE)
			result = blocking_send(slot, fd, buf, len_bytes);
	} while (result == ECHO_MORE);
	return result;
}

/*
 * For who sleeps in accept4 and handles signals: SA_RESTART would repeat a call that a signal interrupted,
 * one that nobody counted. (And ThreadSanitizer runs a handler only when the call that was interrupted is
 * over.)
 */
static inline void interrupt_accept(void)
{
	static const int signals[] = {SIGUSR1, SIGTERM, SIGINT, SIGCHLD};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;
		if (sigaction(signals[i], NULL, &action) < 0)
			die("sigaction(%d)", signals[i]);
		action.sa_flags &= ~SA_RESTART;
		if (sigaction(signals[i], &action, NULL) < 0)
			die("sigaction(%d)", signals[i]);
	}
}

#endif
