/*
 * core_cycle.c - one cycle of the core clock: exclusive ors of registers, each of which needs the one before.
 * Every core of x86-64 and arm64 takes one cycle for it, and none leaves it out (Agner Fog, Instruction
 * tables; Arm's Software Optimization Guides).
 */
#include "../costlib/cost.h"

/* Of a turn: enough to hide the loop, which runs beside the chain and adds nothing to it. */
#define CHAIN 1024

#if defined(__x86_64__)
#define STEP "xorl %1, %0\n\t"
#elif defined(__aarch64__)
#define STEP "eor %w0, %w0, %w1\n\t"
#endif

#ifdef STEP
#define STEPS4 STEP STEP STEP STEP
#define STEPS16 STEPS4 STEPS4 STEPS4 STEPS4
#define STEPS64 STEPS16 STEPS16 STEPS16 STEPS16

static void run(struct bench *bench, uint64_t turns)
{
	uint32_t value = 1, other = 3;
	(void)bench;
	TURNS(turns)
	for (int i = 0; i < CHAIN / 64; i++)
		__asm__ volatile(STEPS64 : "+r"(value) : "r"(other));
}
#else
static bool prepare(struct bench *bench)
{
	return bench_unsupported(bench, "no chain of instructions of this architecture is known");
}
#endif

COST(.id = "core-cycle", .group = "machine", .title = "cycle of the core clock",
     .measures = "a chain of dependent exclusive ors of registers, one cycle each: what ns are turned into "
		 "cycles by",
     .unit = "cycle", .per_turn = CHAIN,
#ifdef STEP
     .run = run
#else
     .prepare = prepare
#endif
);
