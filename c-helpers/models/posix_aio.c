/*
 * posix_aio - aio_read and aio_write of libc: helper threads block in read and write, signals tell.
 *
 * Loop:    rt_sigtimedwait for a queued signal (SIGEV_SIGNAL, si_value is the socket), then the next
 *          aio_read or aio_write on that socket; new connections are told by SIGIO of the listener.
 * Needs:   glibc. Its default of 20 helpers would leave sockets waiting behind idle ones, and its one
 *          queue per descriptor a write behind a read: so one helper and one request per connection.
 * Where no helper can be started, glibc lets a request wait for one that another frees, maybe for ever. So
 * a connection without one is refused, which takes a statx of /proc/self/task: its links tell the threads.
 * glibc also ends a helper that wakes for work another has taken. Then a request may wait for up to
 * LOST_WAIT_S for a new one, and its connection ends if even then none can be started.
 * Helpers: pread64 or pwrite64 (ESPIPE on a socket), read or write, getpid, getuid, rt_sigqueueinfo;
 *          counted when the request is reaped. Not countable from inside: futex, and what starting a
 *          helper takes (clone3, mmap, ...).
 * Left out: SIGEV_THREAD (a thread per completion), aio_suspend (walks all requests each time).
 * By hand: posix_aio --port=7000
 */
#include <aio.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../server/echo.h"
#include "../server/limits.h"

#ifdef __GLIBC__

#define SIGNAL_DONE (SIGRTMIN + 1)
#define HELPER_IDLE_S (24 * 60 * 60)
#define HELPER_STACK_BYTES (256u << 10)
#define ARENAS_PER_CPU 8 /* as malloc has it by itself */
#define MAPS_RESERVED 1024
#define SIGNALS_RESERVED 64
#define TASKS_RESERVED 256 /* helpers that are about to end are not counted by glibc any more */
#define TASKS_PATH "/proc/self/task"
#define LOST_WAIT_S 1
#define LOST_EVENTS 65536

struct conn {
	int fd;	      /* while it is open, its own index */
	bool writing; /* what the request does; there is always exactly one */
	uint32_t from, end;
	struct aiocb request;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	sigset_t signals;
	struct conn *conns; /* by fd */
	uint32_t fds_top;   /* above every fd that was ever used */
	uint32_t live;	    /* connections that are open, each with a request */
	uint32_t others;    /* links of TASKS_PATH that are not helpers */
	char *bytes;	    /* one buffer per fd */
	bool accept_later;  /* no signal will tell of a connection that waits */
	bool said_refused;  /* that connections are refused */
	bool said;	    /* that something is refused or lost */
};

/* There only in a build with ThreadSanitizer: what it lacks is known, so it is not asked to judge. */
extern void __tsan_init(void) __attribute__((weak));
static const char tsan_reason[] = "ThreadSanitizer crashes in threads that libc starts itself";

/* Only when its request is done: closing under a blocked read would not even wake it. */
static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
	loop->live--;
}

/* Makes the next request: write what is owed, or else read. */
static void request(struct loop *loop, struct conn *conn)
{
	char *buf = loop->bytes + (size_t)conn->fd * loop->server->buf_bytes;
	struct aiocb *aio = &conn->request;

	conn->writing = conn->end > conn->from;
	aio->aio_buf = buf + conn->from;
	aio->aio_nbytes = conn->writing ? conn->end - conn->from : loop->server->buf_bytes;
	if ((conn->writing ? aio_write(aio) : aio_read(aio)) == 0)
		return;
	if (errno != EAGAIN && errno != ENOMEM)
		die("aio_%s(fd %d)", conn->writing ? "write" : "read", conn->fd);
	conn_close(loop, conn, true); /* no memory for the request */
}

/* A directory of threads has a link for each, as other directories have for each subdirectory. */
static uint32_t links(struct counters_slot *slot, const char *path)
{
	struct statx about;
	count(slot, COUNT_SYS_STATX);
	return statx(AT_FDCWD, path, 0, STATX_NLINK, &about) == 0 ? about.stx_nlink : UINT32_MAX;
}

static void *nothing(void *arg)
{
	return arg;
}

/* 0 if a thread can be started now, else the errno. */
static int try_thread(void)
{
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, NULL, nothing, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_join(thread, NULL);
	return error;
}

/*
 * Why there may be fewer helpers than connections for good, an errno; 0: there are enough, or glibc will
 * start one with the next request, or without /proc nobody knows.
 */
static int no_helper(struct loop *loop)
{
	uint32_t now = links(loop->slot, TASKS_PATH);
	return now == UINT32_MAX || now - loop->others >= loop->live ? 0 : try_thread();
}

static void say_no_helper(struct loop *loop, int error)
{
	if (!loop->said_refused)
		limit_say_no_task("pthread_create", error, HELPER_STACK_BYTES);
	loop->said_refused = true;
}

