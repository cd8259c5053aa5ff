/*
 * interrupted - which calls a signal handler ends with EINTR, and which SA_RESTART continues. A timer sends
 * SIGALRM again and again; the third makes what the call waits for happen, so one that was continued ends
 * well.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "sockets.h"

enum { EVERY_US = 10000, ENOUGH = 3 };

static volatile sig_atomic_t signals;
static void (*finish)(void);
static int event, pair[2], listener;
static struct sockaddr_in address;

static void on_alarm(int signal)
{
	(void)signal;
	if (++signals == ENOUGH && finish)
		finish();
}

static void finish_event(void)
{
	uint64_t one = 1;
	ssize_t n = write(event, &one, sizeof(one));
	(void)n;
}

static void finish_pair(void)
{
	ssize_t n = write(pair[0], "x", 1);
	(void)n;
}

static void finish_accept(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int wait_read(void)
{
	char byte;
	return (int)read(pair[1], &byte, 1);
}

static int wait_accept(void)
{
	return accept(listener, NULL, NULL);
}

static int wait_epoll(void)
{
	int ep = epoll_open();
	struct epoll_event got;
	epoll_watch(ep, event, EPOLLIN);
	return epoll_wait(ep, &got, 1, SOON_MS);
}

static int wait_poll(void)
{
	struct pollfd asked = {.fd = event, .events = POLLIN};
	return poll(&asked, 1, SOON_MS);
}

static int wait_select(void)
{
	fd_set set;
	struct timeval wait = {.tv_sec = 2};
	FD_ZERO(&set);
	FD_SET(event, &set);
	return select(event + 1, &set, NULL, NULL, &wait);
}

static int wait_sleep(void)
{
	struct timespec wait = {.tv_nsec = 20 * EVERY_US * 1000l};
	return nanosleep(&wait, NULL);
}

static int wait_recv_timeout(void)
{
	char byte;
	struct timeval limit = {.tv_sec = 2}, none = {0};
	setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	int n = (int)recv(pair[1], &byte, 1, 0), error = errno;
	setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
	errno = error;
	return n;
}

static int wait_ring(void)
{
	struct counters_slot uncounted = {0};
	struct uring ring;
	int error = ring_try(&ring, 4, 0, 0);
	if (error < 0)
		return 1;
	struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_POLL_ADD, event, 0);
	sqe->poll32_events = POLLIN;
	ring_submit(&ring, 0);
	/* With something to submit as well, the answer would be how many were. */
	error = uring_enter(&ring, &uncounted, 0, 1, IORING_ENTER_GETEVENTS);
	uring_close(&ring);
	errno = -error;
	return error < 0 ? -1 : 0;
}

static void look(const char *value, int (*wait)(void), void (*ending)(void), int flags)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
	struct itimerval every = {.it_interval.tv_usec = EVERY_US, .it_value.tv_usec = EVERY_US}, never = {0};
	uint64_t left;

	signals = 0;
	finish = ending;
	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &every, NULL) < 0)
		probe_broken("setitimer");
	errno = 0;
	int result = wait(), error = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	observe_text(value, result >= 0 ? "restarted" : error_name(error));
	/* What was made to happen after a call had ended. */
	set_nonblocking(event);
	while (read(event, &left, sizeof(left)) > 0 || recv(pair[1], &left, sizeof(left), MSG_DONTWAIT) > 0)
		;
}

static void run(void)
{
	struct uring ring;

	event = eventfd(0, EFD_CLOEXEC);
	tcp_pair(pair);
	listener = tcp_listen(0, 8, &address);
	look("readPlain", wait_read, finish_pair, 0);
	look("readRestart", wait_read, finish_pair, SA_RESTART);
	look("acceptPlain", wait_accept, finish_accept, 0);
	look("acceptRestart", wait_accept, finish_accept, SA_RESTART);
	look("epollRestart", wait_epoll, finish_event, SA_RESTART);
	look("pollRestart", wait_poll, finish_event, SA_RESTART);
	look("selectRestart", wait_select, finish_event, SA_RESTART);
	look("sleepRestart", wait_sleep, NULL, SA_RESTART);
	look("recvTimeoutRestart", wait_recv_timeout, finish_pair, SA_RESTART);
	if (ring_try(&ring, 4, 0, 0) < 0)
		return;
	uring_close(&ring);
	look("uringRestart", wait_ring, finish_event, SA_RESTART);
}

PROBE(.id = "interrupted", .title = "calls that a signal handler interrupts, with and without SA_RESTART",
      .run = run,
      .values = {
	      STRING("readPlain", "read of a socket, without SA_RESTART: EINTR or restarted"),
	      STRING("readRestart", "read of a socket, with it, as all below"),
	      STRING("acceptPlain", "accept, without SA_RESTART"),
	      STRING("acceptRestart", "accept"),
	      STRING("epollRestart", "epoll_wait"),
	      STRING("pollRestart", "poll"),
	      STRING("selectRestart", "select"),
	      STRING("sleepRestart", "nanosleep"),
	      STRING("recvTimeoutRestart", "recv of a socket with SO_RCVTIMEO"),
	      STRING_OR_NONE("uringRestart", "io_uring_enter that waits"),
      });
