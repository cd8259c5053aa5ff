/*
 * uring.h - io_uring by its raw ABI: set up, queue, submit, wait, reap. One ring, used by one thread.
 *
 * The two rings are memory shared with the kernel, which is the other side of every pair here (its
 * own account is the comment at the top of io_uring/io_uring.c):
 *
 *   SQ tail   we store-release it after filling the SQEs    the kernel load-acquires it, then reads them
 *   SQ head   the kernel store-releases it after its copy   we load-acquire it, then reuse those SQEs
 *   CQ tail   the kernel store-releases it after the CQEs   we load-acquire it, then read them
 *   CQ head   we store-release it after reading the CQEs    the kernel reads it, then overwrites only
 *                                                           what lies behind (a control dependency)
 *   SQ flags  the SQ thread sets NEED_WAKEUP, a full        we store the SQ tail, a full barrier, then
 *             barrier, then looks at the SQ tail again      look at the flags: one of us sees the other
 */
#ifndef IOMB_URING_H
#define IOMB_URING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "../wire/uapi_later.h"
#include "count.h"

struct uring {
	int fd;
	int enter_fd;	      /* what io_uring_enter is given: fd, or its place in the task's table */
	uint32_t enter_flags; /* IORING_ENTER_REGISTERED_RING with the latter */
	uint32_t min_wait_us; /* how long a wait for several CQEs is for all of them; 0: without end */
	uint32_t setup_flags; /* IORING_SETUP_* that the kernel took */
	uint32_t features;    /* IORING_FEAT_* */

	struct io_uring_sqe *sqes;
	uint32_t *sq_head, *sq_tail, *sq_flags;
	uint32_t sq_entries, sq_mask;
	uint32_t sqe_tail;  /* behind the last SQE that we queued; *sq_tail follows on submit */
	uint32_t head_seen; /* *sq_head when last looked at */

	struct io_uring_cqe *cqes;
	uint32_t *cq_head, *cq_tail, *cq_dropped;
	uint32_t cq_entries, cq_mask;
	uint32_t cqe_head;     /* behind the last CQE that we read; *cq_head follows on submit */
	uint32_t dropped_seen; /* *cq_dropped when last looked at */

	bool has_poll_first, has_cqe_skip; /* set by uring_open */

	void *rings; /* the two mappings */
	size_t rings_bytes, sqes_bytes;
};

/* When the kernel completes requests; auto: defer, coop or default, the first that it knows. */
enum taskrun { TASKRUN_AUTO, TASKRUN_DEFAULT, TASKRUN_COOP, TASKRUN_DEFER, TASKRUNS };

/* io_uring_setup(2) fails over this. */
#define URING_CQ_ENTRIES_MAX 65536u

/* What a server asks of a ring. */
struct uring_wants {
	bool sqpoll;	 /* a kernel thread takes the requests */
	bool iopoll;	 /* the device is polled for results; files only */
	bool no_sqarray; /* where the kernel can do without (6.6) */
	enum taskrun taskrun;
	uint32_t sq_entries, cq_entries;
};

struct probe;

/* "--sqpoll" or "--taskrun=name". False: neither, or a bad value. */
bool uring_option(struct uring_wants *wants, const char *arg);

/*
 * Makes the best ring that this kernel knows, and lists its features; or says why there is none. Memory
 * that a ring of a process just ended still counts for is waited for.
 */
enum exit_code uring_open(struct uring *ring, const struct uring_wants *wants, struct probe *probe);
/* The same for a probe, which keeps no ring: tries every call, and finds out whether rings count as locked.
 */
enum exit_code uring_probe(const struct uring_wants *wants, struct probe *probe);

/*
 * A ring of buffers that multishot receives take theirs from (5.19). The user side adds at the tail; the
 * kernel takes from the head, which is not shown.
 */
struct uring_bufs {
	struct io_uring_buf *ring;
	uint32_t mask;
	uint16_t tail; /* behind the last that was added; the kernel knows it after uring_bufs_publish */
};

