/*
 * native_aio - the kernel's own AIO: poll requests go in by the batch, events come out by the batch.
 *
 * Loop:    io_submit for all sockets that must be watched again, io_getevents, then recv and send on
 *          each reported socket.
 * Kernel:  4.18 (IOCB_CMD_POLL). The context's size is taken out of fs.aio-max-nr.
 * A poll request reports once, and at once if the socket is ready already. So each socket has at most
 * one, none while it is handled or closed, and one read per event is enough.
 * Left out: IOCB_CMD_PREAD (on a socket it blocks in io_submit), IOCB_FLAG_RESFD (an eventfd would be
 * another call).
 * Not taken: events out of the ring in user memory where some are there, else io_getevents. Against this, in
 * 30 interleaved pairs of 64-byte closed loops on 6.18, it makes 4.00, 2.16, 2.12 and 2.09 calls per request
 * with 1, 16, 50 and 200 connections instead of 4.00, 2.29, 2.16 and 2.13, and takes 1.02, 0.99, 1.00 and
 * 1.01 of the CPU time (medians): smaller batches make up for the calls saved.
 * Exit: about 32 ms where others take 0.5 ms, also without a request in flight; none after io_destroy, which
 * takes as long itself: to take an io context down, exit_aio in the kernel waits for two grace periods of RCU
 * (8 to 20 ms each with CONFIG_HZ=250), one after the other. Only another process with the same memory could
 * wait in its place, and it would need somebody to reap it.
 * By hand: native_aio --port=7000
 */
#include <stdio.h>

#include "../server/echo.h"
#include "../server/limits.h"

#define EVENTS_MAX 512
#define LISTENER_REQUESTS 1
#define AIO_MAX_NR "/proc/sys/fs/aio-max-nr"

struct conn {
	int fd; /* while it is open, its own index */
	uint32_t generation;
	struct echo echo;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	aio_context_t context;
	struct conn *conns;    /* by fd */
	struct iocb *requests; /* by fd */
	struct iocb **queue;   /* what the next io_submit submits */
	uint32_t queued;
	char *owed; /* one buffer per fd */
	char *scratch;
	struct io_event events[EVENTS_MAX];
};

/* The socket is watched from the next io_submit on, until it is ready. */
static void watch(struct loop *loop, int fd, uint32_t generation, unsigned int events)
{
	struct iocb *request = &loop->requests[fd];

	*request = (struct iocb){
		.aio_data = (uint64_t)generation << 32 | (uint32_t)fd,
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = events,
	};
	loop->queue[loop->queued++] = request;
}

static void conn_close(struct loop *loop, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(loop->slot, conn->fd, broken);
	conn->fd = -1;
	conn->generation++;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	*conn = (struct conn){.fd = fd, .generation = conn->generation};
	conn->echo.owed = loop->owed + (size_t)fd * loop->server->buf_bytes;
	watch(loop, fd, conn->generation, POLLIN);
}

static void on_accept(struct loop *loop)
{
	int fd;
	while ((fd = net_accept(loop->server, loop->slot, SOCK_NONBLOCK)) >= NET_REFUSED)
		if (fd >= 0)
			conn_open(loop, fd);
	watch(loop, loop->server->listen_fd, 0, POLLIN);
}

static void on_recv(struct loop *loop, struct conn *conn)
{
	enum echo_result result =
		echo_read(loop->slot, &conn->echo, conn->fd, loop->scratch, loop->server->buf_bytes);
	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(loop, conn, result == ECHO_BROKEN);
	else
		watch(loop, conn->fd, conn->generation, result == ECHO_OWED ? POLLOUT : POLLIN);
}

