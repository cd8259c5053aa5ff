#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "inbox.h"
#include "preflight.h"

/* Those of preflight.ts: one byte, an odd size, and more than one read of any server; in all 10 seconds. */
static const uint32_t message_bytes[] = {1, 1009, 150001};
#define MESSAGES (sizeof(message_bytes) / sizeof(message_bytes[0]))
#define ALL_BYTES (1 + 1009 + 150001)
#define TIMEOUT_MS 10000

struct echo {
	int fd;
	size_t sent;
	size_t received;
	bool connected;
	bool shut; /* our side has ended */
	bool done;
	char *why;
	size_t why_bytes;
	uint8_t pattern[ALL_BYTES];
};

static void fill_pattern(uint8_t *to)
{
	for (size_t m = 0; m < MESSAGES; m++)
		for (uint32_t i = 0; i < message_bytes[m]; i++)
			*to++ = (uint8_t)(i * 31 + (i >> 8));
}

static bool fail_echo(struct echo *e, const char *what, int error)
{
	(void)snprintf(e->why, e->why_bytes, "echo check: %s%s%s", what, error ? ": " : "",
		       error ? strerror(error) : "");
	return false;
}

static bool send_more(struct echo *e)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (!e->connected) {
		if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error != 0)
			return fail_echo(e, "connect", error);
		e->connected = true;
	}
	while (e->sent < ALL_BYTES) {
		ssize_t n = send(e->fd, e->pattern + e->sent, ALL_BYTES - e->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || fail_echo(e, "send", errno);
		e->sent += (size_t)n;
	}
	if (!e->shut && shutdown(e->fd, SHUT_WR) < 0)
		return fail_echo(e, "shutdown", errno);
	e->shut = true;
	return true;
}

static bool receive_more(struct echo *e)
{
	uint8_t got[65536];
	char what[80];

	for (;;) {
		ssize_t n = recv(e->fd, got, sizeof(got), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || fail_echo(e, "recv", errno);
		if (n == 0)
			break;
		if ((size_t)n > ALL_BYTES - e->received ||
		    memcmp(got, e->pattern + e->received, (size_t)n) != 0) {
			(void)snprintf(what, sizeof(what), "wrong bytes after %zu", e->received);
			return fail_echo(e, what, 0);
		}
		e->received += (size_t)n;
	}
	e->done = true;
	if (e->received == ALL_BYTES)
		return true;
	(void)snprintf(what, sizeof(what), "the server closed after %zu of %d bytes", e->received, ALL_BYTES);
	return fail_echo(e, what, 0);
}

static bool exchange(struct echo *e, uint64_t until_ns)
{
	while (!e->done) {
		struct pollfd fds[] = {{.fd = e->fd, .events = (short)(e->shut ? POLLIN : POLLIN | POLLOUT)},
				       {.fd = inbox_interrupt_fd(), .events = POLLIN}};
		uint64_t now = now_ns();
		int ready = poll(fds, 2, now >= until_ns ? 0 : (int)((until_ns - now) / NS_PER_MS) + 1);
		char what[80];

		if (ready < 0 && errno != EINTR)
			return fail_echo(e, "poll", errno);
		if (ready > 0 && fds[1].revents)
			return fail_echo(e, "interrupted", 0);
		if (ready == 0 && now >= until_ns) {
			(void)snprintf(what, sizeof(what), "%zu of %d bytes after %d ms", e->received,
				       ALL_BYTES, TIMEOUT_MS);
			return fail_echo(e, what, 0);
		}
		if (ready <= 0)
			continue;
		if (!e->shut && (fds[0].revents & (POLLOUT | POLLERR | POLLHUP)) && !send_more(e))
			return false;
		if (e->connected && (fds[0].revents & (POLLIN | POLLERR | POLLHUP)) && !receive_more(e))
			return false;
	}
	return true;
}

bool preflight(uint16_t port, char *why, size_t why_bytes)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct echo *e = calloc(1, sizeof(*e));
	int one = 1;
	bool echoed;

	if (!e) {
		(void)snprintf(why, why_bytes, "echo check: no memory");
		return false;
	}
	e->why = why;
	e->why_bytes = why_bytes;
	fill_pattern(e->pattern);
	e->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->fd < 0)
		echoed = fail_echo(e, "socket", errno);
	else if (setsockopt(e->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		echoed = fail_echo(e, "setsockopt(TCP_NODELAY)", errno);
	else if (connect(e->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		echoed = fail_echo(e, "connect", errno);
	else
		echoed = exchange(e, now_ns() + TIMEOUT_MS * NS_PER_MS);
	if (e->fd >= 0)
		(void)close(e->fd);
	free(e);
	return echoed;
}
