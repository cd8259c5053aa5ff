/*
 * uring.c - which ring a server gets: its options, the flags that this kernel knows, and why there is none.
 */
#include "uring.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "die.h"
#include "model.h"

/* How long the SQ thread polls an empty SQ before it sleeps. */
#define SQ_THREAD_IDLE_MS 100
/* The kernel takes a ring's memory back some time after its process has ended: so long, so often. */
#define MEMORY_WAITS 100
#define MEMORY_WAIT_MS 20

static const char *const taskrun_names[TASKRUNS] = {"auto", "default", "coop", "defer"};

bool uring_option(struct uring_wants *wants, const char *arg)
{
	if (!strcmp(arg, "--sqpoll")) {
		wants->sqpoll = true;
		return true;
	}
	if (strncmp(arg, "--taskrun=", 10))
		return false;
	for (wants->taskrun = 0; wants->taskrun < TASKRUNS; wants->taskrun++)
		if (!strcmp(arg + 10, taskrun_names[wants->taskrun]))
			return true;
	return false;
}

/* About: the kernel rounds up to powers of two, and adds some 100 bytes. */
static size_t rings_bytes(const struct uring_wants *wants)
{
	return wants->sq_entries * (sizeof(struct io_uring_sqe) + sizeof(uint32_t)) +
	       wants->cq_entries * sizeof(struct io_uring_cqe);
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

static int open_ring(struct uring *ring, const struct uring_wants *wants);

/* Whether a ring without a kernel thread is allowed: then it is the thread that is refused. */
static bool is_allowed_without_thread(const struct uring_wants *wants)
{
	struct uring_wants plain = *wants;
	struct uring ring;

	plain.sqpoll = false;
	bool allowed = wants->sqpoll && open_ring(&ring, &plain) == 0;
	if (allowed)
		uring_close(&ring);
	return allowed;
}

/* Why io_uring_setup was refused. */
static void say_why(const struct uring_wants *wants, struct probe *probe, int error)
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
	} else if (error == EPERM && is_allowed_without_thread(wants)) {
		snprintf(
			reason, PROBE_TEXT_BYTES,
			"io_uring_setup without SQPOLL is allowed, with it is not (EPERM): this kernel wants "
			"CAP_SYS_ADMIN or CAP_SYS_NICE for the thread");
	} else if (error == EPERM && filtered) {
		snprintf(reason, PROBE_TEXT_BYTES,
			 "a seccomp filter forbids io_uring_setup (EPERM), as container runtimes do by "
			 "default");
	} else if (error == EPERM) {
		snprintf(reason, PROBE_TEXT_BYTES, "a security module forbids io_uring_setup (EPERM)");
	} else if (error == ENOMEM) {
		getrlimit(RLIMIT_MEMLOCK, &memlock);
		snprintf(reason, PROBE_TEXT_BYTES,
			 "io_uring_setup: no memory for rings of %zu KiB (ENOMEM); without CAP_IPC_LOCK they "
			 "may count as locked memory, of which RLIMIT_MEMLOCK allows %llu KiB to all of this "
			 "user's processes: raise it with ulimit -l",
			 rings_bytes(wants) / 1024, (unsigned long long)memlock.rlim_cur / 1024);
	} else if (error == EINVAL) {
		snprintf(reason, PROBE_TEXT_BYTES, "kernel does not know what %s%s needs (EINVAL)",
			 wants->sqpoll ? "--sqpoll" : "--taskrun=",
			 wants->sqpoll ? "" : taskrun_names[wants->taskrun]);
	} else {
		snprintf(reason, PROBE_TEXT_BYTES, "io_uring_setup: %s", strerror(error));
	}
}

/* What an echo server cannot do without. */
static bool check_features(const struct uring *ring, const union uring_ops *known,
			   const struct uring_wants *wants, struct probe *probe)
{
	static const struct {
		uint8_t op;
		const char *name;
	} ops[] = {{IORING_OP_ACCEPT, "ACCEPT"}, {IORING_OP_RECV, "RECV"},	 {IORING_OP_SEND, "SEND"},
		   {IORING_OP_CLOSE, "CLOSE"},	 {IORING_OP_TIMEOUT, "TIMEOUT"}, {IORING_OP_NOP, "NOP"}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!uring_knows(known, ops[i].op)) {
			snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel's io_uring has no IORING_OP_%s",
				 ops[i].name);
			return false;
		}
	}
	if (!(ring->features & IORING_FEAT_FAST_POLL)) {
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "kernel's io_uring has no IORING_FEAT_FAST_POLL (5.7): each wait would take a "
			 "thread");
		return false;
	}
	if (wants->sqpoll && !(ring->features & IORING_FEAT_SQPOLL_NONFIXED)) {
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "kernel's io_uring has no IORING_FEAT_SQPOLL_NONFIXED (5.11)");
		return false;
	}
	return true;
}

