/*
 * uring_setup - the rings of an io_uring of 256: entries, strides as the kernel uses them, bytes; and who may
 * have one. A stride is where the kernel reads the second SQE, and writes the second CQE.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "process.h"
#include "ring.h"

#define SETUP_SQE128 (1u << 10) /* 5.19 */
#define SETUP_CQE32 (1u << 11)	/* 5.19 */
enum { ENTRIES = 256, MARK = 0x10de, STRIDE_MIN = 64, STRIDE_MAX = 128 };

struct raw {
	int fd;
	struct io_uring_params params;
	char *rings, *sqes;
	size_t rings_bytes, sqes_bytes;
};

/* 0 or -errno. */
static int raw_open(struct raw *raw, uint32_t flags)
{
	*raw = (struct raw){.params.flags = flags};
	raw->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &raw->params);
	if (raw->fd < 0)
		return -errno;
	if (!(raw->params.features & IORING_FEAT_SINGLE_MMAP))
		return -EOPNOTSUPP;
	size_t sqe_bytes = flags & SETUP_SQE128 ? 128 : 64, cqe_bytes = flags & SETUP_CQE32 ? 32 : 16;
	size_t sq = raw->params.sq_off.array + raw->params.sq_entries * sizeof(uint32_t);
	size_t cq = raw->params.cq_off.cqes + raw->params.cq_entries * cqe_bytes;
	raw->rings_bytes = sq > cq ? sq : cq;
	raw->sqes_bytes = raw->params.sq_entries * sqe_bytes;
	raw->rings =
		mmap(NULL, raw->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, raw->fd, IORING_OFF_SQ_RING);
	raw->sqes = mmap(NULL, raw->sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, raw->fd, IORING_OFF_SQES);
	if (raw->rings == MAP_FAILED || raw->sqes == MAP_FAILED)
		probe_broken("mmap(rings)");
	return 0;
}

static uint32_t *word(const struct raw *raw, uint32_t offset)
{
	return (uint32_t *)(void *)(raw->rings + offset);
}

static uint64_t cqe_mark(const struct raw *raw, size_t offset)
{
	uint64_t mark;
	memcpy(&mark, raw->rings + raw->params.cq_off.cqes + offset, sizeof(mark));
	return mark;
}

/*
 * Two NOPs. At each place where the second SQE could be lies one with that place as its mark, so the mark of
 * the second CQE is the stride of SQEs, and where it lies the stride of CQEs.
 */
static void strides(const struct raw *raw, uint32_t *sqe_bytes, uint32_t *cqe_bytes)
{
	uint32_t *array = word(raw, raw->params.sq_off.array), tail = 0;

	for (uint32_t at = 0; at <= STRIDE_MAX; at += STRIDE_MIN) {
		uint64_t mark = MARK + at;
		memcpy(raw->sqes + at + offsetof(struct io_uring_sqe, user_data), &mark, sizeof(mark));
	}
	array[0] = 0;
	array[1] = 1;
	tail = *word(raw, raw->params.sq_off.tail) + 2;
	__atomic_store_n(word(raw, raw->params.sq_off.tail), tail, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, raw->fd, 2, 2, IORING_ENTER_GETEVENTS, NULL, 0) != 2)
		probe_broken("io_uring_enter(2 NOPs)");
	if (cqe_mark(raw, 0) != MARK)
		probe_odd("the first CQE is not where it should be");
	*sqe_bytes = *cqe_bytes = 0;
	for (uint32_t at = 16; at <= 32 && !*cqe_bytes; at += 16) {
		uint64_t mark = cqe_mark(raw, at);
		if (mark <= MARK || mark > MARK + STRIDE_MAX)
			continue;
		*cqe_bytes = at;
		*sqe_bytes = (uint32_t)(mark - MARK);
	}
}

