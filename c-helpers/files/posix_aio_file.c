/*
 * posix_aio_file - POSIX AIO: the library's threads read and write, and wait.
 *
 * Loop:    aio_read or aio_write of what is free, aio_suspend until one has ended, aio_error of all.
 * Kernel:  none of it: glibc 2.1.91 or newer has a pool of threads, musl starts one for each operation. So it
 *          works on any file, and every operation costs the hand-over between two threads.
 * Files:   glibc serves the operations of a descriptor one after the other, by one thread. There is one where
 *          no operation waits for the disk, and half of those in flight are waited for: to be woken for each
 *          would cost more than to read. There is one for each slot where operations do wait.
 * --refill=single  each operation is handed over by a call of its own; batch: all of them by lio_listio.
 * Counters: the calls that the library makes are its own; audits see them.
 * By hand: posix_aio_file --file=/tmp/x --file-bytes=16777216 --block-bytes=4096 --lay-out
 */
#include <aio.h>
#include <fcntl.h>
#include <stdio.h>

#include "../job/calls.h"
#include "../job/program.h"

struct loop {
	struct conductor conductor;
	struct aiocb requests[JOB_DEPTH_MAX];
	const struct aiocb *waited[JOB_DEPTH_MAX]; /* NULL: free */
	struct aiocb *queue[JOB_DEPTH_MAX];
	uint32_t queued;
	bool in_order;			/* there is one descriptor */
	uint32_t issued[JOB_DEPTH_MAX]; /* slots, the oldest first, around the end */
	uint32_t oldest, waiting;
};

static void prepare(struct loop *loop, const struct job *job, const struct op *op)
{
	struct aiocb *request = &loop->requests[op->slot];
	int fd = request->aio_fildes;

	*request = (struct aiocb){
		.aio_fildes = fd,
		.aio_buf = op->buffer,
		.aio_nbytes = job->config->block_bytes,
		.aio_offset = (off_t)op->offset,
		.aio_lio_opcode = op->is_write ? LIO_WRITE : LIO_READ,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
	loop->queue[loop->queued++] = request;
	loop->waited[op->slot] = request;
	loop->issued[(loop->oldest + loop->waiting++) % JOB_DEPTH_MAX] = op->slot;
}

static int hand_over(struct loop *loop, const struct job *job)
{
	struct aiocb *request = loop->queue[0];

	if (job->config->batch)
		return lio_listio(LIO_NOWAIT, loop->queue, (int)loop->queued, NULL);
	return request->aio_lio_opcode == LIO_WRITE ? aio_write(request) : aio_read(request);
}

static void submit(struct loop *loop, struct job *job)
{
	uint64_t before_ns = job->now_ns;

	if (!loop->queued)
		return;
	/* Tried again, a list might be handed over twice in part. */
	if (hand_over(loop, job) < 0)
		die(job->config->batch ? "lio_listio" : "aio_read or aio_write");
	job_submitted(job, job_clock(job) - before_ns, loop->queued);
	loop->queued = 0;
}

/* False: the phase is over. */
static bool issue(struct loop *loop, struct job *job, uint32_t slot)
{
	struct op *op = job_next(job, slot);

	if (!op)
		return false;
	prepare(loop, job, op);
	if (!job->config->batch)
		submit(loop, job);
	return true;
}

/* True: it goes on with its fsync. */
static bool sync_follows(struct loop *loop, const struct job *job, struct op *op, int64_t result)
{
	struct aiocb *request = &loop->requests[op->slot];

	if (!op->wants_sync || op->stage || result != (int64_t)job->config->block_bytes)
		return false;
	op->stage = 1;
	request->aio_sigevent.sigev_notify = SIGEV_NONE;
	if (aio_fsync(O_DSYNC, request) < 0)
		die("aio_fsync");
	return true;
}

static void suspend(const struct aiocb *const *list, uint32_t length)
{
	if (aio_suspend(list, (int)length, NULL) < 0 && errno != EINTR && errno != EAGAIN)
		die("aio_suspend");
}

/* False: it has not ended. */
static bool reap_one(struct loop *loop, struct job *job, uint32_t slot)
{
	struct op *op = &job->ops[slot];
	struct aiocb *request = &loop->requests[slot];
	int error = aio_error(request);

	if (error == EINPROGRESS)
		return false;
	int64_t result = error ? -error : aio_return(request);
	if (sync_follows(loop, job, op, result))
		return true;
	loop->waited[slot] = NULL;
	loop->waiting--;
	loop->oldest = (loop->oldest + 1) % JOB_DEPTH_MAX;
	job_ended(job, op, op->stage && result == 0 ? job->config->block_bytes : result);
	(void)issue(loop, job, slot);
	return true;
}

/* What is issued meanwhile stands behind what is looked at. */
static void reap_in_order(struct loop *loop, struct job *job)
{
	uint32_t waiting = loop->waiting, middle = (loop->oldest + waiting / 2) % JOB_DEPTH_MAX;
	const struct aiocb *last = &loop->requests[loop->issued[middle]];

	if (aio_error(last) == EINPROGRESS)
		suspend(&last, 1);
	job_clock(job);
	while (waiting-- && reap_one(loop, job, loop->issued[loop->oldest]))
		;
}

static void reap_any(struct loop *loop, struct job *job)
{
	suspend(loop->waited, job->depth);
	job_clock(job);
	for (uint32_t slot = 0; slot < job->depth; slot++)
		if (loop->waited[slot])
			(void)reap_one(loop, job, slot);
}

static bool waits_for_disk(const struct job_config *config)
{
	return config->cache != JOB_WARM || (config->action != JOB_READ && config->action != JOB_WRITE);
}

static void open_pool(struct loop *loop, struct job *job)
{
#ifdef __GLIBC__
	struct aioinit init = {
		.aio_threads = (int)job->depth, .aio_num = (int)job->depth, .aio_idle_time = 60};
	aio_init(&init);
#endif
	loop->in_order = !waits_for_disk(job->config);
	for (uint32_t slot = 0; slot < job->depth; slot++) {
		int fd = loop->in_order ? job->fd : fcntl(job->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			die("fcntl(F_DUPFD_CLOEXEC)");
		loop->requests[slot].aio_fildes = fd;
	}
}

static void run(struct loop *loop, struct job *job)
{
	for (uint32_t slot = 0; slot < job->depth && issue(loop, job, slot); slot++)
		;
	submit(loop, job);
	while (job->in_flight && !job_is_stuck(job)) {
		if (loop->in_order)
			reap_in_order(loop, job);
		else
			reap_any(loop, job);
		submit(loop, job);
	}
}

FILE_PROGRAM("posix_aio_file", "", NULL, .open = open_pool, .run = run)