static void list_features(const struct uring *ring, struct probe *probe)
{
	const struct {
		bool used;
		const char *name;
	} features[] = {
		{ring->setup_flags & IORING_SETUP_SQPOLL, "SQPOLL"},
		{ring->setup_flags & IORING_SETUP_SQ_AFF, "SQ_AFF"},
		{ring->setup_flags & IORING_SETUP_SINGLE_ISSUER, "SINGLE_ISSUER"},
		{ring->setup_flags & IORING_SETUP_DEFER_TASKRUN, "DEFER_TASKRUN"},
		{ring->setup_flags & IORING_SETUP_COOP_TASKRUN, "COOP_TASKRUN"},
		{ring->setup_flags & IORING_SETUP_SUBMIT_ALL, "SUBMIT_ALL"},
		{ring->setup_flags & IORING_SETUP_NO_SQARRAY, "NO_SQARRAY"},
		{ring->has_cqe_skip, "CQE_SKIP_SUCCESS"},
		{ring->has_poll_first, "POLL_FIRST"},
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
static int open_ring(struct uring *ring, const struct uring_wants *wants)
{
	const uint32_t base = IORING_SETUP_CQSIZE | (wants->iopoll ? IORING_SETUP_IOPOLL : 0);
	const uint32_t all = base | IORING_SETUP_SUBMIT_ALL;
	const uint32_t defer = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct io_uring_params params = {.cq_entries = wants->cq_entries};
	uint32_t sets[8], tries = 0;

	if (wants->sqpoll) {
		/* It has no task work of ours to defer: the SQ thread runs all of it. */
		if (wants->taskrun != TASKRUN_AUTO && wants->taskrun != TASKRUN_DEFAULT)
			die_usage("--sqpoll and --taskrun=%s exclude each other",
				  taskrun_names[wants->taskrun]);
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
		if (wants->taskrun == TASKRUN_AUTO || wants->taskrun == TASKRUN_DEFER)
			sets[tries++] = all | defer;
		if (wants->taskrun == TASKRUN_AUTO || wants->taskrun == TASKRUN_COOP)
			sets[tries++] = all | IORING_SETUP_COOP_TASKRUN;
		if (wants->taskrun == TASKRUN_AUTO || wants->taskrun == TASKRUN_DEFAULT) {
			sets[tries++] = all;
			sets[tries++] = base;
		}
	}
	if (wants->no_sqarray) {
		memcpy(sets + tries, sets, tries * sizeof(sets[0]));
		for (uint32_t i = 0; i < tries; i++)
			sets[i] |= IORING_SETUP_NO_SQARRAY;
		tries *= 2;
	}
	return uring_setup(ring, wants->sq_entries, &params, sets, tries);
}

/* A ring that fits into the limit may have to wait for the memory of one whose process just ended. */
static int open_ring_patiently(struct uring *ring, const struct uring_wants *wants)
{
	const struct timespec pause = {.tv_nsec = MEMORY_WAIT_MS * 1000000};
	struct rlimit memlock;
	int error = open_ring(ring, wants);
	bool fits = getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 && memlock.rlim_cur >= rings_bytes(wants);

	for (int waits = 0; error == -ENOMEM && fits && waits < MEMORY_WAITS; waits++) {
		nanosleep(&pause, NULL);
		error = open_ring(ring, wants);
	}
	return error;
}

enum exit_code uring_open(struct uring *ring, const struct uring_wants *wants, struct probe *probe)
{
	union uring_ops known;
	int error = open_ring_patiently(ring, wants);
	if (error < 0) {
		say_why(wants, probe, -error);
		return EXIT_UNSUPPORTED;
	}
	error = uring_ask_ops(ring, &known);
	if (error < 0 && error != -EINVAL) {
		snprintf(probe->reason, PROBE_TEXT_BYTES, "io_uring_register is refused: %s",
			 strerror(-error));
		return EXIT_UNSUPPORTED;
	}
	if (!check_features(ring, &known, wants, probe))
		return EXIT_UNSUPPORTED;
	ring->has_cqe_skip = ring->features & IORING_FEAT_CQE_SKIP;
	/* Both came with 5.19, and the flag itself cannot be asked for. */
	ring->has_poll_first = uring_knows(&known, IORING_OP_SOCKET);
	list_features(ring, probe);
	return EXIT_SERVED;
}

/*
 * Whether a ring counts as locked memory: asked with a limit of none. It depends on the kernel and on
 * CAP_IPC_LOCK, and no version number tells it.
 */
static bool is_charged(void)
{
	struct rlimit limit, none;
	struct uring_wants least = {.sq_entries = 1, .cq_entries = 2};
	struct uring ring;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return false;
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return false;
	int error = open_ring(&ring, &least);
	if (error == 0)
		uring_close(&ring);
	(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	return error == -ENOMEM;
}

enum exit_code uring_probe(const struct uring_wants *wants, struct probe *probe)
{
	struct counters_slot uncounted = {0};
	struct uring ring = {.fd = -1};
	enum exit_code code = uring_open(&ring, wants, probe);

	if (code == EXIT_SERVED) {
		struct io_uring_sqe *sqe = uring_sqe(&ring);
		int error;
		sqe->opcode = IORING_OP_NOP;
		do
			error = uring_submit(&ring, &uncounted, 1);
		while (error == -EINTR || (error == 0 && uring_ready(&ring) == 0));
		if (error < 0) {
			snprintf(probe->reason, PROBE_TEXT_BYTES, "io_uring_enter is refused: %s",
				 strerror(-error));
			code = EXIT_UNSUPPORTED;
		}
	}
	uring_close(&ring);
	if (code == EXIT_SERVED && is_charged())
		strncat(probe->features, ",RLIMIT_MEMLOCK", PROBE_TEXT_BYTES - strlen(probe->features) - 1);
	return code;
}
