/* job.c - operations and their books; see job.h. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "../load/random.h"
#include "../server/net.h"
#include "file.h"

/* How often a loop that waits without end looks whether it waits for nothing. */
#define TICK_S 1

/* No more is issued from now on. */
static void end_window(struct job *job)
{
	job->issuing = false;
	job->ended_ns = job->now_ns;
	job->in_flight_at_end = job->in_flight;
}

void job_fail(struct job *job, const char *format, ...)
{
	va_list args;

	if (job->issuing)
		end_window(job);
	if (job->status != CONDUCT_OK)
		return;
	job->status = CONDUCT_FAILED;
	va_start(args, format);
	(void)vsnprintf(job->message, sizeof(job->message), format, args);
	va_end(args);
}

static void corrupt(struct job *job, const struct op *op, const char *what)
{
	job_fail(job, "the %s at %llu of %s is not what was written there", what,
		 (unsigned long long)op->offset, job->config->path);
	job->status = CONDUCT_CORRUPT;
}

static volatile sig_atomic_t has_ticked;

static void on_tick(int sig)
{
	(void)sig;
	has_ticked = 1;
}

void job_tick(void)
{
	const struct sigaction action = {.sa_handler = on_tick}; /* no SA_RESTART: waits end */
	const struct itimerval each = {.it_interval.tv_sec = TICK_S, .it_value.tv_sec = TICK_S};

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &each, NULL) < 0)
		die("setitimer");
}

bool job_is_stuck(struct job *job)
{
	if (!has_ticked)
		return false;
	has_ticked = 0;
	job_clock(job);
	if (job->in_flight == 0 || job->now_ns < job->last_end_ns + job->stall_ns)
		return false;
	job_fail(job, "%llu operations are in flight, and none has ended for %.3f s",
		 (unsigned long long)job->in_flight,
		 (double)(job->now_ns - job->last_end_ns) / (double)NS_PER_S);
	job->status = CONDUCT_STALLED;
	return true;
}

/* A write that lasts may be met by those that have gone through the whole file meanwhile. */
static bool is_busy(const struct job *job, uint64_t offset)
{
	return job->config->action != JOB_READ && job->file->generations[offset / BLOCK_BYTES] & FILE_BUSY;
}

static uint64_t draw_in_order(struct job *job, uint64_t all)
{
	uint64_t block;

	do {
		block = job->next_block;
		/* Issuers of one slot each go through the file side by side. */
		job->next_block += job->config->depth / job->depth;
		if (job->next_block >= all)
			job->next_block = job->first;
	} while (is_busy(job, block * job->config->block_bytes));
	return block;
}

/*
 * Each slot draws from blocks of its own (those that leave its number when divided by all slots), so that
 * no two operations in flight meet at a place and what a write leaves there is certain.
 */
static uint64_t draw(struct job *job, uint32_t slot)
{
	const struct job_config *config = job->config;
	uint64_t all = config->file_bytes / config->block_bytes, of_slot;

	if (!config->random)
		return draw_in_order(job, all);
	of_slot = (all - job->first - slot + config->depth - 1) / config->depth;
	uint64_t drawn = (uint64_t)((unsigned __int128)random_next(&job->random) * of_slot >> 64);
	return drawn * config->depth + job->first + slot;
}

