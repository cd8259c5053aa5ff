/*
 * uring.c - which ring a server gets: its options, the flags that this kernel knows, and why there is none.
 */
#include "uring.h"

#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#include "die.h"
#include "model.h"

/* How long the SQ thread polls an empty SQ before it sleeps. */
#define SQ_THREAD_IDLE_MS 100

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
	} else if (error == EPERM && filtered) {
		snprintf(reason, PROBE_TEXT_BYTES,
			 "a seccomp filter forbids io_uring_setup (EPERM), as container runtimes do by "
			 "default");
	} else if (error == EPERM) {
		snprintf(reason, PROBE_TEXT_BYTES, "a security module forbids io_uring_setup%s (EPERM)",
			 wants->sqpoll ? ", or SQPOLL needs root on this kernel (before 5.13)" : "");
	} else if (error == ENOMEM) {
		getrlimit(RLIMIT_MEMLOCK, &memlock);
		snprintf(reason, PROBE_TEXT_BYTES,
			 "no memory for the rings (ENOMEM): kernels before 5.12 charge them to "
			 "RLIMIT_MEMLOCK, which is %llu KiB",
			 (unsigned long long)memlock.rlim_cur / 1024);
	} else if (error == EINVAL) {
		snprintf(reason, PROBE_TEXT_BYTES, "kernel does not know what %s%s needs (EINVAL)",
			 wants->sqpoll ? "--sqpoll" : "--taskrun=",
			 wants->sqpoll ? "" : taskrun_names[wants->taskrun]);
	} else {
		snprintf(reason, PROBE_TEXT_BYTES, "io_uring_setup: %s", strerror(error));
	}
}

/* What an echo server cannot do without. */
static bool check_features(const struct uring *ring, const struct uring_wants *wants, struct probe *probe)
{
	static const struct {
		uint8_t op;
		const char *name;
	} ops[] = {{IORING_OP_ACCEPT, "ACCEPT"}, {IORING_OP_RECV, "RECV"},	 {IORING_OP_SEND, "SEND"},
		   {IORING_OP_CLOSE, "CLOSE"},	 {IORING_OP_TIMEOUT, "TIMEOUT"}, {IORING_OP_NOP, "NOP"}};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!uring_knows(ring, ops[i].op)) {
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
	const uint32_t base = IORING_SETUP_CQSIZE, all = base | IORING_SETUP_SUBMIT_ALL;
	const uint32_t defer = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct io_uring_params params = {.cq_entries = wants->cq_entries};
	uint32_t sets[4], tries = 0;

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
	return uring_setup(ring, wants->sq_entries, &params, sets, tries);
}

enum exit_code uring_open(struct uring *ring, const struct uring_wants *wants, struct probe *probe)
{
	int error = open_ring(ring, wants);
	if (error < 0) {
		say_why(wants, probe, -error);
		return EXIT_UNSUPPORTED;
	}
	if (!check_features(ring, wants, probe))
		return EXIT_UNSUPPORTED;
	ring->has_cqe_skip = ring->features & IORING_FEAT_CQE_SKIP;
	/* Both came with 5.19, and the flag itself cannot be asked for. */
	ring->has_poll_first = uring_knows(ring, IORING_OP_SOCKET);
	list_features(ring, probe);
	return EXIT_SERVED;
}
