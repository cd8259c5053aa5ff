/*
 * io_uring_file - reads and writes through the rings.
 *
 * Loop:    io_uring_enter, which submits what is queued and waits for one result; then all that there are.
 * Kernel:  5.6 (IORING_OP_READ, IORING_OP_WRITE).
 * --refill=single  each operation that has ended is replaced by a submit of its own; batch: all of them by
 * the call that waits.
 * --fixed          file and buffers are registered.
 * --taskrun=, --sqpoll  as in io_uring.c.
 * --iopoll         waits by polling the device (O_DIRECT only).
 * --sq-entries=N   room in the SQ; by default for all that can be in flight, so that it is never full.
 * A write that is to be synced is linked to its fsync: one submit for both, and the fsync is dropped where
 * the write fails or is short. By hand: io_uring_file --file=/tmp/x --file-bytes=16777216 --block-bytes=4096
 * --lay-out
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../job/calls.h"
#include "../job/program.h"
#include "../server/uring.h"

/* What an operation queues at most: a write and its fsync. */
#define SQES_PER_OP 2u
/* How often the program looks at an empty CQ before it sleeps, where a kernel thread takes the requests. */
#define SPINS_MAX 20000u

struct loop {
	struct conductor conductor;
	struct uring_wants wants;
	struct uring ring;
	bool fixed;
	uint32_t queued; /* operations since the last submit */
	uint32_t spins_max;
};

/* Room in the SQ: by the SQ thread, which is waited for, or by a submit. */
static void make_room(struct loop *loop, struct job *job, uint32_t sqes)
{
	while (uring_sq_space(&loop->ring) < sqes && uring_sq_refresh(&loop->ring) < sqes) {
		count(job->slot, COUNT_SQ_FULL);
		int error = uring_submit(&loop->ring, job->slot, 0);
		if (error == 0 && loop->wants.sqpoll && uring_sq_refresh(&loop->ring) < sqes)
			error = uring_wait_sq(&loop->ring, job->slot);
		if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) {
			errno = -error;
			die("io_uring_enter(for room in the SQ)");
		}
		if (job_is_stuck(job))
			die_because("%s", job->message);
	}
}

/* make_room was called. */
static struct io_uring_sqe *sqe_for(struct loop *loop, const struct job *job, const struct op *op)
{
	struct io_uring_sqe *sqe = uring_sqe(&loop->ring);

	sqe->fd = loop->fixed ? 0 : job->fd;
	sqe->flags = loop->fixed ? IOSQE_FIXED_FILE : 0;
	sqe->user_data = op->slot;
	return sqe;
}

static void queue(struct loop *loop, struct job *job, struct op *op)
{
	struct io_uring_sqe *sqe;

	/* Of both at once: a link ends where a submit does. */
	make_room(loop, job, op->wants_sync ? 2 : 1);
	sqe = sqe_for(loop, job, op);
	if (loop->fixed)
		sqe->opcode = op->is_write ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;
	else
		sqe->opcode = op->is_write ? IORING_OP_WRITE : IORING_OP_READ;
	sqe->addr = (uint64_t)(uintptr_t)op->buffer;
	sqe->len = job->config->block_bytes;
	sqe->off = op->offset;
	loop->queued++;
	if (!op->wants_sync)
		return;
	sqe->flags |= IOSQE_IO_LINK;
	sqe = sqe_for(loop, job, op);
	sqe->opcode = IORING_OP_FSYNC;
	sqe->fsync_flags = IORING_FSYNC_DATASYNC;
}

/* False: the phase is over. */
static bool issue(struct loop *loop, struct job *job, uint32_t slot)
{
	struct op *op = job_next(job, slot);

	if (op)
		queue(loop, job, op);
	return op;
}

/* Its time is that of the call only where it does not wait. */
static void submit(struct loop *loop, struct job *job, uint32_t wait_for)
{
	uint64_t before_ns = job->now_ns;
	int error = uring_submit(&loop->ring, job->slot, wait_for);

	if (error < 0 && error != -EINTR && error != -EAGAIN && error != -EBUSY) {
		errno = -error;
		die("io_uring_enter(wait for %u)", wait_for);
	}
	if (wait_for == 0 && loop->queued)
		job_submitted(job, job_clock(job) - before_ns, loop->queued);
	loop->queued = 0;
}

