/*
 * histogram.h - a log-linear histogram of nanoseconds.
 *
 * Values below 256 have a bucket of their own. Above, every power of two is cut into 128 buckets,
 * so a bucket is never wider than 1/128 of its values: any value of the bucket is within 0.8 % of
 * any other. The last bucket ends at 2^36 ns = 68.7 s; what lies above is counted in it, and max
 * tells how far above. Histograms of the same layout merge by adding their counts.
 *
 * The same index formula is in the reader of these counts; change both or neither.
 */
#ifndef IOMB_HISTOGRAM_H
#define IOMB_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_EXACT 256u
#define HISTOGRAM_EXPONENT_MIN 8u
#define HISTOGRAM_EXPONENT_MAX 35u
#define HISTOGRAM_SUB_BITS 7u
#define HISTOGRAM_SUB (1u << HISTOGRAM_SUB_BITS)
#define HISTOGRAM_BUCKETS                                                                                    \
	(HISTOGRAM_EXACT + (HISTOGRAM_EXPONENT_MAX - HISTOGRAM_EXPONENT_MIN + 1) * HISTOGRAM_SUB)

struct histogram {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t min_ns; /* UINT64_MAX while empty */
	uint64_t max_ns;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_index(uint64_t value_ns)
{
	if (value_ns < HISTOGRAM_EXACT)
		return (uint32_t)value_ns;
	uint32_t exponent = 63u - (uint32_t)__builtin_clzll(value_ns);
	if (exponent > HISTOGRAM_EXPONENT_MAX)
		return HISTOGRAM_BUCKETS - 1;
	uint32_t sub = (uint32_t)(value_ns >> (exponent - HISTOGRAM_SUB_BITS)) - HISTOGRAM_SUB;
	return HISTOGRAM_EXACT + (exponent - HISTOGRAM_EXPONENT_MIN) * HISTOGRAM_SUB + sub;
}

static inline void histogram_record(struct histogram *h, uint64_t value_ns)
{
	h->bucket[histogram_index(value_ns)]++;
	h->count++;
	h->sum_ns += value_ns;
	if (value_ns < h->min_ns)
		h->min_ns = value_ns;
	if (value_ns > h->max_ns)
		h->max_ns = value_ns;
}

void histogram_reset(struct histogram *h);
/* The smallest value of a bucket, and how many values it holds. */
uint64_t histogram_lower_ns(uint32_t index);
uint64_t histogram_width_ns(uint32_t index);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value of rank ceil(q * count), as the middle of its bucket kept within min and max; 0 if empty. */
uint64_t histogram_quantile_ns(const struct histogram *h, double q);

#endif