/* An io_uring_register: 0 or -errno. */
static inline int uring_register(const struct uring *ring, uint32_t what, const void *arg, uint32_t args)
{
	return syscall(SYS_io_uring_register, ring->fd, what, arg, args) < 0 ? -errno : 0;
}

/* An empty ring of so many buffers, a power of two. flags: IOU_PBUF_RING_*. 0 or -errno. */
static inline int uring_bufs_open(const struct uring *ring, struct uring_bufs *bufs, uint32_t entries,
				  uint16_t flags)
{
	size_t bytes = entries * sizeof(*bufs->ring);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	struct io_uring_buf_reg wanted = {
		.ring_addr = (uint64_t)(uintptr_t)memory, .ring_entries = entries, .flags = flags};
	int error = uring_register(ring, IORING_REGISTER_PBUF_RING, &wanted, 1);
	if (error < 0) {
		munmap(memory, bytes);
		return error;
	}
	*bufs = (struct uring_bufs){.ring = memory, .mask = entries - 1};
	return 0;
}

/* An empty table of direct descriptors (5.19). 0 or -errno. */
static inline int uring_files_open(const struct uring *ring, uint32_t files)
{
	struct io_uring_rsrc_register table = {.nr = files, .flags = IORING_RSRC_REGISTER_SPARSE};
	return uring_register(ring, IORING_REGISTER_FILES2, &table, sizeof(table));
}

/* Lets io_uring_enter do without looking the descriptor up (5.18). 0 or -errno. */
static inline int uring_register_self(struct uring *ring)
{
	struct io_uring_rsrc_update place = {.offset = UINT32_MAX, .data = (uint64_t)ring->fd};
	int done = (int)syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &place, 1);
	if (done < 0)
		return -errno;
	ring->enter_fd = (int)place.offset;
	ring->enter_flags = IORING_ENTER_REGISTERED_RING;
	return 0;
}

static inline void uring_bufs_add(struct uring_bufs *bufs, void *addr, uint32_t bytes, uint16_t number)
{
	/* Not the whole: the tail of the ring lies in the last member of the first. */
	struct io_uring_buf *buf = &bufs->ring[bufs->tail++ & bufs->mask];
	buf->addr = (uint64_t)(uintptr_t)addr;
	buf->len = bytes;
	buf->bid = number;
}

static inline void uring_bufs_publish(struct uring_bufs *bufs)
{
	__atomic_store_n(&bufs->ring[0].resv, bufs->tail, __ATOMIC_RELEASE);
}

static inline void uring_close(struct uring *ring)
{
	if (ring->sqes)
		munmap(ring->sqes, ring->sqes_bytes);
	if (ring->rings)
		munmap(ring->rings, ring->rings_bytes);
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct uring){.fd = -1};
}

