/*
 * io_uring - requests go to the kernel through one shared ring, their results come back through another.
 *
 * Loop:    io_uring_enter (submits what is queued, waits for a result), then each result queues what is
 *          next: an accept the next accept and a recv, a recv the send and, linked to it, the next recv.
 * Kernel:  5.7 (FEAT_FAST_POLL). Used where they exist: CQE_SKIP_SUCCESS 5.17, SUBMIT_ALL 5.18, POLL_FIRST
 *          and COOP_TASKRUN 5.19, SINGLE_ISSUER with DEFER_TASKRUN 6.1.
 * --taskrun=auto|default|coop|defer  when the kernel completes requests; auto: defer, coop or default.
 * --sqpoll  a kernel thread takes the requests (5.11): io_uring_enter only wakes it, or sleeps.
 * Left out: multishot, provided buffers, registered files, buffers and ring fd, zero copy.
 * By hand: io_uring --sqpoll --port=7000
 *
 * Why linked, to a send that posts no CQE on success: queueing the recv after the send's CQE needs twice
 * the io_uring_enter calls and a little more CPU with one connection, and a little less CPU with 200.
 * Send and recv queued at once without a link, with two buffers per connection, cost the same as linked.
 */
#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../server/echo.h"
#include "../server/uring.h"

/* Enough for 2,000 busy connections per turn; more only mean one more io_uring_enter. */
#define SQ_ENTRIES 4096u
/* io_uring_setup(2) fails over this. */
#define CQ_ENTRIES_MAX 65536u
/* What one event queues at most: send and recv, or recv and accept. */
#define SQES_PER_EVENT 2

/* How long the SQ thread polls an empty SQ before it sleeps. */
#define SQ_THREAD_IDLE_MS 100
/* How often the server looks at an empty CQ before it sleeps: for 0.5 to 1 ms. */
#define SPINS_MAX 20000u
/* How long to wait when accept found no free descriptor or memory. */
#define ACCEPT_RETRY_MS 100

#define GENERATION_MASK 0xffffffu

/* The requests. OP_ACCEPT_RETRY is a timer; for OP_FILLER see make_room. */
enum op { OP_ACCEPT, OP_ACCEPT_RETRY, OP_RECV, OP_SEND, OP_CLOSE, OP_FILLER };

enum taskrun { TASKRUN_AUTO, TASKRUN_DEFAULT, TASKRUN_COOP, TASKRUN_DEFER, TASKRUNS };
static const char *const taskrun_names[TASKRUNS] = {"auto", "default", "coop", "defer"};

struct conn {
	uint32_t generation; /* of the users of this fd; see tag */
	uint32_t from, end;  /* of the buffer: what the last send was given */
	bool open;
};

const char model_name[] = "io_uring";
const char model_usage[] = "[--sqpoll] [--taskrun=auto|default|coop|defer]";
/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread, and a send
 * goes on until all is sent. A non-blocking one would post -EAGAIN instead.
 */
const bool model_listen_nonblocking = false;

static bool sqpoll;
static enum taskrun taskrun;
static struct uring ring;
static bool has_poll_first, has_cqe_skip;
static uint32_t spins_max;
static struct conn *conns; /* by fd */
static char *bufs;	   /* one per fd */
/* Counted as written, but never sent; see count_write. */
static uint64_t unsent_writes, unsent_bytes;

/* user_data: op in 8 bits, fd in 32, generation in 24, so that a late CQE misses a reused fd. */
static uint64_t tag(enum op op, int fd, uint32_t generation)
{
	return (uint64_t)op | (uint64_t)(uint32_t)fd << 8 | (uint64_t)generation << 40;
}

static struct io_uring_sqe *queue(uint8_t opcode, int fd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = uring_sqe(&ring);
	assert(sqe); /* make_room saw to it */
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = user_data;
	return sqe;
}

/* empty: the socket is known to have been empty, so poll before the first try. */
static void queue_recv(const struct server *server, int fd, bool empty)
{
	struct io_uring_sqe *sqe = queue(IORING_OP_RECV, fd, tag(OP_RECV, fd, conns[fd].generation));
	sqe->addr = (uint64_t)(uintptr_t)(bufs + (size_t)fd * server->buf_bytes);
	sqe->len = server->buf_bytes;
	if (empty && has_poll_first)
		sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
}