static void on_send(struct loop *loop, struct conn *conn)
{
	enum echo_result result = echo_flush(loop->slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(loop, conn, true);
	else
		watch(loop, conn->fd, conn->generation, result == ECHO_OWED ? POLLOUT : POLLIN);
}

static void on_event(struct loop *loop, const struct io_event *event)
{
	int fd = (int)(uint32_t)event->data;
	uint32_t generation = (uint32_t)(event->data >> 32);
	struct conn *conn = &loop->conns[fd];

	count(loop->slot, COUNT_EVENTS);
	if (event->res < 0) {
		errno = (int)-event->res;
		die("IOCB_CMD_POLL(fd %d)", fd);
	}
	if (fd == loop->server->listen_fd)
		on_accept(loop);
	else if (conn->fd != fd || conn->generation != generation)
		count(loop->slot, COUNT_IDLE_WAKEUPS);
	else if (echo_owes(&conn->echo))
		on_send(loop, conn);
	else
		on_recv(loop, conn);
}

/* The kernel may take fewer than it is given. Short of memory (EAGAIN) it is given the rest next turn. */
static void submit(struct loop *loop)
{
	uint32_t done = 0;
	while (done < loop->queued) {
		long n = sys_io_submit(loop->slot, loop->context, loop->queued - done, loop->queue + done);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("io_submit(%u requests)", loop->queued - done);
		done += (uint32_t)n;
	}
	loop->queued -= done;
	if (loop->queued > 0)
		memmove(loop->queue, loop->queue + done, loop->queued * sizeof(*loop->queue));
}

static struct model_limit model_limit(void)
{
	struct model_limit limit = {.conns = UINT32_MAX};
	uint64_t used = limit_in_file("/proc/sys/fs/aio-nr");

	if (used != LIMIT_NONE) /* else no /proc: io_setup will tell */
		limit_lower(&limit, "fs.aio-max-nr", limit_in_file(AIO_MAX_NR), used + LISTENER_REQUESTS, 1);
	if (limit.conns == 0)
		die_unsupported("fs.aio-max-nr is %llu and %llu are in use", (unsigned long long)limit.value,
				(unsigned long long)used);
	return limit;
}

/* Polls a socket that is writable. The reason if that does not work, else NULL. */
static const char *probe_poll(aio_context_t probed)
{
	const struct timespec wait = {.tv_sec = 1};
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLOUT};
	struct iocb *list[] = {&request};
	struct io_event event;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair(AF_UNIX)");
	request.aio_fildes = (uint32_t)pair[0];
	const char *reason = NULL;
	if (syscall(SYS_io_submit, probed, 1L, list) != 1)
		reason = errno == EINVAL ? "IOCB_CMD_POLL needs Linux 4.18" : "io_submit is blocked";
	else if (syscall(SYS_io_getevents, probed, 1L, 1L, &event, &wait) != 1 || event.res < 0)
		reason = "IOCB_CMD_POLL reports nothing";
	close(pair[0]);
	close(pair[1]);
	return reason;
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	(void)server;
	(void)loop;
	aio_context_t probed = 0;
	const char *reason;

	if (syscall(SYS_io_setup, 1, &probed) == 0) {
		reason = probe_poll(probed);
		syscall(SYS_io_destroy, probed);
		if (!reason)
			return EXIT_SERVED;
	} else if (errno == ENOSYS) {
		reason = "no io_setup in this kernel (CONFIG_AIO), or seccomp hides it";
	} else if (errno == EPERM || errno == EACCES) {
		reason = "seccomp blocks io_setup";
	} else if (errno == EAGAIN) {
		snprintf(probe->reason, sizeof(probe->reason), "fs.aio-max-nr (%llu) is used up",
			 (unsigned long long)limit_in_file(AIO_MAX_NR));
		return EXIT_UNSUPPORTED;
	} else {
		die("io_setup(1)");
	}
	snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
	return EXIT_UNSUPPORTED;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	uint32_t most = server->conns_max + LISTENER_REQUESTS;

	loop->server = server;
	loop->slot = server->slot;
	if (syscall(SYS_io_setup, most, &loop->context) < 0) {
		if (errno == EAGAIN)
			die_unsupported("io_setup(%u): fs.aio-max-nr (%llu) is used up", most,
					(unsigned long long)limit_in_file(AIO_MAX_NR));
		die("io_setup(%u)", most);
	}
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->requests = net_slab(server->fds_max, sizeof(*loop->requests));
	loop->queue = net_slab(server->fds_max, sizeof(struct iocb *));
	loop->owed = net_slab(server->fds_max, server->buf_bytes);
	loop->scratch = net_slab(1, server->buf_bytes);
	watch(loop, server->listen_fd, 0, POLLIN);
}

static _Noreturn void model_serve(struct loop *loop)
{
	struct io_event *events = loop->events;

	for (;;) {
		submit(loop);
		long ready = sys_io_getevents(loop->slot, loop->context, 1, EVENTS_MAX, events);
		if (ready < 0 && errno != EINTR)
			die("io_getevents");
		count(loop->slot, COUNT_WAKEUPS);
		for (long i = 0; i < ready; i++)
			on_event(loop, &events[i]);
	}
}

MODEL(.name = "native_aio", .limit = model_limit, .probe = model_probe);