/* In a child without capabilities. */
static bool is_for_everybody(void)
{
	int status;
	pid_t pid = fork_helper();

	if (pid == 0) {
		struct uring ring;
		_exit(drop_privileges() && ring_try(&ring, 4, 0, 0) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	return status == 0;
}

static int64_t l1d_bytes(void)
{
	for (int i = 0; i < 4; i++) {
		char path[96], type[32] = "", size[32] = "";
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/type", i);
		FILE *file = fopen(path, "re");
		bool is_data = file && fgets(type, sizeof(type), file) && !strncmp(type, "Data", 4);
		if (file)
			fclose(file);
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
		file = is_data ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		bool is_read = fgets(size, sizeof(size), file);
		fclose(file);
		if (is_read && strchr(size, 'K'))
			return atoll(size) * 1024;
	}
	return -1;
}

static void optional_strides(void)
{
	uint32_t sqe_bytes, cqe_bytes;
	struct raw raw;

	if (raw_open(&raw, SETUP_CQE32) == 0) {
		strides(&raw, &sqe_bytes, &cqe_bytes);
		observe("cqe32Bytes", cqe_bytes);
	}
	if (raw_open(&raw, SETUP_SQE128) == 0) {
		strides(&raw, &sqe_bytes, &cqe_bytes);
		observe("sqe128Bytes", sqe_bytes);
	}
}

static void run(void)
{
	uint32_t sqe_bytes, cqe_bytes;
	int64_t l1d = l1d_bytes(), disabled = proc_value("/proc/sys/kernel/io_uring_disabled");
	struct uring deferring;
	struct raw raw;
	int error = raw_open(&raw, 0);

	if (error < 0)
		probe_unsupported("io_uring_setup(%d): %s", ENTRIES, ring_refusal(-error));
	strides(&raw, &sqe_bytes, &cqe_bytes);
	observe("sqEntries", raw.params.sq_entries);
	observe("cqEntries", raw.params.cq_entries);
	observe("sqeBytes", sqe_bytes);
	observe("cqeBytes", cqe_bytes);
	observe("ringBytes", (double)raw.params.sq_entries * (sqe_bytes + sizeof(uint32_t)) +
				     (double)raw.params.cq_entries * cqe_bytes);
	observe("mappings", 2);
	observe("features", raw.params.features);
	optional_strides();
	if (l1d >= 0)
		observe("l1dBytes", (double)l1d);
	if (disabled >= 0)
		observe("disabledSysctl", (double)disabled);
	observe_is("deferTaskrun",
		   ring_try(&deferring, 4, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 0) == 0);
	observe_is("unprivileged", is_for_everybody());
}

PROBE(.id = "uring-setup", .title = "the rings of an io_uring of 256, and who may have one", .run = run,
      .values = {
	      NUMBER("sqEntries", "entries of the submission queue"),
	      NUMBER("cqEntries", "entries of the completion queue"),
	      NUMBER("sqeBytes", "bytes from one SQE to the next"),
	      NUMBER("cqeBytes", "bytes from one CQE to the next"),
	      NUMBER_OR_NONE("cqe32Bytes", "the same with IORING_SETUP_CQE32"),
	      NUMBER_OR_NONE("sqe128Bytes", "bytes from one SQE to the next with IORING_SETUP_SQE128"),
	      NUMBER("ringBytes", "bytes of all SQEs, the index array and all CQEs"),
	      NUMBER_OR_NONE("l1dBytes", "bytes of the L1 data cache of a CPU"),
	      NUMBER("mappings", "mmap calls that share all of it: both rings in one, the SQEs in another"),
	      NUMBER("features", "IORING_FEAT_* bits"),
	      NUMBER_OR_NONE("disabledSysctl", "kernel.io_uring_disabled"),
	      BOOLEAN("deferTaskrun", "IORING_SETUP_DEFER_TASKRUN is there"),
	      BOOLEAN("unprivileged", "a process without capabilities gets a ring"),
      });