/*
 * The link starts the recv when all is sent and drops it otherwise: a send of less than MSG_WAITALL asks
 * for fails, as far as links and skipped CQEs are concerned.
 */
static void queue_echo(const struct server *server, int fd, bool empty)
{
	struct conn *conn = &conns[fd];
	struct io_uring_sqe *sqe = queue(IORING_OP_SEND, fd, tag(OP_SEND, fd, conn->generation));
	sqe->addr = (uint64_t)(uintptr_t)(bufs + (size_t)fd * server->buf_bytes + conn->from);
	sqe->len = conn->end - conn->from;
	sqe->msg_flags = MSG_WAITALL | MSG_NOSIGNAL;
	sqe->flags = IOSQE_IO_LINK | (has_cqe_skip ? IOSQE_CQE_SKIP_SUCCESS : 0);
	queue_recv(server, fd, empty);
}

static void queue_accept(const struct server *server)
{
	struct io_uring_sqe *sqe = queue(IORING_OP_ACCEPT, server->listen_fd, tag(OP_ACCEPT, 0, 0));
	sqe->accept_flags = SOCK_CLOEXEC;
}

static void queue_accept_retry(void)
{
	static const struct __kernel_timespec delay = {.tv_nsec = ACCEPT_RETRY_MS * 1000000};
	struct io_uring_sqe *sqe = queue(IORING_OP_TIMEOUT, -1, tag(OP_ACCEPT_RETRY, 0, 0));
	sqe->addr = (uint64_t)(uintptr_t)&delay;
	sqe->len = 1;
}

/*
 * Counts a send when it is queued, for its success posts no CQE. If it turns out short or failed, the
 * difference comes off the next ones, because counters only grow.
 */
static void count_write(struct counters_slot *slot, uint64_t bytes)
{
	uint64_t off = bytes < unsent_bytes ? bytes : unsent_bytes;
	unsent_bytes -= off;
	count_add(slot, COUNT_BYTES_OUT, bytes - off);
	if (unsent_writes)
		unsent_writes--;
	else
		count(slot, COUNT_WRITES);
}

/*
 * Nothing is in flight on the fd here: a connection has one recv, or one send with a recv behind it, and
 * it ends with the result of that. Closing in the ring costs no system call of its own.
 */
static void conn_close(struct counters_slot *slot, int fd, bool broken)
{
	struct conn *conn = &conns[fd];
	if (!conn->open)
		return;
	struct io_uring_sqe *sqe = queue(IORING_OP_CLOSE, fd, tag(OP_CLOSE, fd, conn->generation));
	if (has_cqe_skip)
		sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	conn->open = false;
	net_closed(slot, broken);
}

static void conn_open(const struct server *server, int fd)
{
	struct conn *conn = &conns[fd];
	*conn = (struct conn){.generation = (conn->generation + 1) & GENERATION_MASK, .open = true};
	queue_recv(server, fd, false);
}

static void on_accept(const struct server *server, struct counters_slot *slot, int result)
{
	switch (-result) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		/* At once it would fail again: it takes the descriptor before it waits for a connection. */
		queue_accept_retry();
		return;
	}
	if (result >= 0) {
		if (net_admit(server, slot, result))
			conn_open(server, result);
	} else if (result != -EAGAIN && !net_accept_transient(-result)) {
		errno = -result;
		die("io_uring accept(fd %d)", server->listen_fd);
	}
	queue_accept(server);
}

/* True: the call is to be repeated. False: the connection is over. */
static bool transient(int error, int fd, const char *call)
{
	if (error == EINTR || error == EAGAIN)
		return true;
	if (error != ENOBUFS && error != ENOMEM)
		echo_error(error, fd, call);
	return false;
}

static void on_recv(const struct server *server, struct counters_slot *slot, int fd,
		    const struct io_uring_cqe *cqe)
{
	struct conn *conn = &conns[fd];

	if (cqe->res > 0) {
		echo_received(slot, (size_t)cqe->res);
		conn->from = 0;
		conn->end = (uint32_t)cqe->res;
		count_write(slot, conn->end);
		queue_echo(server, fd, !(cqe->flags & IORING_CQE_F_SOCK_NONEMPTY));
	} else if (cqe->res == 0) {
		conn_close(slot, fd, false);
	} else if (cqe->res == -ECANCELED) {
		return; /* the send before it did not send all, and its own CQE goes on from there */
	} else if (transient(-cqe->res, fd, "io_uring recv")) {
		queue_recv(server, fd, true);
	} else {
		conn_close(slot, fd, true);
	}
}

