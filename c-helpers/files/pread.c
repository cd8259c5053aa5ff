/*
 * pread - the call that reads or writes, and waits until it is done.
 *
 * Loop:      pread or pwrite, and fdatasync where the job wants it, one after the other.
 * Kernel:    1.0 (pread64 2.2).
 * --threads  as many threads as there are to be operations in flight, each with such a loop. They sleep on a
 *            futex between the phases.
 * Left out:  lseek with read and write, which are two calls for one.
 * By hand:   pread --file=/tmp/x --file-bytes=16777216 --block-bytes=4096 --lay-out
 */
#include <pthread.h>

#include "../job/calls.h"
#include "../job/program.h"
#include "../job/team.h"

struct loop {
	struct conductor conductor;
	bool threads;
	struct team team;
};

static int64_t transfer(const struct job *job, const struct op *op)
{
	uint32_t bytes = job->config->block_bytes;

	if (!op->is_write)
		return sys_pread(job->slot, job->fd, op->buffer, bytes, op->offset);
	int64_t written = sys_pwrite(job->slot, job->fd, op->buffer, bytes, op->offset);
	if (written < 0 || !op->wants_sync)
		return written;
	int64_t synced = sys_fdatasync(job->slot, job->fd);
	return synced < 0 ? synced : written;
}

static void run_one(struct job *job)
{
	struct op *op;

	while ((op = job_next(job, 0)))
		job_done(job, op, transfer(job, op));
}

static bool option(struct loop *loop, const char *arg)
{
	loop->threads = !strcmp(arg, "--threads");
	return loop->threads;
}

static void open_team(struct loop *loop, struct job *job)
{
	if (loop->threads)
		team_open(&loop->team, job, run_one);
	else if (job->depth > 1)
		die_usage("--depth=%u wants --threads: one thread has one operation in flight", job->depth);
}

static void run(struct loop *loop, struct job *job)
{
	if (loop->threads)
		team_run(&loop->team, job);
	else
		run_one(job);
}

FILE_PROGRAM("pread", " [--threads]", option, .open = open_team, .run = run)