static void on_result(struct loop *loop, struct job *job, const struct io_uring_cqe *cqe)
{
	struct op *op = &job->ops[cqe->user_data];
	int64_t result = cqe->res;

	if (op->wants_sync && op->stage == 0) {
		op->stage = 1;
		/* What the write did; its fsync follows in any case, if only as cancelled. */
		op->result = result;
		return;
	}
	if (op->wants_sync)
		result = op->result == (int64_t)job->config->block_bytes && result < 0 ? result : op->result;
	job_ended(job, op, result);
	(void)issue(loop, job, op->slot);
	if (!job->config->batch && loop->queued)
		submit(loop, job, 0);
}

static void wait_for_results(struct loop *loop, struct job *job)
{
	/* What was done at once, inside the submit, needs no call to be waited for. */
	if (!loop->queued && uring_ready(&loop->ring))
		return;
	if (loop->wants.sqpoll) {
		submit(loop, job, 0);
		for (uint32_t i = 0; i < loop->spins_max && !uring_ready(&loop->ring); i++)
			uring_pause();
		if (uring_ready(&loop->ring))
			return;
	}
	submit(loop, job, 1);
}

static bool option(struct loop *loop, const char *arg)
{
	if (!strcmp(arg, "--fixed"))
		loop->fixed = true;
	else if (!strcmp(arg, "--iopoll"))
		loop->wants.iopoll = true;
	else if (!strncmp(arg, "--sq-entries=", 13))
		return (loop->wants.sq_entries = (uint32_t)strtoul(arg + 13, NULL, 10)) >= SQES_PER_OP;
	else
		return uring_option(&loop->wants, arg);
	return true;
}

static void register_all(struct loop *loop, struct job *job)
{
	struct iovec all = {.iov_base = job->buffers,
			    .iov_len = (size_t)job->depth * job->config->block_bytes};
	struct rlimit memlock = {0};

	if (syscall(SYS_io_uring_register, loop->ring.fd, IORING_REGISTER_FILES, &job->fd, 1) < 0)
		die("io_uring_register(FILES)");
	if (syscall(SYS_io_uring_register, loop->ring.fd, IORING_REGISTER_BUFFERS, &all, 1) == 0)
		return;
	if (errno != ENOMEM)
		die("io_uring_register(BUFFERS)");
	(void)getrlimit(RLIMIT_MEMLOCK, &memlock);
	die_because(
		"registering buffers of %zu KiB: no memory (ENOMEM); without CAP_IPC_LOCK they count as "
		"locked "
		"memory, of which RLIMIT_MEMLOCK allows %llu KiB: raise it with ulimit -l, or lower --depth",
		all.iov_len / 1024, (unsigned long long)memlock.rlim_cur / 1024);
}

static void open_ring(struct loop *loop, struct job *job)
{
	struct probe probe = {0};

	if (loop->wants.iopoll && job->config->cache != JOB_DIRECT)
		die_usage("--iopoll wants --cache=direct: only a device can be polled");
	if (!loop->wants.sq_entries)
		loop->wants.sq_entries = job->depth * SQES_PER_OP;
	loop->wants.cq_entries = job->depth * SQES_PER_OP;
	if (uring_open(&loop->ring, &loop->wants, &probe) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
	loop->spins_max = loop->wants.sqpoll && loop->conductor.cpus > 1 ? SPINS_MAX : 0;
	if (loop->fixed)
		register_all(loop, job);
}

static void run(struct loop *loop, struct job *job)
{
	for (uint32_t slot = 0; slot < job->depth && issue(loop, job, slot); slot++)
		if (!job->config->batch)
			submit(loop, job, 0);
	while (job->in_flight && !job_is_stuck(job)) {
		wait_for_results(loop, job);
		uint32_t ready = uring_ready(&loop->ring);
		if (ready)
			job_clock(job);
		for (; ready; ready--)
			on_result(loop, job, uring_cqe(&loop->ring));
	}
}

FILE_PROGRAM("io_uring_file",
	     " [--fixed] [--sqpoll] [--iopoll] [--sq-entries=N] [--taskrun=auto|default|coop|defer]", option,
	     .open = open_ring, .run = run)
