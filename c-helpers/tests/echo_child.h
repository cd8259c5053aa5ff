/*
 * echo_child.h - a server process for the load generator's tests: it echoes, or misbehaves in one
 * named way. It keeps a counters page and answers SIGUSR1, as the real servers do.
 */
#ifndef IOMB_TESTS_ECHO_CHILD_H
#define IOMB_TESTS_ECHO_CHILD_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../server/counters.h"
#include "check.h"

#define ECHO_FDS_MAX 8192
#define ECHO_BUF_BYTES 16384

enum echo_fault {
	ECHO_FAITHFUL,
	ECHO_SILENT,	   /* accepts and reads, never answers */
	ECHO_FLIPS,	   /* one bit of the 100,000th byte */
	ECHO_ADDS,	   /* a byte that was never sent */
	ECHO_BREAKS_ODD,   /* closes every other connection after its first bytes */
	ECHO_PAUSES_ONCE,  /* stands still for 200 ms, once */
	ECHO_NEVER_CLOSES, /* ignores the client's FIN */
	ECHO_DROPS_IDLE,   /* closes a connection that has sent nothing, after 10,000 bytes of others */
	ECHO_MUTES_ONE,	   /* after 10,000 bytes, answers the connection that it then has read no more */
};

enum { COUNTER_ACCEPTED, COUNTER_REFUSED, COUNTER_BYTES, COUNTER_BYTES_OUT, COUNTER_WAKEUPS, ECHO_COUNTERS };

struct echo_child {
	pid_t pid;
	uint16_t port;
	int counters_fd;
	char counters_path[64];
};

struct echo_conn {
	uint32_t off, bytes; /* owed */
	char buf[ECHO_BUF_BYTES];
};

static struct counters_header *echo_header;
static struct counters_slot *echo_slot;

static void echo_answer(int signal_number)
{
	struct rusage usage;

	(void)signal_number;
	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return;
	echo_header->sample_voluntary_switches = (uint64_t)usage.ru_nvcsw;
	echo_header->sample_involuntary_switches = (uint64_t)usage.ru_nivcsw;
	__atomic_add_fetch(&echo_header->sample_seq, 1, __ATOMIC_RELEASE);
}

static inline void echo_count(int counter, uint64_t n)
{
	__atomic_store_n(&echo_slot->value[counter], echo_slot->value[counter] + n, __ATOMIC_RELAXED);
}

static inline int echo_counters_open(void)
{
	static const char *const names[ECHO_COUNTERS] = {"accepted", "refused", "bytes_in", "bytes_out",
							 "wakeups"};
	size_t header_bytes = (sizeof(*echo_header) + 63) / 64 * 64;
	size_t bytes = header_bytes + 2 * sizeof(*echo_slot);
	int fd = memfd_create("test-counters", 0);

	need(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, "memfd: %s", strerror(errno));
	char *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(page != MAP_FAILED, "mmap: %s", strerror(errno));
	echo_header = (struct counters_header *)(void *)page;
	echo_slot = (struct counters_slot *)(void *)(page + header_bytes);
	*echo_header = (struct counters_header){.magic = COUNTERS_MAGIC,
						.version = COUNTERS_VERSION,
						.counters = ECHO_COUNTERS,
						.slots_max = 2,
						.slots_used = 1,
						.header_bytes = (uint32_t)header_bytes,
						.slot_bytes = sizeof(*echo_slot)};
	for (int i = 0; i < ECHO_COUNTERS; i++)
		strcpy(echo_header->names[i], names[i]);
	return fd;
}

static inline int echo_listen(uint16_t *port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(addr);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	need(fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
		     bind(fd, (struct sockaddr *)&addr, bytes) == 0 && listen(fd, 4096) == 0 &&
		     getsockname(fd, (struct sockaddr *)&addr, &bytes) == 0,
	     "listening socket: %s", strerror(errno));
	*port = ntohs(addr.sin_port);
	return fd;
}

static inline void echo_misbehave(enum echo_fault fault, struct echo_conn *c)
{
	static uint64_t received;
	static bool paused;
	struct timespec pause = {.tv_nsec = 200000000};

	received += c->bytes;
	if (fault == ECHO_FLIPS && received >= 100000 && received - c->bytes < 100000)
		c->buf[c->bytes - 1] ^= 4;
	if (fault == ECHO_ADDS && received >= 100000 && received - c->bytes < 100000)
		c->bytes++;
	if (fault == ECHO_PAUSES_ONCE && received >= 10000 && !paused) {
		paused = true;
		(void)nanosleep(&pause, NULL);
	}
}

