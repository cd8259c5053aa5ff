#include <string.h>

#include "pattern.h"
#include "random.h"

/* Any step but a multiple of the (prime) period visits every phase; this one scatters neighbours. */
#define PHASE_STEP 40503u

void pattern_fill(struct pattern *p, uint64_t seed)
{
	uint64_t state = seed;

	for (uint32_t i = 0; i < PATTERN_PERIOD; i++)
		p->table[i] = (uint8_t)(random_next(&state) >> 56);
	/* The first chunk again; it is longer than the period, so byte by byte from the start. */
	for (uint32_t i = PATTERN_PERIOD; i < PATTERN_TABLE_BYTES; i++)
		p->table[i] = p->table[i - PATTERN_PERIOD];
}

uint32_t pattern_phase(uint64_t nth)
{
	return (uint32_t)(nth % PATTERN_PERIOD * PHASE_STEP % PATTERN_PERIOD);
}
