/*
 * mmap_file - the file as memory: what is not there yet is brought by a page fault.
 *
 * Loop:    memcpy out of or into a shared mapping, and msync of what was written where the job wants it.
 * Kernel:  1.0. No call is made for what is in the page cache already, but every first touch of a page is a
 *          fault; MADV_RANDOM keeps the kernel from reading ahead of random ones.
 * An error of the disk, or a file that has become shorter, arrives as SIGBUS.
 * Left out: huge pages, MAP_POPULATE (it would read all before the first operation).
 * By hand: mmap_file --file=/tmp/x --file-bytes=16777216 --block-bytes=4096 --lay-out
 */
#include <sys/mman.h>

#include "../job/bus.h"
#include "../job/calls.h"
#include "../job/program.h"

struct loop {
	struct conductor conductor;
	char *map;
	sigjmp_buf broken;
};

static int64_t transfer(struct loop *loop, const struct job *job, const struct op *op)
{
	uint32_t bytes = job->config->block_bytes;
	char *at = loop->map + op->offset;

	if (op->is_write)
		memcpy(at, op->buffer, bytes);
	else
		memcpy(op->buffer, at, bytes);
	if (!op->wants_sync)
		return bytes;
	int64_t synced = sys_msync(job->slot, at, bytes);
	return synced < 0 ? synced : bytes;
}

static void open_map(struct loop *loop, struct job *job)
{
	const struct job_config *config = job->config;

	if (config->depth > 1)
		die_usage("--depth=%u: a thread that touches memory waits for one page at a time",
			  config->depth);
	if (config->cache == JOB_DIRECT)
		die_usage("--cache=direct: a mapping is of the page cache");
	if (config->action == JOB_APPEND)
		die_usage("--action=append: a mapping cannot grow the file");
	loop->map = mmap(NULL, config->file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, job->fd, 0);
	if (loop->map == MAP_FAILED)
		die("mmap(%s)", config->path);
	if (config->random && madvise(loop->map, config->file_bytes, MADV_RANDOM) < 0)
		die("madvise(MADV_RANDOM)");
	bus_open();
}

static void run(struct loop *loop, struct job *job)
{
	struct op *op;

	if (sigsetjmp(loop->broken, 1)) {
		op = &job->ops[0];
		job_fail(job, "%s at %llu of %s: SIGBUS: the disk failed, or the file has become shorter",
			 op->is_write ? "write" : "read", (unsigned long long)op->offset, job->config->path);
		job_done(job, op, -EIO);
		return;
	}
	bus_guard(&loop->broken);
	while ((op = job_next(job, 0)))
		job_done(job, op, transfer(loop, job, op));
	bus_guard(NULL);
	/* What is mapped cannot be dropped from the page cache. */
	if (job->config->cache == JOB_COLD)
		(void)madvise(loop->map, job->config->file_bytes, MADV_DONTNEED);
}

FILE_PROGRAM("mmap_file", "", NULL, .open = open_map, .run = run)