/* A helper that has the request already is let go by the end of the stream that shutdown makes. */
static void refuse(struct loop *loop, struct conn *conn, int error)
{
	say_no_helper(loop, error);
	count(loop->slot, COUNT_REFUSED);
	if (aio_cancel(conn->fd, &conn->request) == AIO_CANCELED)
		conn_close(loop, conn, false);
	else
		(void)shutdown(conn->fd, SHUT_RDWR);
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	*conn = (struct conn){.fd = fd};
	loop->live++;
	conn->request.aio_fildes = fd;
	conn->request.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	conn->request.aio_sigevent.sigev_signo = SIGNAL_DONE;
	conn->request.aio_sigevent.sigev_value.sival_int = fd;
	if ((uint32_t)fd >= loop->fds_top)
		loop->fds_top = (uint32_t)fd + 1;
	request(loop, conn);
	int error = conn->fd == fd ? no_helper(loop) : 0;
	if (error)
		refuse(loop, conn, error);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, 0)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
	loop->accept_later = fd == NET_LATER;
}

static void on_recv(struct loop *loop, struct conn *conn, size_t n)
{
	if (n == 0) {
		conn_close(loop, conn, false);
		return;
	}
	echo_received(loop->slot, n);
	conn->from = 0;
	conn->end = (uint32_t)n;
	request(loop, conn);
}

static void on_send(struct loop *loop, struct conn *conn, size_t n)
{
	echo_sent(loop->slot, n);
	conn->from += (uint32_t)n;
	if (conn->from < conn->end)
		count(loop->slot, COUNT_SHORT_WRITES);
	else
		conn->from = conn->end = 0;
	request(loop, conn);
}

static void count_helper_calls(struct loop *loop, bool writing)
{
	count(loop->slot, writing ? COUNT_SYS_PWRITE64 : COUNT_SYS_PREAD64);
	count(loop->slot, writing ? COUNT_SYS_WRITE : COUNT_SYS_READ);
	count(loop->slot, COUNT_SYS_GETPID);
	count(loop->slot, COUNT_SYS_GETUID);
	count(loop->slot, COUNT_SYS_RT_SIGQUEUEINFO);
}

/*
 * The signal queue was full. glibc then overwrites the result of the request with that error, so
 * nobody knows how much was read or written: the connection cannot go on.
 */
static void on_lost(struct loop *loop, struct conn *conn)
{
	if (!loop->said)
		fprintf(stderr,
			"%s: RLIMIT_SIGPENDING (%llu) lost a completion; counted as signal_overflows\n",
			model.name, (unsigned long long)limit_of_resource(RLIMIT_SIGPENDING));
	loop->said = true;
	count(loop->slot, COUNT_SIGNAL_OVERFLOWS);
	conn_close(loop, conn, true);
}

