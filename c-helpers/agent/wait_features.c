/*
 * wait_features.c - epoll, sockets, native AIO and signals, feature by feature. Where a kernel takes a flag
 * that it does not know without a word, what the flag does is looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../wire/uapi.h"
#include "feature.h"
#include "wait_features.h"

/* The same numbers on x86-64 and arm64. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* 5.11 */
#endif
#ifndef SO_INCOMING_NAPI_ID
#define SO_INCOMING_NAPI_ID 56 /* 4.12 */
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60 /* 4.14 */
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69 /* 5.11 */
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70 /* 5.11 */
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000 /* 4.14 */
#endif
#ifndef TCP_ZEROCOPY_RECEIVE
#define TCP_ZEROCOPY_RECEIVE 35 /* 4.18 */
#endif

#define FDINFO_BYTES 1024

static int errno_of(long result)
{
	return result < 0 ? errno : 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* Of an epoll that watches fd so: how it ended to add it (*error), and the descriptor. */
static int watch(int fd, uint32_t events, int *error)
{
	struct epoll_event event = {.events = events};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	*error = errno_of(epoll);
	if (*error == 0)
		*error = errno_of(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

/* Whether it reports something now; *events: what. */
static bool reports(int epoll, uint32_t *events)
{
	struct epoll_event event = {0};
	bool some = epoll_wait(epoll, &event, 1, 0) == 1;

	*events = event.events;
	return some;
}

/* Reports what is ready once, and again only with more (again) or not before it is asked anew. */
static void report_once(const char *name, uint32_t flag, bool again)
{
	int ready = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), error;
	int epoll = watch(ready, EPOLLIN | flag, &error);
	uint32_t events;
	uint64_t more = 1;

	bool works = error == 0 && reports(epoll, &events) && !reports(epoll, &events) &&
		     write(ready, &more, sizeof(more)) == (ssize_t)sizeof(more) &&
		     reports(epoll, &events) == again;
	if (error)
		feature_put(name, error);
	else
		feature_put_because(name, works, "ignored");
	close_fd(epoll);
	close_fd(ready);
}

/* Since there is such a flag, it is refused in a change (4.5). */
static void exclusive(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int watched = eventfd(0, EFD_CLOEXEC), error;
	int epoll = watch(watched, event.events, &error);

	if (error)
		feature_put("EPOLLEXCLUSIVE", error);
	else
		feature_put_because("EPOLLEXCLUSIVE", epoll_ctl(epoll, EPOLL_CTL_MOD, watched, &event) < 0,
				    "ignored");
	close_fd(epoll);
	close_fd(watched);
}

static void hang_up(void)
{
	int pair[2] = {-1, -1}, error = errno_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	uint32_t events = 0;
	int epoll = error ? -1 : watch(pair[0], EPOLLRDHUP, &error);

	if (error == 0)
		error = errno_of(shutdown(pair[1], SHUT_WR));
	if (error)
		feature_put("EPOLLRDHUP", error);
	else
		feature_put_because("EPOLLRDHUP", reports(epoll, &events) && (events & EPOLLRDHUP),
				    "ignored");
	close_fd(epoll);
	close_fd(pair[0]);
	close_fd(pair[1]);
}

/* It is taken out in silence where it cannot be; the kernel shows which events are watched. */
static void wakeup(void)
{
	char path[64], text[FDINFO_BYTES];
	int watched = eventfd(0, EFD_CLOEXEC), error;
	int epoll = watch(watched, EPOLLIN | EPOLLWAKEUP, &error);

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	int info = error ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	text[bytes < 0 ? 0 : bytes] = '\0';
	const char *events = strstr(text, "events:");
	if (error)
		feature_put("EPOLLWAKEUP", error);
	else if (!events)
		feature_put_because("EPOLLWAKEUP", false, "/proc does not tell");
	else
		feature_put_because("EPOLLWAKEUP",
				    strtoul(events + strlen("events:"), NULL, 16) & EPOLLWAKEUP, "ignored");
	close_fd(info);
	close_fd(epoll);
	close_fd(watched);
}

static int epoll_pwait2_error(int epoll)
{
	struct epoll_event event;
	struct __kernel_timespec now = {0};

	return errno_of(syscall(SYS_epoll_pwait2, epoll, &event, 1, &now, NULL, 0));
}

static void epoll_group(void)
{
	struct {
		uint32_t usecs;
		uint16_t budget;
		uint8_t prefer, pad;
	} params = {0};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	group_begin("epoll");
	report_once("EPOLLET", EPOLLET, true);
	report_once("EPOLLONESHOT", EPOLLONESHOT, false);
	exclusive();
	hang_up();
	wakeup();
	feature_put("epoll_pwait2", epoll_pwait2_error(epoll));
	/* 6.9: busy polling of an epoll's sockets. */
	feature_put("EPIOCGPARAMS", errno_of(ioctl(epoll, _IOR(0x8a, 2, params), &params)));
	feature_put("EPIOCSPARAMS", errno_of(ioctl(epoll, _IOW(0x8a, 1, params), &params)));
	group_end(-1);
	close_fd(epoll);
}

/* A listener on loopback that does not block, and the two ends of a connection to it; -1 where one is not. */
struct sockets {
	int listener, near, far;
};

static struct sockets sockets_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	struct sockets s = {
		.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
		.near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		.far = -1,
	};

	if (bind(s.listener, (struct sockaddr *)&address, length) == 0 && listen(s.listener, 1) == 0 &&
	    getsockname(s.listener, (struct sockaddr *)&address, &length) == 0 &&
	    connect(s.near, (struct sockaddr *)&address, length) == 0)
		s.far = accept(s.listener, NULL, NULL);
	return s;
}

static int option_error(int fd, int option, int value)
{
	return errno_of(setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)));
}