/* False when the connection is to be closed. */
static inline bool echo_once(enum echo_fault fault, int fd, struct echo_conn *c)
{
	static int muted = -1;

	if (c->off == c->bytes) {
		ssize_t n = recv(fd, c->buf, sizeof(c->buf) - 1, 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return fault == ECHO_NEVER_CLOSES;
		echo_count(COUNTER_BYTES, (uint64_t)n);
		if (fault == ECHO_SILENT)
			return true;
		if (fault == ECHO_MUTES_ONE && muted < 0 && echo_slot->value[COUNTER_BYTES] > 10000)
			muted = fd;
		if (fd == muted)
			return true;
		if (fault == ECHO_BREAKS_ODD && fd % 2)
			return false;
		c->off = 0;
		c->bytes = (uint32_t)n;
		echo_misbehave(fault, c);
	}
	ssize_t n = send(fd, c->buf + c->off, c->bytes - c->off, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	echo_count(COUNTER_BYTES_OUT, (uint64_t)n);
	c->off += (uint32_t)n;
	return true;
}

static inline void echo_drop_idle(struct echo_conn **conns)
{
	for (int fd = 0; fd < ECHO_FDS_MAX; fd++) {
		if (!conns[fd] || conns[fd]->bytes > 0)
			continue;
		(void)close(fd);
		return;
	}
}

static inline void echo_accept(int epoll_fd, int listen_fd, struct echo_conn **conns)
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

		need(fd < ECHO_FDS_MAX, "too many connections");
		if (!conns[fd])
			conns[fd] = malloc(sizeof(**conns));
		need(conns[fd] && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0, "accept: %s",
		     strerror(errno));
		conns[fd]->off = conns[fd]->bytes = 0;
		echo_count(COUNTER_ACCEPTED, 1);
	}
}

__attribute__((noreturn)) static inline void echo_serve(enum echo_fault fault, int listen_fd)
{
	static struct echo_conn *conns[ECHO_FDS_MAX];
	struct epoll_event events[64], ev = {.events = EPOLLIN, .data.fd = listen_fd};
	int epoll_fd = epoll_create1(0);
	bool dropped = false;

	need(epoll_fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &ev) == 0, "epoll: %s",
	     strerror(errno));
	for (;;) {
		int ready = epoll_wait(epoll_fd, events, 64, -1);

		echo_count(COUNTER_WAKEUPS, 1);
		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (fd == listen_fd) {
				echo_accept(epoll_fd, listen_fd, conns);
				continue;
			}
			bool owed_before = conns[fd]->off < conns[fd]->bytes;
			if (!echo_once(fault, fd, conns[fd])) {
				(void)close(fd);
				continue;
			}
			bool owed = conns[fd]->off < conns[fd]->bytes;
			ev = (struct epoll_event){.events = owed ? EPOLLOUT : EPOLLIN, .data.fd = fd};
			if (owed != owed_before)
				(void)epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &ev);
		}
		if (fault == ECHO_DROPS_IDLE && !dropped && echo_slot->value[COUNTER_BYTES] > 10000) {
			dropped = true;
			echo_drop_idle(conns);
		}
	}
}

static inline struct echo_child echo_start(enum echo_fault fault)
{
	struct echo_child child = {0};
	int listen_fd = echo_listen(&child.port);

	child.counters_fd = echo_counters_open();
	struct sigaction answer = {.sa_handler = echo_answer};
	(void)fflush(stdout);
	child.pid = fork();
	need(child.pid >= 0, "fork: %s", strerror(errno));
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigaction(SIGUSR1, &answer, NULL);
		echo_serve(fault, listen_fd);
	}
	(void)close(listen_fd);
	(void)snprintf(child.counters_path, sizeof(child.counters_path), "/proc/%d/fd/%d", (int)child.pid,
		       child.counters_fd);
	return child;
}

static inline void echo_stop(struct echo_child *child)
{
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	(void)close(child->counters_fd);
}

#endif
