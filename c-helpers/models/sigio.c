/*
 * sigio - the kernel sends the process a signal whenever something happens to a socket.
 *
 * Loop:    rt_sigtimedwait, find out which sockets are meant, then recv and send on each of them.
 * Kernel:  2.4, the first whose F_SETSIG covers sockets.
 * --signal=sigio  plain SIGIO coalesces and names nobody: each one is followed by a rescan, which is
 *                 one poll over all sockets that does not wait.
 * --signal=rt     one queued SIGRTMIN+1 per event; si_fd and si_band say who and what. When the queue
 *                 (RLIMIT_SIGPENDING) is full the kernel sends SIGIO: flush the queue and rescan.
 * Left out: signal handlers (the signals stay blocked, so none is lost between two waits), signalfd.
 * By hand: sigio --signal=rt --port=7000
 */
#include <stdio.h>

#include "../server/echo.h"

#define SIGNAL_RT (SIGRTMIN + 1)
#define PROBE_WAIT_S 1

struct conn {
	int fd;	     /* while it is open, its own index */
	uint32_t at; /* its place in the set */
	struct echo echo;
};

const char model_name[] = "sigio";
const char model_usage[] = "[--signal=sigio|rt]";
const bool model_listen_nonblocking = true;

static bool realtime;
static pid_t self;
static sigset_t signals;
static struct conn *conns; /* by fd */
static char *owed;	   /* one buffer per fd */
static char *scratch;
static struct pollfd *set; /* what a rescan polls: the listener, then the open connections, no holes */
static uint32_t set_len;

