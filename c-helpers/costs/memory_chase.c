/*
 * memory_chase.c - loads that each need the one before, from memory of this node and of another: what a miss
 * of all caches takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../costlib/cost.h"

/* More than caches and the TLB's reach, as far as that goes in a short time. */
#define BYTES (64ul << 20)
#define LINE_BYTES 64
#define LINES (BYTES / LINE_BYTES)
#define MPOL_BIND 2
#define NODES_MAX 64

struct line {
	struct line *next;
	char rest[LINE_BYTES - sizeof(void *)];
};

struct state {
	struct line *lines, *at;
};

/* The node of the CPU that this runs on, and another; -1: there is none. */
static bool find_node(struct bench *bench, bool is_remote, int *node)
{
	unsigned int cpu, here;
	char path[64];

	if (syscall(SYS_getcpu, &cpu, &here, NULL) < 0)
		return bench_fail(bench, "getcpu");
	*node = (int)here;
	if (!is_remote)
		return true;
	for (int other = 0; other < NODES_MAX; other++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", other);
		if (other != (int)here && access(path, F_OK) == 0) {
			*node = other;
			return true;
		}
	}
	return bench_unsupported(bench, "this machine has one NUMA node");
}

/* One cycle through all lines in a random order (Sattolo 1986). */
static bool link_lines(struct bench *bench)
{
	struct state *state = bench->state;
	uint32_t *order = malloc(LINES * sizeof(*order));
	uint64_t random = 88172645463325252ull;

	if (!order)
		return bench_fail(bench, "malloc(order)");
	for (uint32_t i = 0; i < LINES; i++)
		order[i] = i;
	for (uint32_t i = LINES - 1; i > 0; i--) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		uint32_t other = (uint32_t)(random % i), kept = order[i];
		order[i] = order[other];
		order[other] = kept;
	}
	for (uint32_t i = 0; i < LINES; i++)
		state->lines[order[i]].next = &state->lines[order[(i + 1) % LINES]];
	free(order);
	state->at = state->lines;
	return true;
}

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	unsigned long mask[NODES_MAX / (8 * sizeof(unsigned long))] = {0};
	bool is_remote = bench->cost->arg;
	int node = 0;

	if (!find_node(bench, is_remote, &node))
		return false;
	void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return bench_fail(bench, "mmap(64 MiB)");
	state->lines = memory;
	mask[0] = 1ul << node;
	/* Memory of this node is what a thread gets anyway. */
	if (is_remote && syscall(SYS_mbind, memory, BYTES, MPOL_BIND, mask, NODES_MAX + 1, 0) < 0)
		return bench_fail(bench, "mbind(MPOL_BIND)");
	return link_lines(bench);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->lines)
		munmap(state->lines, BYTES);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct line *at = state->at;
	TURNS(turns)
	{
		at = at->next;
		__asm__ volatile("" : "+r"(at));
	}
	state->at = at;
}

#define CHASE                                                                                                \
	.group = "memory", .unit = "load", .state_bytes = sizeof(struct state), .prepare = prepare,          \
	.run = run, .finish = finish

COSTS({CHASE, .id = "memory-chase-local", .title = "load from memory of this node",
       .measures =
	       "loads that each need the one before, in a random order through 64 MiB: misses of the caches, "
	       "and mostly of the TLB"},
      {CHASE, .id = "memory-chase-remote", .title = "load from memory of another node", .arg = 1,
       .measures = "the same through memory that is bound to another NUMA node"});
