/* random.h - a small seeded generator (splitmix64): the same seed gives the same load everywhere. */
#ifndef IOMB_RANDOM_H
#define IOMB_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Uniform in (0, 1]: never 0, so that its logarithm is finite. */
static inline double random_unit(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) + 1.0) * 0x1.0p-53;
}

#endif
