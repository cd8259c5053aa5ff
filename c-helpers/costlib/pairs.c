/* pairs.c - pairs of connected descriptors. */
#include "pairs.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int tcp_listener(struct bench *bench, int backlog)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		bench_fail(bench, "socket(AF_INET)");
		return -1;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0) {
		bench_fail(bench, "listen(127.0.0.1)");
		close(fd);
		return -1;
	}
	return fd;
}

int tcp_connect(struct bench *bench, int listener)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof(address);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		bench_fail(bench, "socket(AF_INET)");
		return -1;
	}
	if (getsockname(listener, (struct sockaddr *)&address, &bytes) < 0 ||
	    connect(fd, (struct sockaddr *)&address, bytes) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0) {
		bench_fail(bench, "connect(127.0.0.1)");
		close(fd);
		return -1;
	}
	return fd;
}

void tcp_reset(int fd)
{
	struct linger now = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static bool open_tcp(struct bench *bench, int listener, int fds[2])
{
	int one = 1;

	fds[0] = tcp_connect(bench, listener);
	if (fds[0] < 0)
		return false;
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[1] < 0 || setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		return bench_fail(bench, "accept4(127.0.0.1)");
	return true;
}

static bool open_pair(struct bench *bench, struct pairs *pairs, enum pair_kind kind, int listener)
{
	uint32_t at = pairs->count;
	int there[2] = {-1, -1}, back[2] = {-1, -1};
	bool is_open = false;

	switch (kind) {
	case PAIR_PIPE:
		is_open = (pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0) ||
			  bench_fail(bench, "pipe2");
		break;
	case PAIR_EVENTFD:
		there[0] = there[1] = eventfd(0, EFD_CLOEXEC);
		back[0] = back[1] = eventfd(0, EFD_CLOEXEC);
		is_open = (there[0] >= 0 && back[0] >= 0) || bench_fail(bench, "eventfd");
		break;
	case PAIR_UNIX:
		is_open = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, there) == 0 ||
			  bench_fail(bench, "socketpair(AF_UNIX, SOCK_STREAM)");
		break;
	case PAIR_TCP:
		is_open = open_tcp(bench, listener, there);
		break;
	}
	if (kind == PAIR_UNIX || kind == PAIR_TCP) {
		back[0] = there[1];
		back[1] = there[0];
	}
	/* What is read at [0] was written to [1]. */
	pairs->near_read[at] = there[0];
	pairs->far_write[at] = there[1];
	pairs->far_read[at] = back[0];
	pairs->near_write[at] = back[1];
	pairs->count++;
	return is_open;
}

bool pairs_open(struct bench *bench, struct pairs *pairs, enum pair_kind kind, uint32_t count)
{
	int listener = kind == PAIR_TCP ? tcp_listener(bench, PAIRS) : -1;
	bool is_open = kind != PAIR_TCP || listener >= 0;

	for (uint32_t i = 0; i < count && is_open; i++)
		is_open = open_pair(bench, pairs, kind, listener);
	if (listener >= 0)
		close(listener);
	return is_open;
}

static void close_once(int fd, int other)
{
	struct linger now = {.l_onoff = 1};
	if (fd < 0)
		return;
	/* Nothing but TCP sockets has it; a TIME_WAIT of each would use up the ports. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	if (other >= 0 && other != fd)
		close(other);
}

void pairs_close(struct pairs *pairs)
{
	for (uint32_t i = 0; i < pairs->count; i++) {
		bool is_shared = pairs->near_read[i] == pairs->near_write[i];
		bool is_one = pairs->near_read[i] == pairs->far_write[i];
		close_once(pairs->near_read[i], is_shared ? -1 : pairs->near_write[i]);
		if (!is_one)
			close_once(pairs->far_write[i], is_shared ? -1 : pairs->far_read[i]);
	}
	pairs->count = 0;
}

bool give(struct bench *bench, int fd, size_t bytes)
{
	uint64_t message[MESSAGE_MAX / sizeof(uint64_t)] = {1};
	ssize_t n;

	do {
		n = write(fd, message, bytes);
	} while (n < 0 && errno == EINTR && bench_goes_on(bench));
	return n == (ssize_t)bytes || bench_fail(bench, "write(peer)");
}

bool take(struct bench *bench, int fd, size_t bytes)
{
	char message[MESSAGE_MAX];
	size_t got = 0;

	while (got < bytes && bench_goes_on(bench)) {
		ssize_t n = read(fd, message, bytes - got);
		if (n == 0)
			return bench_wrong(bench, "read(peer): it has ended");
		if (n < 0 && errno != EINTR)
			return bench_fail(bench, "read(peer)");
		got += n > 0 ? (size_t)n : 0;
	}
	return got == bytes;
}
