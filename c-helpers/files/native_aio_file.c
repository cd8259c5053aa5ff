/*
 * native_aio_file - the kernel's own AIO on a file: reads and writes go in and come out by io_submit and
 * io_getevents.
 *
 * Loop:    io_submit of what is free, io_getevents of at least one, and again.
 * Kernel:  2.6; IOCB_CMD_FDSYNC 4.18. The context's size is taken out of fs.aio-max-nr.
 * Only O_DIRECT makes it asynchronous: a buffered read or write is done, and waited for, inside io_submit.
 * --refill=single  each operation that has ended is replaced by an io_submit of its own; batch: all of them
 *                  by one.
 * Left out: IOCB_FLAG_RESFD, reaping in user space.
 * By hand: native_aio_file --file=/tmp/x --file-bytes=16777216 --block-bytes=4096 --lay-out
 */
#include "../job/calls.h"
#include "../job/program.h"
#include "../server/limits.h"

#define AIO_MAX_NR "/proc/sys/fs/aio-max-nr"

struct loop {
	struct conductor conductor;
	aio_context_t context;
	struct iocb requests[JOB_DEPTH_MAX];
	struct iocb *queue[JOB_DEPTH_MAX];
	uint32_t queued;
	struct io_event events[JOB_DEPTH_MAX];
};

static void queue(struct loop *loop, const struct job *job, const struct op *op, uint16_t command)
{
	struct iocb *request = &loop->requests[op->slot];
	bool transfers = command != IOCB_CMD_FDSYNC;

	*request = (struct iocb){
		.aio_data = op->slot,
		.aio_lio_opcode = command,
		.aio_fildes = (uint32_t)job->fd,
		.aio_buf = transfers ? (uint64_t)(uintptr_t)op->buffer : 0,
		.aio_nbytes = transfers ? job->config->block_bytes : 0,
		.aio_offset = transfers ? (int64_t)op->offset : 0,
	};
	loop->queue[loop->queued++] = request;
}

/* io_submit may take a part, and none where the request at its head cannot be taken: then that one failed. */
static void submit(struct loop *loop, struct job *job)
{
	uint32_t taken = 0;
	uint64_t before_ns = job->now_ns;

	while (taken < loop->queued) {
		long n = sys_io_submit(job->slot, loop->context, loop->queued - taken, loop->queue + taken);
		if (n > 0) {
			taken += (uint32_t)n;
		} else if (errno == EINTR || errno == EAGAIN) {
			if (job_is_stuck(job))
				return;
		} else {
			struct op *op = &job->ops[loop->queue[taken]->aio_data];
			int error = errno;
			job_done(job, op, -error);
			taken++;
		}
	}
	job_submitted(job, job_clock(job) - before_ns, loop->queued);
	loop->queued = 0;
}

/* False: the phase is over. */
static bool issue(struct loop *loop, struct job *job, uint32_t slot)
{
	struct op *op = job_next(job, slot);

	if (op)
		queue(loop, job, op, op->is_write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD);
	return op;
}

static void on_event(struct loop *loop, struct job *job, const struct io_event *event)
{
	struct op *op = &job->ops[event->data];

	if (op->wants_sync && op->stage == 0 && event->res == (int64_t)job->config->block_bytes) {
		op->stage = 1;
		queue(loop, job, op, IOCB_CMD_FDSYNC);
		return;
	}
	job_ended(job, op, op->stage && event->res == 0 ? job->config->block_bytes : event->res);
	(void)issue(loop, job, op->slot);
}

static void reap(struct loop *loop, struct job *job)
{
	long n = sys_io_getevents(job->slot, loop->context, 1, job->depth, loop->events);

	if (n < 0 && errno != EINTR)
		die("io_getevents");
	job_clock(job);
	for (long i = 0; i < n; i++) {
		on_event(loop, job, &loop->events[i]);
		if (!job->config->batch)
			submit(loop, job);
	}
	submit(loop, job);
}

static void open_context(struct loop *loop, struct job *job)
{
	if (syscall(SYS_io_setup, job->depth, &loop->context) == 0)
		return;
	if (errno == EAGAIN)
		die_because("io_setup(%u): %s allows %llu requests to all processes together, and the others "
			    "have what is left of them: raise it, or lower --depth",
			    job->depth, AIO_MAX_NR, (unsigned long long)limit_in_file(AIO_MAX_NR));
	if (errno == ENOSYS)
		die_unsupported("kernel has no native AIO (ENOSYS)");
	die("io_setup(%u)", job->depth);
}

static void run(struct loop *loop, struct job *job)
{
	for (uint32_t slot = 0; slot < job->depth && issue(loop, job, slot); slot++)
		if (!job->config->batch)
			submit(loop, job);
	submit(loop, job);
	while (job->in_flight && !job_is_stuck(job))
		reap(loop, job);
}

FILE_PROGRAM("native_aio_file", "", NULL, .open = open_context, .run = run)
