#include <assert.h>
#include <math.h>
#include <string.h>

#include "histogram.h"

_Static_assert(HISTOGRAM_BUCKETS == 3840, "the reader of the counts expects this layout");

void histogram_reset(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min_ns = UINT64_MAX;
}

uint64_t histogram_lower_ns(uint32_t index)
{
	assert(index < HISTOGRAM_BUCKETS);
	if (index < HISTOGRAM_EXACT)
		return index;
	uint32_t octave = (index - HISTOGRAM_EXACT) / HISTOGRAM_SUB;
	uint32_t sub = (index - HISTOGRAM_EXACT) % HISTOGRAM_SUB;
	uint32_t shift = octave + HISTOGRAM_EXPONENT_MIN - HISTOGRAM_SUB_BITS;
	return (uint64_t)(HISTOGRAM_SUB + sub) << shift;
}

uint64_t histogram_width_ns(uint32_t index)
{
	assert(index < HISTOGRAM_BUCKETS);
	if (index < HISTOGRAM_EXACT)
		return 1;
	uint32_t octave = (index - HISTOGRAM_EXACT) / HISTOGRAM_SUB;
	return 1ull << (octave + HISTOGRAM_EXPONENT_MIN - HISTOGRAM_SUB_BITS);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->bucket[i] += from->bucket[i];
	into->count += from->count;
	into->sum_ns += from->sum_ns;
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

uint64_t histogram_quantile_ns(const struct histogram *h, double q)
{
	if (h->count == 0)
		return 0;
	double exact_rank = ceil(q * (double)h->count);
	uint64_t rank = exact_rank < 1.0 ? 1 : (uint64_t)exact_rank;
	if (rank > h->count)
		rank = h->count;

	uint64_t seen = 0;
	uint32_t index = 0;
	while (index < HISTOGRAM_BUCKETS - 1 && (seen += h->bucket[index]) < rank)
		index++;
	/* What was clamped into the last bucket has no value but the largest. */
	if (index == HISTOGRAM_BUCKETS - 1 && h->max_ns >= histogram_lower_ns(index))
		return h->max_ns;
	uint64_t middle = histogram_lower_ns(index) + histogram_width_ns(index) / 2;
	if (middle < h->min_ns)
		return h->min_ns;
	return middle > h->max_ns ? h->max_ns : middle;
}
