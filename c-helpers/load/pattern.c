#include "pattern.h"
#include "random.h"

#define WORD_BYTES ((uint32_t)sizeof(uint64_t))
/* Any step but a multiple of the (prime) number of lines visits every line; this one scatters neighbours. */
#define LINE_STEP 403u

void pattern_fill(struct pattern *p, uint64_t seed)
{
	uint64_t state = seed;

	p->first = random_next(&state);
	p->step = random_next(&state) | 1;
	for (uint32_t i = 0; i < PATTERN_PERIOD / WORD_BYTES; i++) {
		uint64_t word = p->first + i * p->step;

		memcpy(p->table + (size_t)i * WORD_BYTES, &word, sizeof(word));
	}
	/* The first chunk again; it is longer than the period. */
	memcpy(p->table + PATTERN_PERIOD, p->table, PATTERN_PERIOD);
	memcpy(p->table + 2 * PATTERN_PERIOD, p->table, PATTERN_TABLE_BYTES - 2 * PATTERN_PERIOD);
#if defined(__x86_64__)
	p->wide = __builtin_cpu_supports("avx2");
#else
	p->wide = false;
#endif
}

uint32_t pattern_phase(uint64_t nth)
{
	uint32_t line = (uint32_t)(nth % PATTERN_LINES * LINE_STEP % PATTERN_LINES);

	return line * PATTERN_LINE_BYTES + (uint32_t)(nth / PATTERN_LINES % PATTERN_LINE_BYTES);
}

#if defined(__x86_64__)
typedef uint64_t words __attribute__((vector_size(32)));
typedef uint64_t words_anywhere __attribute__((vector_size(32), aligned(1), may_alias));

/* Whole lines of the table, none of them past its period. */
__attribute__((target("avx2"))) static bool equal_lines(const struct pattern *p, uint32_t word,
							const uint8_t *bytes, size_t lines)
{
	uint64_t at = p->first + word * p->step, step = p->step;
	words low = {at, at + step, at + 2 * step, at + 3 * step};
	words high = low + 4 * step, stride = (words){0} + 8 * step, differ = {0};

	for (size_t i = 0; i < lines; i++) {
		const words_anywhere *line = (const words_anywhere *)(bytes + i * PATTERN_LINE_BYTES);

		differ |= (line[0] ^ low) | (line[1] ^ high);
		low += stride;
		high += stride;
	}
	return (differ[0] | differ[1] | differ[2] | differ[3]) == 0;
}
#endif

bool pattern_equals_wide(const struct pattern *p, uint32_t at, const uint8_t *bytes, size_t count)
{
#if defined(__x86_64__)
	while (count >= PATTERN_LINE_BYTES) {
		uint32_t within = at % PATTERN_LINE_BYTES;
		size_t some = within ? PATTERN_LINE_BYTES - within : PATTERN_PERIOD - at;

		if (within) {
			if (memcmp(bytes, p->table + at, some) != 0)
				return false;
		} else {
			if (some > count)
				some = count / PATTERN_LINE_BYTES * PATTERN_LINE_BYTES;
			if (!equal_lines(p, at / WORD_BYTES, bytes, some / PATTERN_LINE_BYTES))
				return false;
		}
		at = (at + (uint32_t)some) % PATTERN_PERIOD;
		bytes += some;
		count -= some;
	}
#endif
	return memcmp(bytes, p->table + at, count) == 0;
}
