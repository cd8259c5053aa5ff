/*
 * sigio - the kernel sends the process a signal whenever something happens to a socket.
 *
 * Loop:    rt_sigtimedwait, find out which sockets are meant, then recv and send on each of them.
 * Kernel:  2.4, the first whose F_SETSIG covers sockets.
 * --signal=sigio  plain SIGIO coalesces and names nobody: each one is followed by a rescan, which is
 *                 one poll over all sockets that does not wait.
 * --signal=rt     one queued SIGRTMIN+1 per event; si_fd and si_band say who and what. When the queue
 *                 (RLIMIT_SIGPENDING) is full the kernel sends SIGIO: flush the queue and rescan.
 * A read stops short at the urgent mark of MSG_OOB, with more behind it. The kernel sends SIGURG before
 * the mark can be in a read's way, and rt_sigtimedwait gives it first, for it gives the lowest number
 * first: until then a short read is the end, and from then on every read goes on to EAGAIN.
 * Left out: signal handlers (the signals stay blocked, so none is lost between two waits).
 * Not taken: reading up to 128 signals per call through a signalfd. Against this, in 30 interleaved pairs of
 * 64-byte closed loops on 6.18, it makes 3.0, 2.7, 2.5 and 2.2 calls per request with 1, 16, 50 and 200
 * connections instead of 3.0 to 3.1, and takes 1.03, 1.005, 1.00 and 0.98 of the CPU time (medians).
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

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	bool realtime;
	bool accept_later; /* no signal will tell of a connection that waits */
	bool urgent;	   /* urgent data came, on whichever socket: SIGURG names nobody */
	pid_t self;
	sigset_t signals;
	struct conn *conns; /* by fd */
	char *owed;	    /* one buffer per fd */
	char *scratch;
	struct pollfd *set; /* what a rescan polls: the listener, then the open connections, no holes */
	uint32_t set_len;
};

/* Signals are a change's only report, so what is there already must be looked for after this. */
static void async_on(struct loop *loop, struct counters_slot *slot, int fd)
{
	if (sys_fcntl(slot, fd, F_SETOWN, loop->self) < 0)
		die("fcntl(fd %d, F_SETOWN, %d)", fd, loop->self);
	if (loop->realtime && sys_fcntl(slot, fd, F_SETSIG, SIGNAL_RT) < 0)
		die("fcntl(fd %d, F_SETSIG, %d)", fd, SIGNAL_RT);
	if (sys_fcntl(slot, fd, F_SETFL, O_ASYNC | O_NONBLOCK) < 0)
		die("fcntl(fd %d, F_SETFL, O_ASYNC | O_NONBLOCK)", fd);
}

static void set_add(struct loop *loop, int fd, uint32_t *at)
{
	*at = loop->set_len++;
	loop->set[*at] = (struct pollfd){.fd = fd, .events = POLLIN | POLLRDHUP};
}

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
	/* The last one moves into the hole. */
	struct pollfd last = loop->set[--loop->set_len];
	loop->set[conn->at] = last;
	loop->conns[last.fd].at = conn->at;
}

/*
 * Reads until a short read; past it too where something may lie behind it that no signal will report.
 * False: there was nothing to read.
 */
static bool on_recv(struct loop *loop, struct conn *conn, bool hangup)
{
	bool found = false, drain = hangup || loop->urgent;
	enum echo_result result;
	do {
		result = echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
		found = found || result != ECHO_EMPTY;
	} while (result == ECHO_MORE || (drain && result == ECHO_SHORT));

	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else if (result == ECHO_OWED)
		loop->set[conn->at].events = POLLOUT;
	return found;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	*conn = (struct conn){.fd = fd};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	set_add(loop, fd, &conn->at);
	async_on(loop, loop->slot, fd);
	(void)on_recv(loop, conn, true);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, 0)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
	loop->accept_later = fd == NET_LATER;
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN) {
		conn_close(loop, conn, true);
	} else if (result == ECHO_MORE) {
		loop->set[conn->at].events = POLLIN | POLLRDHUP;
		(void)on_recv(loop, conn, true); /* the signals that came meanwhile are spent */
	}
}

/* False: it had nothing to do, which is no error, for the signal may be older than the last read. */
static bool on_ready(struct loop *loop, struct conn *conn, long events)
{
	if (echo_owes(&conn->echo)) {
		if (!(events & (POLLOUT | POLLERR | POLLHUP)))
			return false;
		on_send(loop, conn);
		return true;
	}
	if (!(events & (POLLIN | POLLRDHUP | POLLERR | POLLHUP)))
		return false;
	return on_recv(loop, conn, events & (POLLRDHUP | POLLERR | POLLHUP));
}

