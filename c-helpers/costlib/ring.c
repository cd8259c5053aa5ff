/* ring.c - an io_uring of a cost, or the reason why there is none. */
#include "ring.h"

#include <stdio.h>

/* How long the SQ thread polls an empty SQ before it sleeps: longer than a pause between batches. */
#define SQ_IDLE_MS 50

static int io_uring_disabled(void)
{
	int value = -1;
	FILE *file = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

static bool say_why_none(struct bench *bench, int error, uint32_t setup_flags)
{
	int disabled = io_uring_disabled();

	switch (error) {
	case ENOSYS:
		return bench_unsupported(
			bench, "io_uring_setup: this kernel has no io_uring, or a filter hides it (ENOSYS)");
	case EPERM:
		if (disabled > 0)
			return bench_unsupported(bench, "io_uring_setup: kernel.io_uring_disabled=%d (EPERM)",
						 disabled);
		return bench_unsupported(
			bench, "io_uring_setup: %s (EPERM)",
			setup_flags & IORING_SETUP_SQPOLL
				? "a filter forbids it, or this kernel wants privileges for SQPOLL"
				: "a seccomp filter or a security module forbids it");
	case EACCES:
		return bench_unsupported(bench, "io_uring_setup: a security module forbids it (EACCES)");
	case EINVAL:
		return bench_unsupported(bench, "io_uring_setup: this kernel does not know %s (EINVAL)",
					 setup_flags & IORING_SETUP_DEFER_TASKRUN
						 ? "SINGLE_ISSUER|DEFER_TASKRUN, which came with 6.1"
						 : "these flags");
	case ENOMEM:
		return bench_unsupported(
			bench, "io_uring_setup: RLIMIT_MEMLOCK is too low for the rings (ENOMEM): ulimit -l");
	case EOPNOTSUPP:
		return bench_unsupported(bench, "io_uring of a kernel before 5.4 has no FEAT_SINGLE_MMAP");
	default:
		errno = error;
		return bench_fail(bench, "io_uring_setup");
	}
}

bool ring_open(struct bench *bench, struct uring *ring, uint32_t setup_flags, int sq_cpu)
{
	struct io_uring_params params = {.sq_thread_idle = SQ_IDLE_MS};

	if (setup_flags & IORING_SETUP_SQPOLL && sq_cpu >= 0) {
		setup_flags |= IORING_SETUP_SQ_AFF;
		params.sq_thread_cpu = (uint32_t)sq_cpu;
	}
	int error = uring_setup(ring, RING_ENTRIES, &params, &setup_flags, 1);
	return error == 0 || say_why_none(bench, -error, setup_flags);
}

bool ring_needs(struct bench *bench, const struct uring *ring, uint8_t op, const char *name)
{
	union uring_ops ops;
	int error = uring_ask_ops(ring, &ops);

	if (error < 0)
		return bench_unsupported(bench, "io_uring_register(PROBE): %s", strerror(-error));
	return uring_knows(&ops, op) || bench_unsupported(bench, "this kernel's io_uring has no %s", name);
}
