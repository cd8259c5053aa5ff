/* sockets.c - see sockets.h. */
#include "sockets.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"

enum { EVENTS_MAX = 128 };

static int listen_on(int flags, int backlog, struct sockaddr_in *address, bool shared)
{
	socklen_t bytes = sizeof(*address);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		probe_broken("socket(AF_INET)");
	if (!shared)
		address->sin_port = 0;
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0)
		probe_unsupported("setsockopt(SO_REUSEPORT): %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0)
		probe_broken("bind(127.0.0.1)");
	if (listen(fd, backlog) < 0)
		probe_broken("listen(%d)", backlog);
	if (getsockname(fd, (struct sockaddr *)address, &bytes) < 0)
		probe_broken("getsockname");
	return fd;
}

int tcp_listen(int flags, int backlog, struct sockaddr_in *address)
{
	memset(address, 0, sizeof(*address));
	return listen_on(flags, backlog, address, false);
}

int tcp_listen_shared(int flags, int backlog, struct sockaddr_in *address)
{
	return listen_on(flags, backlog, address, true);
}

int tcp_connect(const struct sockaddr_in *address)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		probe_broken("socket(AF_INET)");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		probe_broken("connect(127.0.0.1)");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		probe_broken("setsockopt(TCP_NODELAY)");
	return fd;
}

void tcp_pair(int fds[2])
{
	struct sockaddr_in address;
	int one = 1, listener = tcp_listen(0, 1, &address);

	fds[0] = tcp_connect(&address);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[1] < 0)
		probe_broken("accept4");
	if (setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		probe_broken("setsockopt(TCP_NODELAY)");
	close(listener);
}

void unix_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		probe_broken("socketpair");
}

void pipe_pair(int fds[2])
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		probe_broken("pipe2");
	fds[0] = ends[1];
	fds[1] = ends[0];
}

void set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		probe_broken("fcntl(O_NONBLOCK)");
}

void put(int fd, size_t bytes)
{
	static const char zeros[4096];

	while (bytes > 0) {
		ssize_t n = write(fd, zeros, bytes < sizeof(zeros) ? bytes : sizeof(zeros));
		if (n < 0)
			probe_broken("write(%zu bytes)", bytes);
		bytes -= (size_t)n;
	}
}

ssize_t take(int fd, size_t bytes)
{
	static char scratch[65536];
	ssize_t n = read(fd, scratch, bytes < sizeof(scratch) ? bytes : sizeof(scratch));

	if (n < 0 && errno != EAGAIN)
		probe_broken("read(%zu bytes)", bytes);
	return n;
}

void settle(int fd, int bytes)
{
	uint64_t until_ns = now_ns() + SOON_MS * NS_PER_MS;
	int there = 0;

	while (now_ns() < until_ns) {
		if (ioctl(fd, FIONREAD, &there) < 0)
			probe_broken("ioctl(FIONREAD)");
		if (there >= bytes)
			return;
		sched_yield();
	}
	probe_odd("of %d bytes sent only %d arrived", bytes, there);
}

bool settle_accepts(int listener, uint32_t count)
{
	uint64_t until_ns = now_ns() + SOON_MS * NS_PER_MS;
	struct tcp_info info = {0};
	socklen_t bytes = sizeof(info);

	/* Of a listener it is the length of its queue. */
	do {
		if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &bytes) < 0)
			probe_broken("getsockopt(TCP_INFO)");
		if (info.tcpi_unacked >= count)
			return true;
		sched_yield();
	} while (now_ns() < until_ns);
	return false;
}

int epoll_open(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (ep < 0)
		probe_broken("epoll_create1");
	return ep;
}

int epoll_change(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(ep, op, fd, &event) < 0 ? errno : 0;
}

void epoll_watch(int ep, int fd, uint32_t events)
{
	errno = epoll_change(ep, EPOLL_CTL_ADD, fd, events);
	if (errno)
		probe_broken("epoll_ctl(ADD, events %#x)", events);
}

int epoll_events(int ep, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int ready;

	do
		ready = epoll_wait(ep, events, EVENTS_MAX, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		probe_broken("epoll_wait");
	return ready;
}

uint32_t epoll_event(int ep, int timeout_ms)
{
	struct epoll_event event = {0};
	int ready;

	do
		ready = epoll_wait(ep, &event, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		probe_broken("epoll_wait");
	return ready ? event.events : 0;
}