/* What became ready before the signal was taken is found here; what comes later sends a new one. */
static void rescan(struct loop *loop)
{
	int ready;

	count(loop->slot, COUNT_RESCANS);
	do {
		ready = sys_poll(loop->slot, loop->set, loop->set_len, 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		die("poll(%u fds)", loop->set_len);
	if (ready == 0)
		count(loop->slot, COUNT_IDLE_WAKEUPS);
	count_add(loop->slot, COUNT_EVENTS, (uint64_t)ready);
	/* Backwards: a close moves one into the hole that was already seen. The listener comes last. */
	for (uint32_t at = loop->set_len; ready > 0 && at-- > 0;) {
		short events = loop->set[at].revents;
		if (events == 0)
			continue;
		ready--;
		if (at == 0)
			on_accept(loop);
		else
			(void)on_ready(loop, &loop->conns[loop->set[at].fd], events);
	}
}

/* One event of one socket, which may meanwhile be closed, or another socket with the same number. */
static void on_signal(struct loop *loop, const siginfo_t *info)
{
	int fd = info->si_fd;

	count(loop->slot, COUNT_EVENTS);
	if (fd == loop->server->listen_fd) {
		on_accept(loop);
		return;
	}
	bool open = fd >= 0 && (uint32_t)fd < loop->server->fds_max && loop->conns[fd].fd == fd;
	if (!open || !on_ready(loop, &loop->conns[fd], info->si_band))
		count(loop->slot, COUNT_IDLE_WAKEUPS);
}

/*
 * The queue was full, so events are missing and those in it are old. Ignoring a signal discards it
 * even while it is blocked (POSIX 2.4.3): two calls, not one for each queued signal.
 */
static void flush_queue(struct loop *loop)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN}, restore = {.sa_handler = SIG_DFL};

	count(loop->slot, COUNT_SIGNAL_OVERFLOWS);
	if (sys_sigaction(loop->slot, SIGNAL_RT, &ignore) < 0 ||
	    sys_sigaction(loop->slot, SIGNAL_RT, &restore) < 0)
		die("sigaction(%d)", SIGNAL_RT);
}

static void signals_block(struct loop *loop)
{
	loop->self = getpid();
	sigemptyset(&loop->signals);
	sigaddset(&loop->signals, SIGIO);
	sigaddset(&loop->signals, SIGURG);
	if (loop->realtime)
		sigaddset(&loop->signals, SIGNAL_RT);
	if (sigprocmask(SIG_BLOCK, &loop->signals, NULL) < 0)
		die("sigprocmask(SIG_BLOCK)");
}

static bool model_option(struct loop *loop, const char *arg)
{
	loop->realtime = !strcmp(arg, "--signal=rt");
	return loop->realtime || !strcmp(arg, "--signal=sigio");
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	(void)server;
	struct counters_slot uncounted = {0};
	const struct timespec wait = {.tv_sec = PROBE_WAIT_S};
	int pair[2];

	signals_block(loop);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair(AF_UNIX)");
	async_on(loop, &uncounted, pair[0]);
	if (send(pair[1], "", 1, MSG_NOSIGNAL) != 1)
		die("send(fd %d)", pair[1]);
	int sig = sigtimedwait(&loop->signals, NULL, &wait);
	close(pair[0]);
	close(pair[1]);
	if (sig > 0)
		return EXIT_SERVED;
	snprintf(probe->reason, sizeof(probe->reason), "this kernel sends no signal for O_ASYNC%s",
		 loop->realtime ? " with F_SETSIG" : "");
	return EXIT_UNSUPPORTED;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct counters_slot uncounted = {0};
	uint32_t at;

	loop->server = server;
	loop->slot = server->slot;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	loop->set = net_slab(server->fds_max, sizeof(*loop->set));
	set_add(loop, server->listen_fd, &at);
	signals_block(loop); /* first: what SIGIO does by default is to end the process */
	async_on(loop, &uncounted, server->listen_fd);
}

static _Noreturn void model_serve(struct loop *loop)
{
	const struct timespec no_wait = {0};
	siginfo_t info;

	for (;;) {
		int sig = sys_sigtimedwait(loop->slot, &loop->signals, &info,
					   loop->accept_later ? &no_wait : NULL);
		if (sig < 0 && errno != EINTR && errno != EAGAIN)
			die("rt_sigtimedwait");
		if (loop->accept_later)
			on_accept(loop);
		count(loop->slot, COUNT_WAKEUPS);
		if (sig == SIGURG) {
			loop->urgent = true;
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		} else if (sig == SIGIO) {
			if (loop->realtime)
				flush_queue(loop);
			rescan(loop);
		} else if (sig > 0) {
			on_signal(loop, &info);
		}
	}
}

MODEL(.name = "sigio", .usage = "[--signal=sigio|rt]", .option = model_option, .probe = model_probe);
