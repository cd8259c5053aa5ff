/* samples.h - times of one thing, and their median. */
#ifndef IOMB_SAMPLES_H
#define IOMB_SAMPLES_H

#include <stdint.h>

#define SAMPLES_MAX 16384

struct samples {
	uint32_t count;
	uint32_t ns[SAMPLES_MAX];
};

/* What does not fit is left out: the end of the period, not its slow samples. */
static inline void samples_add(struct samples *samples, uint64_t ns)
{
	if (samples->count < SAMPLES_MAX)
		samples->ns[samples->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

/* Sorts them. 0 without a sample. */
double samples_median(struct samples *samples);

#endif
