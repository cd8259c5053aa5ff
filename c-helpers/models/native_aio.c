/*
 * native_aio - the kernel's own AIO: poll requests go in by the batch, events come out by the batch.
 *
 * Loop:    io_submit for all sockets that must be watched again, io_getevents, then recv and send on
 *          each reported socket.
 * Kernel:  4.18 (IOCB_CMD_POLL). The context's size is taken out of fs.aio-max-nr.
 * A poll request reports once, and at once if the socket is ready already. So each socket has at most
 * one, none while it is handled or closed, and one read per event is enough.
 * Left out: IOCB_CMD_PREAD (on a socket it blocks in io_submit), IOCB_FLAG_RESFD (an eventfd would be
 * another call), taking events out of the ring in user memory without io_getevents.
 * By hand: native_aio --port=7000
 */
#include <stdio.h>

#include "../server/echo.h"

#define EVENTS_MAX 512
#define LISTENER_REQUESTS 1

struct conn {
	int fd; /* while it is open, its own index */
	uint32_t generation;
	struct echo echo;
};

const char model_name[] = "native_aio";
const char model_usage[] = "";
const bool model_listen_nonblocking = true;

static aio_context_t context;
static struct conn *conns;    /* by fd */
static struct iocb *requests; /* by fd */
static struct iocb **queue;   /* what the next io_submit submits */
static uint32_t queued;
static char *owed; /* one buffer per fd */
static char *scratch;

/* The socket is watched from the next io_submit on, until it is ready. */
static void watch(int fd, uint32_t generation, unsigned int events)
{
	struct iocb *request = &requests[fd];

	*request = (struct iocb){
		.aio_data = (uint64_t)generation << 32 | (uint32_t)fd,
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = events,
	};
	queue[queued++] = request;
}

static void conn_close(struct counters_slot *slot, struct conn *conn, bool broken)
{
	if (conn->fd < 0)
		return;
	net_close(slot, conn->fd, broken);
	conn->fd = -1;
	conn->generation++;
}

static void conn_open(const struct server *server, int fd)
{
	struct conn *conn = &conns[fd];

	*conn = (struct conn){.fd = fd, .generation = conn->generation};
	conn->echo.owed = owed + (size_t)fd * server->buf_bytes;
	watch(fd, conn->generation, POLLIN);
}

static void on_accept(const struct server *server, struct counters_slot *slot)
{
	int fd;
	while ((fd = net_accept(server, slot, SOCK_NONBLOCK)) != NET_NONE)
		if (fd >= 0)
			conn_open(server, fd);
	watch(server->listen_fd, 0, POLLIN);
}

static void on_recv(const struct server *server, struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_read(slot, &conn->echo, conn->fd, scratch, server->buf_bytes);
	if (result == ECHO_CLOSED || result == ECHO_BROKEN)
		conn_close(slot, conn, result == ECHO_BROKEN);
	else
		watch(conn->fd, conn->generation, result == ECHO_OWED ? POLLOUT : POLLIN);
}

static void on_send(struct counters_slot *slot, struct conn *conn)
{
	enum echo_result result = echo_flush(slot, &conn->echo, conn->fd);
	if (result == ECHO_BROKEN)
		conn_close(slot, conn, true);
	else
		watch(conn->fd, conn->generation, result == ECHO_OWED ? POLLOUT : POLLIN);
}

static void on_event(const struct server *server, struct counters_slot *slot, const struct io_event *event)
{
	int fd = (int)(uint32_t)event->data;
	uint32_t generation = (uint32_t)(event->data >> 32);
	struct conn *conn = &conns[fd];

	count(slot, COUNT_EVENTS);
	if (event->res < 0) {
		errno = (int)-event->res;
		die("IOCB_CMD_POLL(fd %d)", fd);
	}
	if (fd == server->listen_fd)
		on_accept(server, slot);
	else if (conn->fd != fd || conn->generation != generation)
		count(slot, COUNT_IDLE_WAKEUPS);
	else if (echo_owes(&conn->echo))
		on_send(slot, conn);
	else
		on_recv(server, slot, conn);
}

/* The kernel may take fewer than it is given. Short of memory (EAGAIN) it is given the rest next turn. */
static void submit(struct counters_slot *slot)
{
	uint32_t done = 0;
	while (done < queued) {
		long n = sys_io_submit(slot, context, queued - done, queue + done);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("io_submit(%u requests)", queued - done);
		done += (uint32_t)n;
	}
	queued -= done;
	if (queued > 0)
		memmove(queue, queue + done, queued * sizeof(*queue));
}

static uint32_t read_number(const char *path)
{
	uint32_t number = UINT32_MAX;
	FILE *file = fopen(path, "re");
	if (!file)
		return number;
	if (fscanf(file, "%u", &number) != 1)
		number = UINT32_MAX;
	fclose(file);
	return number;
}

bool model_option(const char *arg)
{
	(void)arg;
	return false;
}

struct model_limit model_limit(void)
{
	uint32_t most = read_number("/proc/sys/fs/aio-max-nr");
	uint32_t used = read_number("/proc/sys/fs/aio-nr");

	if (most == UINT32_MAX || used == UINT32_MAX)
		return (struct model_limit){0}; /* no /proc: io_setup will tell */
	if (most <= used + LISTENER_REQUESTS)
		die_unsupported("fs.aio-max-nr is %u and %u are in use", most, used);
	return (struct model_limit){.conns = most - used - LISTENER_REQUESTS, .name = "fs.aio-max-nr"};
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

enum exit_code model_probe(struct probe *probe)
{
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
		reason = "fs.aio-max-nr is used up";
	} else {
		die("io_setup(1)");
	}
	snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
	return EXIT_UNSUPPORTED;
}

void model_prepare(const struct server *server)
{
	uint32_t most = server->conns_max + LISTENER_REQUESTS;

	if (syscall(SYS_io_setup, most, &context) < 0) {
		if (errno == EAGAIN)
			die_unsupported("io_setup(%u): fs.aio-max-nr is used up", most);
		die("io_setup(%u)", most);
	}
	conns = net_slab(server->fds_max, sizeof(*conns));
	requests = net_slab(server->fds_max, sizeof(*requests));
	queue = net_slab(server->fds_max, sizeof(struct iocb *));
	owed = net_slab(server->fds_max, server->buf_bytes);
	scratch = net_slab(1, server->buf_bytes);
	watch(server->listen_fd, 0, POLLIN);
}

_Noreturn void model_serve(const struct server *server)
{
	static struct io_event events[EVENTS_MAX];
	struct counters_slot *slot = counters_slot(0);

	for (;;) {
		submit(slot);
		long ready = sys_io_getevents(slot, context, 1, EVENTS_MAX, events);
		if (ready < 0 && errno != EINTR)
			die("io_getevents");
		count(slot, COUNT_WAKEUPS);
		for (long i = 0; i < ready; i++)
			on_event(server, slot, &events[i]);
	}
}