/* False: the file is as long as it may become. */
static bool append_place(struct job *job, uint64_t *offset)
{
	struct file *file = job->file;
	uint64_t at = __atomic_load_n(&file->append_end, __ATOMIC_RELAXED), end;

	do {
		end = at + job->config->block_bytes;
		if (end > job->config->file_bytes)
			return false;
	} while (!__atomic_compare_exchange_n(&file->append_end, &at, end, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	*offset = at;
	return true;
}

static void stamp(struct job *job, struct op *op)
{
	struct file *file = job->file;
	uint64_t first = op->offset / BLOCK_BYTES;

	for (uint32_t at = 0; at < job->config->block_bytes; at += BLOCK_BYTES) {
		uint64_t block = first + at / BLOCK_BYTES;
		uint64_t sum = op->sums[at / BLOCK_BYTES];
		uint32_t generation = BLOCK_GENERATION_LAYOUT + 1;
		if (file->generations[block] >= generation)
			generation = file->generations[block] + 1;
		file->generations[block] = generation;
		block_stamp(op->buffer + at, op->offset + at, generation, sum);
	}
	file->generations[first] |= FILE_BUSY;
}

struct op *job_next(struct job *job, uint32_t slot)
{
	const struct job_config *config = job->config;
	struct op *op = &job->ops[slot];

	if (job->issuing && job->now_ns >= job->deadline_ns)
		end_window(job);
	if (job->issuing && config->action == JOB_APPEND && !append_place(job, &op->offset))
		end_window(job);
	if (!job->issuing)
		return NULL;
	if (config->action != JOB_APPEND)
		op->offset = draw(job, slot) * config->block_bytes;
	if (op->is_write)
		stamp(job, op);
	op->stage = 0;
	op->in_flight = true;
	op->begin_ns = job->now_ns;
	if (job->in_flight == 0)
		job->last_end_ns = job->now_ns;
	job->in_flight++;
	job->sent++;
	return op;
}

void job_submitted(struct job *job, uint64_t call_ns, uint32_t operations)
{
	if (!operations)
		return;
	uint64_t each_ns = call_ns / operations;
	struct histogram *submit = &job->submit;

	submit->bucket[histogram_index(each_ns)] += operations;
	submit->count += operations;
	submit->sum_ns += call_ns;
	if (each_ns < submit->min_ns)
		submit->min_ns = each_ns;
	if (each_ns > submit->max_ns)
		submit->max_ns = each_ns;
}

static void look_at(struct job *job, const struct op *op)
{
	const uint8_t *last = op->buffer + job->config->block_bytes - BLOCK_BYTES;

	job->blocks_seen++;
	if (!block_has_header(op->buffer, op->offset))
		corrupt(job, op, "header");
	else if (!block_has_header(last, op->offset + job->config->block_bytes - BLOCK_BYTES) ||
		 !block_has_tail(last, op->offset + job->config->block_bytes - BLOCK_BYTES))
		corrupt(job, op, "tail of the block");
}

void job_ended(struct job *job, struct op *op, int64_t result)
{
	static const char *const names[] = {"read", "write"};
	const char *name = names[op->is_write];

	op->in_flight = false;
	job->in_flight--;
	job->last_end_ns = job->now_ns;
	if (op->is_write)
		job->file->generations[op->offset / BLOCK_BYTES] &= ~FILE_BUSY;
	if (result < 0) {
		job_fail(job, "%s of %u bytes at %llu of %s: %s", name, job->config->block_bytes,
			 (unsigned long long)op->offset, job->config->path, strerror((int)-result));
		return;
	}
	if (result != (int64_t)job->config->block_bytes) {
		job_fail(job, "%s of %u bytes at %llu of %s: ended short after %lld%s", name,
			 job->config->block_bytes, (unsigned long long)op->offset, job->config->path,
			 (long long)result, op->is_write ? "" : ": the file has become shorter");
		return;
	}
	if (!op->is_write)
		look_at(job, op);
	if (!job->issuing)
		return;
	job->completed++;
	histogram_record(&job->response, job->now_ns - op->begin_ns);
}

void job_done(struct job *job, struct op *op, int64_t result)
{
	job_clock(job);
	job_ended(job, op, result);
}

void job_begin(struct job *job, uint64_t now, uint64_t ns, uint64_t stall_ns)
{
	job->issuing = job->status == CONDUCT_OK;
	job->now_ns = job->began_ns = job->last_end_ns = now;
	job->deadline_ns = now + ns;
	job->ended_ns = now;
	job->stall_ns = stall_ns;
	job->sent = job->completed = job->in_flight_at_end = job->blocks_seen = 0;
	job->cpu_ns = 0;
	histogram_reset(&job->response);
	histogram_reset(&job->submit);
}

/* A buffer holds a payload from the beginning, so that a write only stamps it. */
static void open_op(const struct job *job, struct op *op, uint32_t slot)
{
	const struct job_config *config = job->config;
	uint32_t blocks = config->block_bytes / BLOCK_BYTES;

	op->slot = slot;
	op->is_write = config->action != JOB_READ;
	op->wants_sync = config->action == JOB_APPEND || config->action == JOB_SYNCED;
	op->sums = net_slab(blocks, sizeof(*op->sums));
	for (uint32_t i = 0; i < blocks; i++) {
		uint8_t *block = op->buffer + (size_t)i * BLOCK_BYTES;
		block_fill(block, (uint64_t)(job->first + slot) * config->block_bytes + i, config->seed);
		op->sums[i] = block_payload_sum(block);
	}
}

void job_open(struct job *job, const struct job_config *config, struct file *file, struct counters_slot *slot)
{
	job->config = config;
	job->file = file;
	job->fd = file->fd;
	job->slot = slot;
	job->depth = config->depth;
	job->random = config->seed;
	job->ops = net_slab(job->depth, sizeof(*job->ops));
	/* One mapping, page-aligned: as O_DIRECT wants it, and registered as one. */
	job->buffers = net_slab(job->depth, config->block_bytes);
	for (uint32_t i = 0; i < job->depth; i++) {
		job->ops[i].buffer = job->buffers + (size_t)i * config->block_bytes;
		open_op(job, &job->ops[i], i);
	}
}

struct job *job_split(struct job *job)
{
	struct job *parts = net_slab(job->depth, sizeof(*parts));

	for (uint32_t i = 0; i < job->depth; i++) {
		parts[i] = *job;
		parts[i].depth = 1;
		parts[i].first = i;
		parts[i].next_block = i;
		parts[i].random = job->random + i;
		parts[i].ops = &job->ops[i];
		job->ops[i].slot = 0;
		parts[i].slot = counters_slot_take();
	}
	return parts;
}

void job_join(struct job *job, struct job *parts)
{
	job->ended_ns = job->began_ns;
	for (uint32_t i = 0; i < job->depth; i++) {
		struct job *part = &parts[i];
		if (part->ended_ns > job->ended_ns)
			job->ended_ns = part->ended_ns;
		job->sent += part->sent;
		job->completed += part->completed;
		job->in_flight_at_end += part->in_flight_at_end;
		job->blocks_seen += part->blocks_seen;
		job->cpu_ns += part->cpu_ns;
		histogram_merge(&job->response, &part->response);
		histogram_merge(&job->submit, &part->submit);
		if (job->status == CONDUCT_OK && part->status != CONDUCT_OK) {
			job->status = part->status;
			memcpy(job->message, part->message, sizeof(job->message));
		}
	}
	job->issuing = false;
}
