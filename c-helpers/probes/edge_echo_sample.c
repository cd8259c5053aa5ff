/*
 * edge_echo_sample - the guide's edge-triggered echo loop, its lines as they stand: with accept, which gives
 * blocking sockets, and with accept4(SOCK_NONBLOCK). Two clients see what becomes of it.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

/* Far longer than an echo takes, also on a busy machine. */
enum { NO_REPLY_MS = 400 };

static _Noreturn void sample(int listen_fd, bool nonblocking)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.fd = listen_fd};
	struct epoll_event events[64];

	epoll_ctl(ep, EPOLL_CTL_ADD, listen_fd, &ev);
	for (;;) {
		int n = epoll_wait(ep, events, 64, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listen_fd) {
				for (;;) {
					int cfd = accept4(listen_fd, NULL, NULL,
							  nonblocking ? SOCK_NONBLOCK : 0);
					if (cfd < 0)
						break;
					struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.fd = cfd};
					epoll_ctl(ep, EPOLL_CTL_ADD, cfd, &e);
				}
			} else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) {
				char buf[4096];
				for (;;) {
					ssize_t r = read(fd, buf, sizeof(buf));
					if (r <= 0) {
						close(fd);
						break;
					}
					ssize_t written = write(fd, buf, (size_t)r);
					(void)written;
				}
			}
		}
	}
}

enum reply { NO_REPLY, REPLY, END };

static enum reply wait_reply(int fd, int timeout_ms)
{
	struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ssize_t n = recv(fd, &byte, 1, 0);
	return n > 0 ? REPLY : n == 0 || errno == ECONNRESET ? END : NO_REPLY;
}

static void look(bool nonblocking, enum reply seen[3])
{
	struct sockaddr_in address;
	/* Non-blocking, or its accept loop would never end. */
	int listener = tcp_listen(SOCK_NONBLOCK, 8, &address);
	pid_t pid = fork_helper();

	if (pid == 0)
		sample(listener, nonblocking);
	int first = tcp_connect(&address), second = tcp_connect(&address);
	put(first, 1);
	seen[0] = wait_reply(first, SOON_MS);
	seen[1] = wait_reply(first, NO_REPLY_MS);
	put(second, 1);
	seen[2] = wait_reply(second, nonblocking ? SOON_MS : NO_REPLY_MS);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(first);
	close(second);
	close(listener);
}

static void run(void)
{
	enum reply blocking[3], nonblocking[3];

	look(false, blocking);
	look(true, nonblocking);
	observe_is("blockingFirst", blocking[0] == REPLY);
	observe_is("blockingEofAfter", blocking[1] == END);
	observe_is("blockingOther", blocking[2] == REPLY);
	observe_is("nonblockFirst", nonblocking[0] == REPLY);
	observe_is("nonblockEofAfter", nonblocking[1] == END);
	observe_is("nonblockOther", nonblocking[2] == REPLY);
}

PROBE(.id = "edge-echo-sample", .title = "the guide's edge-triggered echo loop", .run = run,
      .values = {
	      BOOLEAN("blockingFirst", "as it stands: the first connection got its echo"),
	      BOOLEAN("blockingEofAfter", "and was closed after it"),
	      BOOLEAN("blockingOther", "a second got its echo while the first is open and idle"),
	      BOOLEAN("nonblockFirst", "with accept4(SOCK_NONBLOCK): the first connection got its echo"),
	      BOOLEAN("nonblockEofAfter", "and was closed after it"),
	      BOOLEAN("nonblockOther", "a second got its echo"),
      });
