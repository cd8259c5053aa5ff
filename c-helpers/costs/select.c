/*
 * select.c - the same by select, and one descriptor alone that has a high number. By the raw call: the C
 * library's FD_SET ends at 1024, the kernel does not.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../costlib/watch.h"

#define BITS_PER_WORD (8 * sizeof(unsigned long))

struct state {
	unsigned long *asked, *set;
	size_t bytes;
	int highest;
	int own, alone; /* an eventfd and the duplicate of it that has the number; 0: none */
};

static void add(struct state *state, int fd)
{
	state->asked[(size_t)fd / BITS_PER_WORD] |= 1ul << ((size_t)fd % BITS_PER_WORD);
}

static bool make_sets(struct bench *bench, int highest)
{
	struct state *state = bench->state;
	size_t words = (size_t)highest / BITS_PER_WORD + 1;

	state->highest = highest;
	state->bytes = words * sizeof(unsigned long);
	state->asked = calloc(words, sizeof(unsigned long));
	state->set = calloc(words, sizeof(unsigned long));
	return (state->asked && state->set) || bench_fail(bench, "calloc(fd_set)");
}

static bool prepare_many(struct bench *bench)
{
	struct state *state = bench->state;
	uint32_t count = bench->cost->descriptors;
	int highest = 0;

	for (uint32_t i = 0; i < count; i++)
		highest = bench->pool[i] > highest ? bench->pool[i] : highest;
	if (!make_sets(bench, highest))
		return false;
	for (uint32_t i = 0; i < count; i++)
		add(state, bench->pool[i]);
	return pool_raise(bench, count - 1);
}

/* How far above the wanted number the one that is free may lie. */
#define NUMBERS_TAKEN_MAX 64

/* Without the pool: its thousands of descriptors would have taken the low numbers. */
static bool prepare_one(struct bench *bench)
{
	struct state *state = bench->state;
	int wanted = (int)bench->cost->arg;

	state->own = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (state->own < 0)
		return bench_fail(bench, "eventfd");
	/* Where another file has that number, the next one above it is as good. */
	state->alone = fcntl(state->own, F_DUPFD_CLOEXEC, wanted);
	if (state->alone < 0 && errno == EINVAL)
		return bench_unsupported(bench, "fcntl(F_DUPFD, %d): RLIMIT_NOFILE is lower: ulimit -n",
					 wanted);
	if (state->alone < 0)
		return bench_fail(bench, "fcntl(F_DUPFD)");
	if (state->alone > wanted + NUMBERS_TAKEN_MAX)
		return bench_unsupported(bench, "the numbers from %d to %d are taken", wanted,
					 state->alone - 1);
	if (!make_sets(bench, state->alone))
		return false;
	add(state, state->alone);
	return true;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (bench->cost->descriptors > 0)
		pool_lower(bench, bench->cost->descriptors - 1);
	if (state->alone > 0)
		close(state->alone);
	if (state->own > 0)
		close(state->own);
	free(state->asked);
	free(state->set);
}

/* The copy is part of it: select writes over what it is given. */
static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	{
		memcpy(state->set, state->asked, state->bytes);
		long n = syscall(SYS_pselect6, state->highest + 1, state->set, NULL, NULL, NULL, NULL);
		if (n != 1) {
			bench_wrong(bench, "select: %ld, expected 1", n);
			return;
		}
	}
}

#define COMMON                                                                                               \
	.group = "wait", .unit = "call", .state_bytes = sizeof(struct state), .run = run, .finish = finish
#define SELECT(count, words)                                                                                 \
	{                                                                                                    \
		COMMON, .id = "select-" #count, .title = "select of " words, .descriptors = count,           \
			.measures = "pselect6(2) of eventfds without a timeout, the last of them ready; "    \
				    "with the copy of the set",                                              \
			.prepare = prepare_many                                                              \
	}
#define HIGHEST(number, words)                                                                               \
	{                                                                                                    \
		COMMON, .id = "select-highest-" #number, .title = "select of one with the number " words,    \
			.arg = number,                                                                       \
			.measures = "pselect6(2) of one descriptor that is ready and has this number; with " \
				    "the copy of the set",                                                   \
			.prepare = prepare_one                                                               \
	}

COSTS(SELECT(1, "1"), SELECT(10, "10"), SELECT(100, "100"), SELECT(1000, "1,000"), SELECT(10000, "10,000"),
      SELECT(18000, "18,000"), HIGHEST(64, "64"), HIGHEST(1000, "1,000"), HIGHEST(18000, "18,000"));