/* Signals are a change's only report, so what is there already must be looked for after this. */
static void async_on(struct counters_slot *slot, int fd)
{
	if (sys_fcntl(slot, fd, F_SETOWN, self) < 0)
		die("fcntl(fd %d, F_SETOWN, %d)", fd, self);
	if (realtime && sys_fcntl(slot, fd, F_SETSIG, SIGNAL_RT) < 0)
		die("fcntl(fd %d, F_SETSIG, %d)", fd, SIGNAL_RT);
	if (sys_fcntl(slot, fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		die("fcntl(fd %d, F_SETFL, O_ASYNC | O_NONBLOCK)", fd);
}

static void set_add(int fd, uint32_t *at)
{
	*at = set_len++;
	set[*at] = (struct pollfd){.fd = fd, .events = POLLIN | POLLRDHUP};
}

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(slot, conn->fd, broken);
	conn->fd = -1;
	/* The last one moves into the hole. */
	struct pollfd last = set[--set_len];
	set[conn->at] = last;
	conns[last.fd].at = conn->at;
}

/*
 * Reads until a short read; past it too where a FIN may lie behind it that no signal will report.
 * False: there was nothing to read.
 */
static bool on_recv(const struct server *server, struct counters_slot *slot, struct conn *conn, bool hangup)
{
	bool found = false;
	enum echo_result result;
	do {
		result = echo_read(slot, &conn->echo, conn->fd, scratch, server->buf_bytes);
		found = found || result != ECHO_EMPTY;
	} while (result == ECHO_MORE || (hangup && result == ECHO_SHORT));

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(slot, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		set[conn->at].events = POLLOUT;
	return found;
}

static void conn_open(const struct server *server, struct counters_slot *slot, int fd)
{
	struct conn *conn = &conns[fd];

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	set_add(fd, &conn->at);
	async_on(slot, fd);
	(void)on_recv(server, slot, conn, true);
}

static void on_accept(const struct server *server, struct counters_slot *slot)
{
	int fd;
	while ((fd = net_accept(server, slot, 0)) != NET_NONE)
		if (fd >= 0)
			conn_open(server, slot, fd);
}

static void on_send(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN) {
		conn_close(slot, conn, true);
	} else if (result == ECHO_MORE) {
		set[conn->at].events = POLLIN | POLLRDHUP;
		(void)on_recv(server, slot, conn, true); /* the signals that came meanwhile are spent */
	}
}

/* False: it had nothing to do, which is no error, for the signal may be older than the last read. */
static bool on_ready(const struct server *server, struct counters_slot *slot, struct conn *conn, long events)
{
	if (echo_owes(&conn->echo)) {
		if (!(events & (POLLOUT | POLLERR | POLLHUP)))
			return false;
		on_send(server, slot, conn);
		return true;
	}
	if (!(events & (POLLIN | POLLRDHUP | POLLERR | POLLHUP)))
		return false;
	return on_recv(server, slot, conn, events & (POLLRDHUP | POLLERR | POLLHUP));
}

/* What became ready before the signal was taken is found here; what comes later sends a new one. */
static void rescan(const struct server *server, struct counters_slot *slot)
{
	int ready;

	count(slot, COUNT_RESCANS);
	do {
		ready = sys_poll(slot, set, set_len, 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		die("poll(%u fds)", set_len);
	if (ready == 0)
		count(slot, COUNT_IDLE_WAKEUPS);
	count_add(slot, COUNT_EVENTS, (uint64_t)ready);
	/* Backwards: a close moves one into the hole that was already seen. The listener comes last. */
	for (uint32_t at = set_len; ready > 0 && at-- > 0;) {
		short events = set[at].revents;
		if (events == 0)
			continue;
		ready--;
		if (at == 0)
			on_accept(server, slot);
		else
			(void)on_ready(server, slot, &conns[set[at].fd], events);
	}
}

/* One event of one socket, which may meanwhile be closed, or another socket with the same number. */
static void on_signal(const struct server *server, struct counters_slot *slot, const siginfo_t *info)
{
	int fd = info->si_fd;

	count(slot, COUNT_EVENTS);
	if (fd == server->listen_fd) {
		on_accept(server, slot);
		return;
	}
	bool open = fd >= 0 && (uint32_t)fd < server->fds_max && conns[fd].fd == fd;
	if (!open || !on_ready(server, slot, &conns[fd], info->si_band))
		count(slot, COUNT_IDLE_WAKEUPS);
}

/*
 * The queue was full, so events are missing and those in it are old. Ignoring a signal discards it
 * even while it is blocked (POSIX 2.4.3): two calls, not one for each queued signal.
 */
static void flush_queue(struct counters_slot *slot)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN}, restore = {.sa_handler = SIG_DFL};

	count(slot, COUNT_SIGNAL_OVERFLOWS);
	if (sys_sigaction(slot, SIGNAL_RT, &ignore) < 0 || sys_sigaction(slot, SIGNAL_RT, &restore) < 0)
		die("sigaction(%d)", SIGNAL_RT);
}

static void signals_block(void)
{
	self = getpid();
	sigemptyset(&signals);
	sigaddset(&signals, SIGIO);
	if (realtime)
		sigaddset(&signals, SIGNAL_RT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		die("sigprocmask(SIG_BLOCK)");
}

bool model_option(const char *arg)
{
	realtime = !strcmp(arg, "--signal=rt");
	return realtime || !strcmp(arg, "--signal=sigio");
}

struct model_limit model_limit(void)
{
	return (struct model_limit){0};
}

enum exit_code model_probe(struct probe *probe)
{
	static struct counters_slot uncounted;
	const struct timespec wait = {.tv_sec = PROBE_WAIT_S};
	int pair[2];

	signals_block();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair(AF_UNIX)");
	async_on(&uncounted, pair[0]);
	if (send(pair[1], "", 1, MSG_NOSIGNAL) != 1)
		die("send(fd %d)", pair[1]);
	int sig = sigtimedwait(&signals, NULL, &wait);
	close(pair[0]);
	close(pair[1]);
	if (sig > 0)
		return EXIT_SERVED;
	snprintf(probe->reason, sizeof(probe->reason), "this kernel sends no signal for O_ASYNC%s",
		 realtime ? " with F_SETSIG" : "");
	return EXIT_UNSUPPORTED;
}

void model_prepare(const struct server *server)
{
	static struct counters_slot uncounted;
	uint32_t at;

	conns = net_slab(server->fds_max, sizeof(*conns));
	owed = net_slab(server->fds_max, server->buf_bytes);
	scratch = net_slab(1, server->buf_bytes);
	set = net_slab(server->fds_max, sizeof(*set));
	set_add(server->listen_fd, &at);
	signals_block(); /* first: what SIGIO does by default is to end the process */
	async_on(&uncounted, server->listen_fd);
}

_Noreturn void model_serve(const struct server *server)
{
	struct counters_slot *slot = counters_slot(0);
	siginfo_t info;

	for (;;) {
		int sig = sys_sigtimedwait(slot, &signals, &info, NULL);
		if (sig < 0 && errno != EINTR)
			die("rt_sigtimedwait");
		count(slot, COUNT_WAKEUPS);
		if (sig == SIGIO) {
			if (realtime)
				flush_queue(slot);
			rescan(server, slot);
		} else if (sig > 0) {
			on_signal(server, slot, &info);
		}
	}
}
