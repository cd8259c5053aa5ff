/*
 * echo.h - what an echo does with a readable or writable non-blocking socket; the models that are
 * told of readiness share it and differ in how they wait.
 *
 * Bytes are read into a buffer that all connections of a thread share. What the socket does not take
 * at once is owed: it moves to the connection's own buffer, and nothing more is read from that
 * connection until it is written, so a slow reader costs at most server->buf_bytes.
 */
#ifndef IOMB_ECHO_H
#define IOMB_ECHO_H

#include <string.h>

#include "die.h"
#include "handicap.h"
#include "net.h"

enum echo_result {
	ECHO_EMPTY,  /* there was nothing to read */
	ECHO_SHORT,  /* nothing owed, and the read was short: see echo_read for what can be left */
	ECHO_MORE,   /* nothing owed, and there may be more to read */
	ECHO_OWED,   /* the socket takes no more: wait until it is writable, read nothing */
	ECHO_CLOSED, /* the peer finished, and everything is echoed */
	ECHO_BROKEN, /* the connection broke */
};

struct echo {
	char *owed; /* the connection's own buffer, server->buf_bytes */
	uint32_t owed_from, owed_end;
};

/* An error of recv or send other than EAGAIN: it ends this connection, or it is a bug of ours. */
static inline enum echo_result echo_error(int error, int fd, const char *call)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
	case ETIMEDOUT:
	case ECONNABORTED:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return ECHO_BROKEN;
	default:
		errno = error;
		die("%s(fd %d)", call, fd);
	}
}

/* A write has written some. */
static inline void echo_sent(struct counters_slot *slot, size_t bytes)
{
	count(slot, COUNT_WRITES);
	count_add(slot, COUNT_BYTES_OUT, bytes);
}

/*
 * Writes once. A short write means that the socket is full (epoll(7)), so there is no second call to
 * be told EAGAIN. Returns ECHO_SHORT if the socket took all; *done_bytes is what it took.
 */
static inline enum echo_result echo_send(struct counters_slot *slot, int fd, const char *bytes,
					 size_t len_bytes, size_t *done_bytes)
{
	ssize_t n;
	do {
		n = sys_send(slot, fd, bytes, len_bytes);
	} while (n < 0 && errno == EINTR);
	*done_bytes = 0;
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return ECHO_OWED;
		return echo_error(errno, fd, "send");
	}
	*done_bytes = (size_t)n;
	echo_sent(slot, (size_t)n);
	if ((size_t)n == len_bytes)
		return ECHO_SHORT;
	count(slot, COUNT_SHORT_WRITES);
	return ECHO_OWED;
}

/* Every read of data, whatever reads it, comes by here before it is answered. */
static inline void echo_received(struct counters_slot *slot, size_t bytes)
{
	count(slot, COUNT_READS);
	count_add(slot, COUNT_BYTES_IN, bytes);
	handicap();
}

/*
 * Reads once into scratch (buf_bytes) and echoes it. Only while nothing is owed.
 *
 * A short read takes all that TCP has, but for what stands behind a place where recv stops: the FIN, an
 * error, or the urgent mark of MSG_OOB, behind which there may be more bytes (tcp_recvmsg_locked in
 * net/ipv4/tcp.c). Who is told of changes only must know that there is none of them, or read on.
 */
static inline enum echo_result echo_read(struct counters_slot *slot, struct echo *echo, int fd, char *scratch,
					 size_t buf_bytes)
{
	ssize_t n;
	do {
		n = sys_recv(slot, fd, scratch, buf_bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return ECHO_EMPTY;
		return echo_error(errno, fd, "recv");
	}
	if (n == 0)
		return ECHO_CLOSED;
	echo_received(slot, (size_t)n);
	size_t done;
	enum echo_result sent = echo_send(slot, fd, scratch, (size_t)n, &done);
	if (sent == ECHO_OWED) {
		echo->owed_from = 0;
		echo->owed_end = (uint32_t)((size_t)n - done);
		memcpy(echo->owed, scratch + done, echo->owed_end);
	}
	if (sent == ECHO_SHORT && (size_t)n == buf_bytes)
		return ECHO_MORE;
	return sent;
}

/* Writes what is owed. ECHO_MORE when all of it is written: input may have piled up meanwhile. */
static inline enum echo_result echo_flush(struct counters_slot *slot, struct echo *echo, int fd)
{
	size_t done;
	enum echo_result sent =
		echo_send(slot, fd, echo->owed + echo->owed_from, echo->owed_end - echo->owed_from, &done);
	echo->owed_from += (uint32_t)done;
	if (sent != ECHO_SHORT)
		return sent;
	echo->owed_from = echo->owed_end = 0;
	return ECHO_MORE;
}

static inline bool echo_owes(const struct echo *echo)
{
	return echo->owed_end > echo->owed_from;
}

#endif
