/*
 * file_check.c - see file_check.h. Blocks that lie near each other are read by one call, and several calls
 * are under way at once: one after the other, thousands of small reads of a device would take longer than
 * what is measured.
 */
#include "file_check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../load/random.h"
#include "../server/net.h"

#define CHECKERS 8u
#define RUN_BYTES (FILE_SCRATCH_BYTES / CHECKERS)
#define RUN_BLOCKS (RUN_BYTES / BLOCK_BYTES)
/* Blocks between two that are to be checked which cost less to read than another call does. */
#define GAP_BLOCKS 8u
#define WORD_BITS 64u

struct check {
	struct file *file;
	uint64_t *marked; /* a bit for each block of the file that is to be checked */
	uint64_t blocks;
	pthread_mutex_t mutex; /* of what follows */
	uint64_t next;	       /* block */
	uint64_t checked;
	bool whole;
	char *why;
};

/* Blocks that are read by one call: the first and the last are marked. */
struct run {
	uint64_t first, count;
};

static bool is_marked(const struct check *check, uint64_t block)
{
	return check->marked[block / WORD_BITS] >> (block % WORD_BITS) & 1;
}

/* True: it was not, before. */
static bool mark(struct check *check, uint64_t block)
{
	bool is_new = !is_marked(check, block);

	check->marked[block / WORD_BITS] |= 1ull << (block % WORD_BITS);
	return is_new;
}

static void mark_drawn(struct check *check, uint64_t count, uint64_t seed)
{
	uint64_t state = seed;

	if (count >= check->blocks) {
		for (uint64_t block = 0; block < check->blocks; block++)
			(void)mark(check, block);
		return;
	}
	while (count > 0)
		count -= mark(check, random_next(&state) % check->blocks);
}

static void mark_written(struct check *check)
{
	const struct file *file = check->file;

	for (uint64_t block = 0; block < check->blocks && block < file->blocks; block++)
		if (file->generations[block])
			(void)mark(check, block);
}

/* False: there is no more, or one is wrong already. */
static bool take_run(struct check *check, struct run *run)
{
	pthread_mutex_lock(&check->mutex);
	uint64_t block = check->next, end = check->blocks;
	while (block < end && !is_marked(check, block))
		block++;
	run->first = block;
	run->count = 0;
	for (; block < end && block < run->first + RUN_BLOCKS; block++) {
		if (is_marked(check, block))
			run->count = block + 1 - run->first;
		else if (block - run->first - run->count >= GAP_BLOCKS)
			break;
	}
	check->next = run->first + run->count;
	bool is_taken = check->whole && run->count > 0;
	pthread_mutex_unlock(&check->mutex);
	return is_taken;
}

__attribute__((format(printf, 2, 3))) static void find_wrong(struct check *check, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&check->mutex);
	if (check->whole) {
		va_start(args, format);
		(void)vsnprintf(check->why, CONDUCT_MESSAGE_BYTES, format, args);
		va_end(args);
	}
	check->whole = false;
	pthread_mutex_unlock(&check->mutex);
}

/* Returns the bytes of whole blocks that there are. */
static size_t read_run(struct check *check, const struct run *run, uint8_t *to)
{
	size_t wanted = (size_t)run->count * BLOCK_BYTES, done = 0;

	while (done < wanted) {
		uint64_t at = run->first * BLOCK_BYTES + done;
		ssize_t n = pread(check->file->check_fd, to + done, wanted - done, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			find_wrong(check, "reading %zu bytes at %llu of %s: %s", wanted - done,
				   (unsigned long long)at, check->file->config->path, strerror(errno));
		if (n < (ssize_t)BLOCK_BYTES)
			break;
		done += (size_t)n - (size_t)n % BLOCK_BYTES;
	}
	return done;
}

static bool check_block(struct check *check, uint64_t block, const uint8_t *bytes)
{
	const struct file *file = check->file;
	const char *path = file->config->path;
	uint64_t offset = block * BLOCK_BYTES;
	uint64_t written = block < file->blocks ? file->generations[block] & ~FILE_BUSY : 0;

	if (!block_is_whole(bytes, offset))
		find_wrong(check, "the block at %llu of %s is not whole", (unsigned long long)offset, path);
	else if (written && block_generation(bytes) != written)
		find_wrong(check, "the block at %llu of %s is of writing %llu, and the last was %llu",
			   (unsigned long long)offset, path, (unsigned long long)block_generation(bytes),
			   (unsigned long long)written);
	else
		return true;
	return false;
}

static uint64_t check_run(struct check *check, const struct run *run, uint8_t *buffer)
{
	uint64_t there = read_run(check, run, buffer) / BLOCK_BYTES, checked = 0;

	for (uint64_t i = 0; i < run->count; i++) {
		uint64_t block = run->first + i;

		if (!is_marked(check, block))
			continue;
		if (i >= there) {
			find_wrong(check, "the block at %llu of %s: the file ends before it",
				   (unsigned long long)block * BLOCK_BYTES, check->file->config->path);
			break;
		}
		if (!check_block(check, block, buffer + i * BLOCK_BYTES))
			break;
		checked++;
	}
	return checked;
}

struct checker {
	pthread_t thread;
	struct check *check;
	uint8_t *buffer; /* RUN_BYTES, aligned */
};

static void *check_runs(void *argument)
{
	struct checker *checker = argument;
	struct check *check = checker->check;
	uint64_t checked = 0;
	struct run run;

	while (take_run(check, &run))
		checked += check_run(check, &run, checker->buffer);
	pthread_mutex_lock(&check->mutex);
	check->checked += checked;
	pthread_mutex_unlock(&check->mutex);
	return NULL;
}

/* On this thread, and on others as far as there may be any: the main one alone handles signals. */
static void check_marked(struct check *check)
{
	struct checker checkers[CHECKERS];
	uint32_t started = 0;
	sigset_t all, before;

	for (uint32_t i = 0; i < CHECKERS; i++)
		checkers[i] =
			(struct checker){.check = check, .buffer = check->file->scratch + i * RUN_BYTES};
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < CHECKERS - 1 &&
	       pthread_create(&checkers[started].thread, NULL, check_runs, &checkers[started]) == 0)
		started++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)check_runs(&checkers[CHECKERS - 1]);
	for (uint32_t i = 0; i < started; i++)
		(void)pthread_join(checkers[i].thread, NULL);
}

uint64_t file_check(struct file *file, uint64_t count, uint64_t seed, bool *whole, char *why)
{
	struct check check = {.file = file, .blocks = file->blocks, .whole = true, .why = why};

	if (file->config->action == JOB_APPEND)
		check.blocks = file->append_end / BLOCK_BYTES;
	*whole = true;
	if (check.blocks == 0)
		return 0;
	size_t words = (size_t)((check.blocks + WORD_BITS - 1) / WORD_BITS);
	check.marked = net_slab(words, sizeof(*check.marked));
	pthread_mutex_init(&check.mutex, NULL);
	/* Drawn first: there may be no block left that is not written. */
	mark_drawn(&check, count, seed);
	mark_written(&check);
	check_marked(&check);
	pthread_mutex_destroy(&check.mutex);
	(void)munmap(check.marked, words * sizeof(*check.marked));
	*whole = check.whole;
	return check.checked;
}