/* Comes only for sends that were short or failed, or where the kernel cannot skip CQEs. */
static void on_send(const struct server *server, struct counters_slot *slot, int fd,
		    const struct io_uring_cqe *cqe)
{
	struct conn *conn = &conns[fd];
	int sent = cqe->res < 0 ? 0 : cqe->res;

	conn->from += (uint32_t)sent;
	if (conn->from == conn->end)
		return; /* all sent, and the recv goes on */
	unsent_bytes += conn->end - conn->from;
	if (cqe->res < 0) {
		unsent_writes++;
		if (!transient(-cqe->res, fd, "io_uring send")) {
			conn_close(slot, fd, true);
			return;
		}
	} else {
		count(slot, COUNT_SHORT_WRITES);
	}
	count_write(slot, conn->end - conn->from);
	queue_echo(server, fd, false);
}

static void on_event(const struct server *server, struct counters_slot *slot, const struct io_uring_cqe *cqe)
{
	enum op op = cqe->user_data & 0xff;
	int fd = (int)(cqe->user_data >> 8 & UINT32_MAX);
	uint32_t generation = (uint32_t)(cqe->user_data >> 40);

	count(slot, COUNT_EVENTS);
	switch (op) {
	case OP_ACCEPT:
		on_accept(server, slot, cqe->res);
		return;
	case OP_ACCEPT_RETRY:
		queue_accept(server);
		return;
	case OP_FILLER:
		return;
	case OP_CLOSE:
		if (cqe->res < 0) {
			errno = -cqe->res;
			die("io_uring close(fd %d)", fd);
		}
		return;
	case OP_RECV:
	case OP_SEND:
		if (!conns[fd].open || conns[fd].generation != generation)
			return;
		if (op == OP_RECV)
			on_recv(server, slot, fd, cqe);
		else
			on_send(server, slot, fd, cqe);
		return;
	}
}

bool model_option(const char *arg)
{
	if (!strcmp(arg, "--sqpoll")) {
		sqpoll = true;
		return true;
	}
	if (strncmp(arg, "--taskrun=", 10))
		return false;
	for (taskrun = 0; taskrun < TASKRUNS; taskrun++)
		if (!strcmp(arg + 10, taskrun_names[taskrun]))
			return true;
	return false;
}

struct model_limit model_limit(void)
{
	return (struct model_limit){0};
}

/* The first number after key in a file of /proc, -1 if there is none. */
static int proc_number(const char *path, const char *key)
{
	char line[256];
	int number = -1;
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	while (number < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), "%d", &number) != 1)
			number = -1;
	fclose(file);
	return number;
}

/* Why io_uring_setup was refused. */
static void say_why(struct probe *probe, int error)
{
	struct rlimit memlock = {0};
	char *reason = probe->reason;
	int disabled = proc_number("/proc/sys/kernel/io_uring_disabled", "");
	bool filtered = proc_number("/proc/self/status", "Seccomp:") == 2;

	if (error == ENOSYS) {
		snprintf(reason, PROBE_TEXT_BYTES, "kernel has no io_uring%s (ENOSYS)",
			 filtered ? ", or a seccomp filter hides it" : "");
	} else if (error == EPERM && disabled == 2) {
		snprintf(reason, PROBE_TEXT_BYTES,
			 "kernel.io_uring_disabled=2 forbids io_uring to all processes (EPERM)");
	} else if (error == EPERM && disabled == 1) {
		snprintf(reason, PROBE_TEXT_BYTES,
			 "kernel.io_uring_disabled=1 forbids io_uring without CAP_SYS_ADMIN or "
			 "membership in kernel.io_uring_group (EPERM)");
	} else if (error == EPERM && filtered) {
		snprintf(reason, PROBE_TEXT_BYTES,
			 "a seccomp filter forbids io_uring_setup (EPERM), as container runtimes do by "
			 "default");
	} else if (error == EPERM) {
		snprintf(reason, PROBE_TEXT_BYTES, "a security module forbids io_uring_setup%s (EPERM)",
			 sqpoll ? ", or SQPOLL needs root on this kernel (before 5.13)" : "");
	} else if (error == ENOMEM) {
		getrlimit(RLIMIT_MEMLOCK, &memlock);
		snprintf(reason, PROBE_TEXT_BYTES,
			 "no memory for the rings (ENOMEM): kernels before 5.12 charge them to "
			 "RLIMIT_MEMLOCK, which is %llu KiB",
			 (unsigned long long)memlock.rlim_cur / 1024);
	} else if (error == EINVAL) {
		snprintf(reason, PROBE_TEXT_BYTES, "kernel does not know what %s%s needs (EINVAL)",
			 sqpoll ? "--sqpoll" : "--taskrun=", sqpoll ? "" : taskrun_names[taskrun]);
	} else {
		snprintf(reason, PROBE_TEXT_BYTES, "io_uring_setup: %s", strerror(error));
	}
}