static int zerocopy_send_error(int fd)
{
	static const char byte = 1;
	int error = option_error(fd, SO_ZEROCOPY, 1);

	return error ? error : errno_of(send(fd, &byte, 1, MSG_ZEROCOPY | MSG_NOSIGNAL));
}

/* Of a socket that has received nothing. */
static int zerocopy_receive_error(int fd)
{
	struct {
		uint64_t address;
		uint32_t length, skip;
	} receive = {0};
	socklen_t bytes = sizeof(receive);

	return errno_of(getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &receive, &bytes));
}

static int napi_id_error(int fd)
{
	unsigned int id;
	socklen_t bytes = sizeof(id);

	return errno_of(getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &bytes));
}

static void sockets_group(void)
{
	struct sockets s = sockets_open();
	int accepted = accept4(s.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	group_begin("sockets");
	feature_put("accept4", accepted < 0 && errno != EAGAIN ? errno : 0);
	feature_put("SO_REUSEPORT", option_error(s.listener, SO_REUSEPORT, 1));
	feature_put("SO_INCOMING_CPU", option_error(s.listener, SO_INCOMING_CPU, 0));
	feature_put("SO_INCOMING_NAPI_ID", napi_id_error(s.near));
	/* To ask for none is not a privilege. */
	feature_put("SO_BUSY_POLL", option_error(s.near, SO_BUSY_POLL, 0));
	feature_put("SO_PREFER_BUSY_POLL", option_error(s.near, SO_PREFER_BUSY_POLL, 0));
	feature_put("SO_BUSY_POLL_BUDGET", option_error(s.near, SO_BUSY_POLL_BUDGET, 0));
	feature_put("TCP_ZEROCOPY_RECEIVE", zerocopy_receive_error(s.near));
	feature_put("MSG_ZEROCOPY", zerocopy_send_error(s.near));
	group_end(-1);
	close_fd(accepted);
	close_fd(s.far);
	close_fd(s.near);
	close_fd(s.listener);
}

/* A poll of what is ready, reported. */
static int aio_poll_error(aio_context_t context)
{
	int ready = eventfd(1, EFD_CLOEXEC);
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (uint32_t)ready, .aio_buf = EPOLLIN};
	struct iocb *requests[] = {&request};
	struct io_event event = {0};
	struct timespec limit = {.tv_sec = 1};
	int error = errno_of(syscall(SYS_io_submit, context, 1, requests));

	if (error == 0 && syscall(SYS_io_getevents, context, 1, 1, &event, &limit) != 1)
		error = EIO;
	if (error == 0 && event.res < 0)
		error = (int)-event.res;
	close_fd(ready);
	return error;
}

static void aio_group(void)
{
	aio_context_t context = 0;
	int error = errno_of(syscall(SYS_io_setup, 1, &context));

	group_begin("native AIO");
	feature_put("io_setup", error);
	feature_put("IOCB_CMD_POLL", error ? error : aio_poll_error(context));
#ifdef SYS_io_pgetevents
	struct io_event event;
	struct timespec now = {0};
	feature_put("io_pgetevents",
		    error ? error : errno_of(syscall(SYS_io_pgetevents, context, 0, 1, &event, &now, NULL)));
#endif
	group_end(-1);
	if (error == 0)
		(void)syscall(SYS_io_destroy, context);
}

/* A real-time signal per event, as the sigio model asks for; taken back before anything is sent. */
static int signal_error(void)
{
	int pair[2] = {-1, -1}, error = errno_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));

	if (error == 0)
		error = errno_of(fcntl(pair[0], F_SETSIG, SIGRTMIN));
	if (error == 0)
		error = errno_of(fcntl(pair[0], F_SETFL, O_ASYNC));
	if (error == 0)
		error = errno_of(fcntl(pair[0], F_SETFL, 0));
	close_fd(pair[0]);
	close_fd(pair[1]);
	return error;
}

static void signals_group(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	int fd = signalfd(-1, &none, SFD_CLOEXEC);
	group_begin("signals");
	feature_put("signalfd", errno_of(fd));
	feature_put("F_SETSIG with O_ASYNC", signal_error());
	group_end(-1);
	close_fd(fd);
}

void wait_features(void)
{
	epoll_group();
	sockets_group();
	aio_group();
	signals_group();
}