static inline int uring_map(struct uring *ring, const struct io_uring_params *params)
{
	size_t sq_bytes = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
	size_t cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
	int prot = PROT_READ | PROT_WRITE;

	ring->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
	char *base =
		mmap(NULL, ring->rings_bytes, prot, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	if (base == MAP_FAILED)
		return -errno;
	ring->rings = base;
	ring->sqes_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
	void *sqes = mmap(NULL, ring->sqes_bytes, prot, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (sqes == MAP_FAILED)
		return -errno;
	ring->sqes = sqes;

	ring->sq_head = (uint32_t *)(base + params->sq_off.head);
	ring->sq_tail = (uint32_t *)(base + params->sq_off.tail);
	ring->sq_flags = (uint32_t *)(base + params->sq_off.flags);
	ring->sq_entries = params->sq_entries;
	ring->sq_mask = *(uint32_t *)(base + params->sq_off.ring_mask);
	ring->cq_head = (uint32_t *)(base + params->cq_off.head);
	ring->cq_tail = (uint32_t *)(base + params->cq_off.tail);
	ring->cq_dropped = (uint32_t *)(base + params->cq_off.overflow);
	ring->cq_entries = params->cq_entries;
	ring->cq_mask = *(uint32_t *)(base + params->cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(base + params->cq_off.cqes);
	/* The SQ is an array of indexes into the SQEs; ours stay in order, so it is filled once. */
	uint32_t *array = (uint32_t *)(base + params->sq_off.array);
	for (uint32_t i = 0; i < params->sq_entries && !(params->flags & IORING_SETUP_NO_SQARRAY); i++)
		array[i] = i;
	return 0;
}

/*
 * Makes a ring with the first of the flag sets that this kernel knows (it answers EINVAL to flags
 * newer than itself). wanted holds what the flags refer to: cq_entries, sq_thread_idle, sq_thread_cpu.
 * Returns 0 or -errno; -EOPNOTSUPP: no IORING_FEAT_SINGLE_MMAP, so a kernel before 5.4.
 */
static inline int uring_setup(struct uring *ring, uint32_t sq_entries, const struct io_uring_params *wanted,
			      const uint32_t *flag_sets, uint32_t sets)
{
	struct io_uring_params params;
	int error = -EINVAL;

	*ring = (struct uring){.fd = -1};
	for (uint32_t i = 0; i < sets && error == -EINVAL; i++) {
		params = *wanted;
		params.flags = flag_sets[i];
		ring->fd = (int)syscall(SYS_io_uring_setup, sq_entries, &params);
		error = ring->fd < 0 ? -errno : 0;
	}
	if (error < 0)
		return error;
	ring->enter_fd = ring->fd;
	ring->setup_flags = params.flags;
	ring->features = params.features;
	error = params.features & IORING_FEAT_SINGLE_MMAP ? uring_map(ring, &params) : -EOPNOTSUPP;
	if (error < 0)
		uring_close(ring);
	return error;
}

/* What the kernel says of its operations. */
union uring_ops {
	struct io_uring_probe header;
	char bytes[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
};

/* 0 or -errno: -EINVAL before 5.6, -EPERM or so where io_uring_register itself is refused. */
static inline int uring_ask_ops(const struct uring *ring, union uring_ops *ops)
{
	memset(ops, 0, sizeof(*ops));
	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, ops, 256) < 0 ? -errno : 0;
}

/* Whether the kernel knows an operation: IORING_OP_*. */
static inline bool uring_knows(const union uring_ops *ops, uint8_t op)
{
	return op <= ops->header.last_op && (ops->header.ops[op].flags & IO_URING_OP_SUPPORTED);
}

/* How many more SQEs can be queued before a submit. */
static inline uint32_t uring_sq_space(struct uring *ring)
{
	return ring->sq_entries - (ring->sqe_tail - ring->head_seen);
}

/* Looks at what the kernel has taken meanwhile; uring_sq_space is exact after it. */
static inline uint32_t uring_sq_refresh(struct uring *ring)
{
	ring->head_seen = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
	return uring_sq_space(ring);
}

/* The next SQE, zeroed and queued; the caller fills it before the next submit. NULL: the SQ is full. */
static inline struct io_uring_sqe *uring_sqe(struct uring *ring)
{
	if (uring_sq_space(ring) == 0 && uring_sq_refresh(ring) == 0)
		return NULL;
	struct io_uring_sqe *sqe = &ring->sqes[ring->sqe_tail++ & ring->sq_mask];
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/*
 * Counts CQ overflows: one each time that a submit finds CQEs held back until there is room, and one
 * for each CQE that was dropped for want of memory (the kernel's own count is of these alone).
 */
static inline void uring_count_overflows(struct uring *ring, struct counters_slot *slot, uint32_t sq_flags)
{
	uint32_t dropped = __atomic_load_n(ring->cq_dropped, __ATOMIC_RELAXED);
	uint32_t overflows = dropped - ring->dropped_seen + !!(sq_flags & IORING_SQ_CQ_OVERFLOW);
	ring->dropped_seen = dropped;
	if (overflows)
		count_add(slot, COUNT_CQ_OVERFLOWS, overflows);
}

/* 0 or -errno: -ETIME where a wait of min_wait_us ends an hour later with nothing. */
static inline int uring_enter(struct uring *ring, struct counters_slot *slot, uint32_t to_submit,
			      uint32_t wait_for, uint32_t flags)
{
	/* Without an end of its own, the wait would end after min_wait_us with no CQE at all. */
	static const struct __kernel_timespec hour = {.tv_sec = 3600};
	struct io_uring_getevents_arg arg = {.min_wait_usec = ring->min_wait_us,
					     .ts = (uint64_t)(uintptr_t)&hour};
	void *extra = NULL;
	size_t extra_bytes = 0;

	if (ring->min_wait_us && wait_for > 1) {
		flags |= IORING_ENTER_EXT_ARG;
		extra = &arg;
		extra_bytes = sizeof(arg);
	}
	int done = sys_io_uring_enter(slot, ring->enter_fd, to_submit, wait_for, flags | ring->enter_flags,
				      extra, extra_bytes);
	return done < 0 ? -errno : 0;
}

/*
 * Gives the kernel what was queued and the CQEs' places that were read, and waits until at least
 * wait_for CQEs are there; 0 does not wait. Without SQPOLL that is one io_uring_enter. With SQPOLL
 * it is one only if there is something to wait for, if the SQ thread sleeps or if CQEs are held back
 * for want of room. Returns 0 or -errno: -EINTR and -EAGAIN are to be called again, -EBUSY as well
 * once the CQEs that are there are read, -EBADR says that CQEs were lost.
 */
static inline int uring_submit(struct uring *ring, struct counters_slot *slot, uint32_t wait_for)
{
	uint32_t enter_flags = wait_for ? IORING_ENTER_GETEVENTS : 0, to_submit = 0, sq_flags;

	__atomic_store_n(ring->cq_head, ring->cqe_head, __ATOMIC_RELEASE);
	if (ring->setup_flags & IORING_SETUP_SQPOLL) {
		/* Sequentially consistent both: no load of the flags from before the store. */
		__atomic_store_n(ring->sq_tail, ring->sqe_tail, __ATOMIC_SEQ_CST);
		sq_flags = __atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST);
		if (sq_flags & IORING_SQ_NEED_WAKEUP && uring_sq_refresh(ring) < ring->sq_entries)
			enter_flags |= IORING_ENTER_SQ_WAKEUP;
	} else {
		__atomic_store_n(ring->sq_tail, ring->sqe_tail, __ATOMIC_RELEASE);
		sq_flags = __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED);
		to_submit = ring->sq_entries - uring_sq_refresh(ring);
	}
	uring_count_overflows(ring, slot, sq_flags);
	if (sq_flags & IORING_SQ_CQ_OVERFLOW)
		enter_flags |= IORING_ENTER_GETEVENTS;
	if (!to_submit && !enter_flags)
		return 0;
	return uring_enter(ring, slot, to_submit, wait_for, enter_flags);
}

/* SQPOLL: waits until the SQ thread has taken SQEs, so that the SQ is not full (5.10). */
static inline int uring_wait_sq(struct uring *ring, struct counters_slot *slot)
{
	uint32_t flags = IORING_ENTER_SQ_WAIT;
	if (__atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) & IORING_SQ_NEED_WAKEUP)
		flags |= IORING_ENTER_SQ_WAKEUP;
	return uring_enter(ring, slot, 0, 0, flags);
}

/* How many CQEs are there to read. */
static inline uint32_t uring_ready(const struct uring *ring)
{
	return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - ring->cqe_head;
}

/* Takes the next CQE, only if uring_ready said that there is one. It is valid until the next submit. */
static inline const struct io_uring_cqe *uring_cqe(struct uring *ring)
{
	return &ring->cqes[ring->cqe_head++ & ring->cq_mask];
}

/* For loops that wait for the CQ: yields the core to its sibling thread. */
static inline void uring_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
