/*
 * preadv2_nowait - reads what is in the page cache at once, and hands over to a thread what is not.
 *
 * Loop:    preadv2 with RWF_NOWAIT; where it says EAGAIN or reads a part, the read goes to a pool of as many
 *          threads as there are to be operations in flight, which wait for the disk.
 * Kernel:  4.14 (RWF_NOWAIT of buffered reads).
 * Reads only: a write with RWF_NOWAIT may have to be handed over in any state of the cache.
 * By hand: preadv2_nowait --file=/tmp/x --file-bytes=16777216 --block-bytes=4096 --lay-out
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "../job/calls.h"
#include "../job/program.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* 4.14 */
#endif
#define STACK_BYTES (64u * 1024u)

/* A queue of operations, as long as there can be any. */
struct line {
	uint32_t slots[JOB_DEPTH_MAX];
	uint32_t first, length;
};

struct loop {
	struct conductor conductor;
	struct job *job;
	pthread_mutex_t mutex;
	pthread_cond_t has_work, has_results;
	struct line work, results;
	bool is_free[JOB_DEPTH_MAX];
	uint32_t ended[JOB_DEPTH_MAX];
};

static void push(struct line *line, uint32_t slot)
{
	line->slots[(line->first + line->length++) % JOB_DEPTH_MAX] = slot;
}

static uint32_t pop(struct line *line)
{
	uint32_t slot = line->slots[line->first];

	line->first = (line->first + 1) % JOB_DEPTH_MAX;
	line->length--;
	return slot;
}

static void *helper_main(void *argument)
{
	struct loop *loop = argument;
	const struct job *job = loop->job;
	struct counters_slot *slot_of_counters = counters_slot_take();

	pthread_mutex_lock(&loop->mutex);
	for (;;) {
		while (!loop->work.length)
			pthread_cond_wait(&loop->has_work, &loop->mutex);
		uint32_t slot = pop(&loop->work);
		pthread_mutex_unlock(&loop->mutex);
		struct op *op = &job->ops[slot];
		op->result = sys_pread(slot_of_counters, job->fd, op->buffer, job->config->block_bytes,
				       op->offset);
		pthread_mutex_lock(&loop->mutex);
		push(&loop->results, slot);
		pthread_cond_signal(&loop->has_results);
	}
	return NULL;
}

static void hand_over(struct loop *loop, uint32_t slot)
{
	pthread_mutex_lock(&loop->mutex);
	push(&loop->work, slot);
	pthread_cond_signal(&loop->has_work);
	pthread_mutex_unlock(&loop->mutex);
	loop->is_free[slot] = false;
}

/* Until it has to be waited for, or the phase is over. */
static void read_at_once(struct loop *loop, struct job *job, uint32_t slot)
{
	struct op *op;

	while ((op = job_next(job, slot))) {
		uint64_t before_ns = job->now_ns;
		int64_t n = sys_preadv2(job->slot, job->fd, op->buffer, job->config->block_bytes, op->offset,
					RWF_NOWAIT);
		job_clock(job);
		job_submitted(job, job->now_ns - before_ns, 1);
		if (n == -EAGAIN || (n > 0 && n < (int64_t)job->config->block_bytes)) {
			hand_over(loop, slot);
			return;
		}
		job_ended(job, op, n);
	}
}

/* Condition variables end no wait for a signal. */
static void wait_a_while(struct loop *loop)
{
	struct timespec until;

	if (clock_gettime(CLOCK_MONOTONIC, &until) < 0)
		die("clock_gettime");
	until.tv_sec += 1;
	(void)pthread_cond_timedwait(&loop->has_results, &loop->mutex, &until);
}

/* False: none comes any more. */
static bool take_results(struct loop *loop, struct job *job)
{
	uint32_t ended = 0;

	pthread_mutex_lock(&loop->mutex);
	while (!loop->results.length && !job_is_stuck(job))
		wait_a_while(loop);
	for (; loop->results.length; ended++)
		loop->ended[ended] = pop(&loop->results);
	pthread_mutex_unlock(&loop->mutex);
	job_clock(job);
	for (uint32_t i = 0; i < ended; i++) {
		struct op *op = &job->ops[loop->ended[i]];
		loop->is_free[op->slot] = true;
		job_ended(job, op, op->result);
	}
	return ended > 0;
}

static void open_pool(struct loop *loop, struct job *job)
{
	pthread_attr_t attributes;
	pthread_condattr_t monotonic;
	sigset_t all, before;

	if (job->config->action != JOB_READ)
		die_usage("it reads only");
	loop->job = job;
	pthread_mutex_init(&loop->mutex, NULL);
	pthread_cond_init(&loop->has_work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&loop->has_results, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (uint32_t i = 0; i < job->depth; i++) {
		pthread_t thread;
		loop->is_free[i] = true;
		errno = pthread_create(&thread, &attributes, helper_main, loop);
		if (errno)
			die("pthread_create(thread %u of %u)", i + 1, job->depth);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

static void run(struct loop *loop, struct job *job)
{
	for (;;) {
		for (uint32_t slot = 0; slot < job->depth; slot++)
			if (loop->is_free[slot])
				read_at_once(loop, job, slot);
		if (!job->in_flight || !take_results(loop, job))
			return;
	}
}

FILE_PROGRAM("preadv2_nowait", "", NULL, .open = open_pool, .run = run)
