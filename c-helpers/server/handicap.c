#include "handicap.h"

#include <time.h>

#define NS_PER_S 1000000000ull
/* Some microseconds each, so that one of them is not interrupted; the fastest tells the CPU's speed. */
#define ROUNDS 200
#define ROUND_TURNS 4000u

uint32_t handicap_turns;

/* Every turn needs the one before it; the empty asm keeps the compiler from working it out. */
static void work(uint32_t turns)
{
	uint64_t value = turns;
	for (uint32_t turn = 0; turn < turns; turn++) {
		value = value * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" : "+r"(value));
	}
}

void handicap_work(void)
{
	work(handicap_turns);
}

/* The one clock of a server, read before it serves. */
static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void handicap_prepare(uint32_t handicap_ns)
{
	uint64_t fastest_ns = UINT64_MAX;
	if (handicap_ns == 0)
		return;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns();
		work(ROUND_TURNS);
		uint64_t took_ns = now_ns() - start;
		if (took_ns > 0 && took_ns < fastest_ns)
			fastest_ns = took_ns;
	}
	uint64_t turns = (uint64_t)handicap_ns * ROUND_TURNS / fastest_ns;
	handicap_turns = turns == 0 ? 1 : turns > UINT32_MAX ? UINT32_MAX : (uint32_t)turns;
}