/* False: the request is still under way, or nobody's. */
static bool on_event(struct loop *loop, int fd)
{
	if (fd < 0 || (uint32_t)fd >= loop->fds_top || loop->conns[fd].fd != fd)
		return false;
	struct conn *conn = &loop->conns[fd];
	int error = aio_error(&conn->request);
	if (error == EINPROGRESS)
		return false;

	ssize_t n = aio_return(&conn->request);
	count_helper_calls(loop, conn->writing);
	if (error == EAGAIN) /* a blocking socket never says so */
		on_lost(loop, conn);
	else if (error != 0 && echo_error(error, fd, conn->writing ? "write" : "read") == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else if (conn->writing)
		on_send(loop, conn, (size_t)n);
	else
		on_recv(loop, conn, (size_t)n);
	return true;
}

/*
 * glibc ends a helper that finds no work, and later cannot start another: what no helper has taken gets a
 * second chance if one can be started now, and else ends.
 */
static void find_waiting(struct loop *loop, struct conn *conn, int error)
{
	if (aio_cancel(conn->fd, &conn->request) != AIO_CANCELED)
		return;
	if (error) {
		say_no_helper(loop, error);
		conn_close(loop, conn, true);
	} else {
		request(loop, conn);
	}
}

/*
 * No signal tells of a request whose signal was lost (the limit makes that rare; others share it), nor of
 * one for which there is no helper.
 */
static void find_lost(struct loop *loop)
{
	uint32_t now = links(loop->slot, TASKS_PATH);
	bool too_few = now != UINT32_MAX && now - loop->others < loop->live;
	int error = too_few ? try_thread() : 0;

	for (uint32_t fd = 0; fd < loop->fds_top; fd++) {
		struct conn *conn = &loop->conns[fd];
		if (conn->fd != (int)fd)
			continue;
		if (aio_error(&conn->request) == EAGAIN)
			(void)on_event(loop, (int)fd);
		else if (too_few)
			find_waiting(loop, conn, error);
	}
}

static struct model_limit model_limit(void)
{
	struct model_limit least = {.conns = UINT32_MAX};
	/* One for the signal of each request, and a helper for each. */
	limit_lower(&least, "RLIMIT_SIGPENDING", limit_of_resource(RLIMIT_SIGPENDING), SIGNALS_RESERVED, 1);
	limit_lower_by_threads(&least, HELPER_STACK_BYTES,
			       (struct thread_reserve){.tasks = TASKS_RESERVED, .maps = MAPS_RESERVED});
	return least;
}

/* Reads one byte from a socket, which starts the first helper. */
static int read_one(void)
{
	char byte;
	int pair[2];
	struct aiocb aio = {.aio_buf = &byte, .aio_nbytes = 1, .aio_sigevent.sigev_notify = SIGEV_NONE};
	const struct aiocb *list[] = {&aio};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair(AF_UNIX)");
	if (send(pair[1], "", 1, MSG_NOSIGNAL) != 1)
		die("send(fd %d)", pair[1]);
	aio.aio_fildes = pair[0];
	int error = aio_read(&aio) < 0 ? errno : 0;
	while (error == 0 && (error = aio_error(&aio)) == EINPROGRESS)
		error = aio_suspend(list, 1, NULL) < 0 && errno != EINTR ? errno : 0;
	close(pair[0]);
	close(pair[1]);
	return error;
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	(void)server;
	(void)loop;
	int error = 0;
	if (__tsan_init)
		snprintf(probe->reason, sizeof(probe->reason), "%s", tsan_reason);
	else if ((error = read_one()) != 0)
		snprintf(probe->reason, sizeof(probe->reason), "aio_read(socket): %s", strerror(error));
	return probe->reason[0] ? EXIT_UNSUPPORTED : EXIT_SERVED;
}

/* Before the first request: glibc takes the sizes only then. */
static void helpers_prepare(struct loop *loop)
{
	const struct aioinit sizes = {
		.aio_threads = (int)loop->server->conns_max,
		.aio_num = (int)loop->server->conns_max,
		.aio_idle_time = HELPER_IDLE_S,
	};
	struct counters_slot uncounted = {0};
	pthread_attr_t attr;

	/* glibc starts a helper with a small stack, or, from another helper, with the default one. */
	if ((errno = pthread_attr_init(&attr)) ||
	    (errno = pthread_attr_setstacksize(&attr, HELPER_STACK_BYTES)) ||
	    (errno = pthread_setattr_default_np(&attr)))
		die("pthread_setattr_default_np(%u)", HELPER_STACK_BYTES);
	/*
	 * Else malloc reads the number of CPUs from a file when the helpers want a ninth arena: calls that
	 * nobody counts. A sanitizer's malloc has no arenas, and refuses.
	 */
	(void)mallopt(M_ARENA_MAX, ARENAS_PER_CPU * (int)sysconf(_SC_NPROCESSORS_ONLN));
	loop->others = links(&uncounted, TASKS_PATH);
	aio_init(&sizes);
	errno = read_one();
	if (errno != 0)
		die("aio_read(socket)");
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	const struct f_owner_ex main_thread = {.type = F_OWNER_TID, .pid = getpid()};

	loop->server = server;
	loop->slot = server->slot;
	if (__tsan_init)
		die_unsupported("%s", tsan_reason);
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->bytes = net_slab(server->fds_max, server->buf_bytes);
	sigemptyset(&loop->signals);
	sigaddset(&loop->signals, SIGIO);
	sigaddset(&loop->signals, SIGNAL_DONE);
	if (sigprocmask(SIG_BLOCK, &loop->signals, NULL) < 0)
		die("sigprocmask(SIG_BLOCK)");
	helpers_prepare(loop);
	if (fcntl(server->listen_fd, F_SETOWN_EX, &main_thread) < 0)
		die("fcntl(listener, F_SETOWN_EX)");
	if (fcntl(server->listen_fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		die("fcntl(listener, F_SETFL, O_ASYNC | O_NONBLOCK)");
}

static _Noreturn void model_serve(struct loop *loop)
{
	const struct timespec lost_wait = {.tv_sec = LOST_WAIT_S}, no_wait = {0};
	uint32_t events = 0;
	siginfo_t info;

	for (;;) {
		int sig = sys_sigtimedwait(loop->slot, &loop->signals, &info,
					   loop->accept_later ? &no_wait : &lost_wait);
		bool late = sig < 0 && errno == EAGAIN;
		if (sig < 0 && !late && errno != EINTR)
			die("rt_sigtimedwait");
		if (loop->accept_later)
			on_accept(loop);
		count(loop->slot, COUNT_WAKEUPS);
		if (sig > 0)
			count(loop->slot, COUNT_EVENTS);
		if (sig == SIGIO)
			on_accept(loop);
		else if (late || (sig > 0 && !on_event(loop, info.si_value.sival_int)))
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		if (late || (sig > 0 && ++events % LOST_EVENTS == 0))
			find_lost(loop);
	}
}

MODEL(.name = "posix_aio", .limit = model_limit, .probe = model_probe);

#else

/* Its aio_read would be another model: a thread for each request, as in musl. */
static const char other_libc_reason[] = "needs glibc: this C library starts a thread for each aio_read and "
					"aio_write, whose system calls cannot be counted";

struct loop {
	const struct server *server;
};

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	(void)server;
	(void)loop;
	snprintf(probe->reason, sizeof(probe->reason), "%s", other_libc_reason);
	return EXIT_UNSUPPORTED;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	die_unsupported("%s", other_libc_reason);
}

static _Noreturn void model_serve(struct loop *loop)
{
	(void)loop;
	die_unsupported("%s", other_libc_reason);
}

MODEL(.name = "posix_aio", .probe = model_probe);

#endif