/* What this model cannot do without. */
static bool check_features(struct probe *probe)
{
	static const struct {
		uint8_t op;
		const char *name;
	} ops[] = {{IORING_OP_ACCEPT, "ACCEPT"}, {IORING_OP_RECV, "RECV"},	 {IORING_OP_SEND, "SEND"},
		   {IORING_OP_CLOSE, "CLOSE"},	 {IORING_OP_TIMEOUT, "TIMEOUT"}, {IORING_OP_NOP, "NOP"}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!uring_knows(&ring, ops[i].op)) {
			snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel's io_uring has no IORING_OP_%s",
				 ops[i].name);
			return false;
		}
	}
	if (!(ring.features & IORING_FEAT_FAST_POLL)) {
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "kernel's io_uring has no IORING_FEAT_FAST_POLL (5.7): each wait would take a "
			 "thread");
		return false;
	}
	if (sqpoll && !(ring.features & IORING_FEAT_SQPOLL_NONFIXED)) {
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "kernel's io_uring has no IORING_FEAT_SQPOLL_NONFIXED (5.11)");
		return false;
	}
	return true;
}

static void list_features(struct probe *probe)
{
	const struct {
		bool used;
		const char *name;
	} features[] = {
		{ring.setup_flags & IORING_SETUP_SQPOLL, "SQPOLL"},
		{ring.setup_flags & IORING_SETUP_SQ_AFF, "SQ_AFF"},
		{ring.setup_flags & IORING_SETUP_SINGLE_ISSUER, "SINGLE_ISSUER"},
		{ring.setup_flags & IORING_SETUP_DEFER_TASKRUN, "DEFER_TASKRUN"},
		{ring.setup_flags & IORING_SETUP_COOP_TASKRUN, "COOP_TASKRUN"},
		{ring.setup_flags & IORING_SETUP_SUBMIT_ALL, "SUBMIT_ALL"},
		{has_cqe_skip, "CQE_SKIP_SUCCESS"},
		{has_poll_first, "POLL_FIRST"},
	};
	for (size_t i = 0, len = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].used)
			len += (size_t)snprintf(probe->features + len, PROBE_TEXT_BYTES - len, "%s%s",
						len ? "," : "", features[i].name);
}

/*
 * The SQ thread does not inherit our affinity: it runs on every CPU that is online, unless it is bound to
 * one. So a server that is kept to some CPUs binds it to the last of them. Returns that CPU, or -1.
 */
static int sq_thread_cpu(void)
{
	cpu_set_t cpus;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		die("sched_getaffinity");
	if (CPU_COUNT(&cpus) >= sysconf(_SC_NPROCESSORS_ONLN))
		return -1;
	int cpu = CPU_SETSIZE - 1;
	while (!CPU_ISSET(cpu, &cpus))
		cpu--;
	return cpu;
}

/* The best first; uring_setup takes the first that the kernel knows. */
static int open_ring(uint32_t cq_entries)
{
	const uint32_t base = IORING_SETUP_CQSIZE, all = base | IORING_SETUP_SUBMIT_ALL;
	const uint32_t defer = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct io_uring_params params = {.cq_entries = cq_entries};
	uint32_t sets[4], tries = 0;

	if (sqpoll) {
		/* It has no task work of ours to defer: the SQ thread runs all of it. */
		if (taskrun != TASKRUN_AUTO && taskrun != TASKRUN_DEFAULT)
			die_usage("--sqpoll and --taskrun=%s exclude each other", taskrun_names[taskrun]);
		uint32_t flags = IORING_SETUP_SQPOLL;
		int cpu = sq_thread_cpu();
		if (cpu >= 0) {
			flags |= IORING_SETUP_SQ_AFF;
			params.sq_thread_cpu = (uint32_t)cpu;
		}
		params.sq_thread_idle = SQ_THREAD_IDLE_MS;
		sets[tries++] = all | flags;
		sets[tries++] = base | flags;
	} else {
		if (taskrun == TASKRUN_AUTO || taskrun == TASKRUN_DEFER)
			sets[tries++] = all | defer;
		if (taskrun == TASKRUN_AUTO || taskrun == TASKRUN_COOP)
			sets[tries++] = all | IORING_SETUP_COOP_TASKRUN;
		if (taskrun == TASKRUN_AUTO || taskrun == TASKRUN_DEFAULT) {
			sets[tries++] = all;
			sets[tries++] = base;
		}
	}
	return uring_setup(&ring, SQ_ENTRIES, &params, sets, tries);
}

/* Makes the ring, or says why it cannot be. */
static enum exit_code set_up(struct probe *probe, uint32_t cq_entries)
{
	int error = open_ring(cq_entries);
	if (error < 0) {
		say_why(probe, -error);
		return EXIT_UNSUPPORTED;
	}
	if (!check_features(probe))
		return EXIT_UNSUPPORTED;
	has_cqe_skip = ring.features & IORING_FEAT_CQE_SKIP;
	/* Both came with 5.19, and the flag itself cannot be asked for. */
	has_poll_first = uring_knows(&ring, IORING_OP_SOCKET);
	list_features(probe);
	return EXIT_SERVED;
}

enum exit_code model_probe(struct probe *probe)
{
	return set_up(probe, CQ_ENTRIES_MAX);
}

void model_prepare(const struct server *server)
{
	struct probe probe = {0};
	/* A connection has at most two CQEs; what is over the limit, the kernel holds back. */
	uint32_t cq_entries = server->conns_max < CQ_ENTRIES_MAX / 2 ? server->conns_max * 2 : CQ_ENTRIES_MAX;

	if (set_up(&probe, cq_entries > SQ_ENTRIES ? cq_entries : SQ_ENTRIES) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
	/* With one CPU for both, spinning would only keep the SQ thread from its work. */
	spins_max = sqpoll && server->cpus > 1 ? SPINS_MAX : 0;
	conns = net_slab(server->fds_max, sizeof(*conns));
	bufs = net_slab(server->fds_max, server->buf_bytes);
}

static void submit(struct counters_slot *slot, uint32_t wait_for)
{
	int error = uring_submit(&ring, slot, wait_for);
	if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) {
		errno = -error;
		die("io_uring_enter(wait for %u)", wait_for);
	}
}

/*
 * The requests of one event stay in one submit, because a link ends with it. To wait for the SQ thread
 * the SQ has to be full to the last entry, so it is filled up.
 */
static void make_room(struct counters_slot *slot)
{
	if (uring_sq_space(&ring) >= SQES_PER_EVENT || uring_sq_refresh(&ring) >= SQES_PER_EVENT)
		return;
	count(slot, COUNT_SQ_FULL);
	while (sqpoll && uring_sq_space(&ring))
		queue(IORING_OP_NOP, -1, tag(OP_FILLER, 0, 0));
	for (;;) {
		submit(slot, 0);
		if (uring_sq_refresh(&ring) >= SQES_PER_EVENT)
			return;
		if (sqpoll)
			uring_wait_sq(&ring, slot);
	}
}

static void wait_for_events(struct counters_slot *slot)
{
	if (sqpoll && (spins_max || uring_ready(&ring))) {
		submit(slot, 0);
		for (uint32_t i = 0; i < spins_max && !uring_ready(&ring); i++)
			uring_pause();
		if (uring_ready(&ring))
			return;
	}
	submit(slot, 1);
}

_Noreturn void model_serve(const struct server *server)
{
	struct counters_slot *slot = counters_slot(0);

	queue_accept(server);
	for (;;) {
		wait_for_events(slot);
		count(slot, COUNT_WAKEUPS);
		/* Only those that are there now: what they queue is not kept from the kernel for long. */
		uint32_t ready = uring_ready(&ring);
		if (!ready)
			count(slot, COUNT_IDLE_WAKEUPS);
		for (; ready; ready--) {
			make_room(slot);
			on_event(server, slot, uring_cqe(&ring));
		}
	}
}
