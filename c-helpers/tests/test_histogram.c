/*
 * test_histogram.c - the histogram against the exact quantiles of sorted samples.
 *
 * Build: cc -std=gnu11 -O2 test_histogram.c ../wire/histogram.c -lm
 */
#include <math.h>
#include <string.h>

#include "../wire/histogram.h"
#include "../load/random.h"
#include "check.h"

#define SAMPLES 100000
#define SIXTY_SECONDS_NS 60000000000ull
#define ERROR_MAX 0.01

static uint64_t samples[SAMPLES];
static struct histogram histogram;

static double normal(uint64_t *random)
{
	double radius = sqrt(-2 * log(random_unit(random)));

	return radius * cos(6.283185307179586 * random_unit(random));
}

static uint64_t uniform(uint64_t *random)
{
	return random_next(random) % 1000000;
}

static uint64_t lognormal(uint64_t *random)
{
	return (uint64_t)exp(11.0 + 1.5 * normal(random));
}

static uint64_t bimodal(uint64_t *random)
{
	double mode = random_next(random) % 100 == 0 ? 5e7 : 2e4;

	return (uint64_t)(mode * (1 + 0.05 * normal(random)));
}

static uint64_t small(uint64_t *random)
{
	return random_next(random) % 600;
}

static uint64_t wide(uint64_t *random)
{
	return (uint64_t)exp(random_unit(random) * log((double)SIXTY_SECONDS_NS));
}

static uint64_t constant(uint64_t *random)
{
	(void)random;
	return 123456789;
}

static uint64_t one_ns(uint64_t *random)
{
	(void)random;
	return 1;
}

static uint64_t sixty_seconds(uint64_t *random)
{
	(void)random;
	return SIXTY_SECONDS_NS;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double relative_error(uint64_t found, uint64_t exact)
{
	double difference = fabs((double)found - (double)exact);

	return exact == 0 ? difference : difference / (double)exact;
}

static void test_quantiles(const char *name, uint64_t (*draw)(uint64_t *))
{
	static const double quantiles[] = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};
	uint64_t random = 7;
	double worst = 0;

	histogram_reset(&histogram);
	for (int i = 0; i < SAMPLES; i++) {
		samples[i] = draw(&random);
		histogram_record(&histogram, samples[i]);
	}
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		size_t rank = (size_t)ceil(quantiles[i] * SAMPLES);
		uint64_t exact = samples[rank == 0 ? 0 : rank - 1];
		double error = relative_error(histogram_quantile_ns(&histogram, quantiles[i]), exact);

		if (error > worst)
			worst = error;
	}
	check(worst <= ERROR_MAX, "%s: quantiles are within 1 %% of the exact ones (worst %.3f %%)", name,
	      worst * 100);
	check(histogram.count == SAMPLES && histogram.min_ns == samples[0] &&
		      histogram.max_ns == samples[SAMPLES - 1],
	      "%s: count, min and max are exact", name);
}

static void test_layout(void)
{
	bool contiguous = true, narrow = true, inverse = true;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t lower = histogram_lower_ns(i), width = histogram_width_ns(i);

		if (i + 1 < HISTOGRAM_BUCKETS)
			contiguous &= lower + width == histogram_lower_ns(i + 1);
		narrow &= width == 1 || (double)width <= (double)lower / 128;
		inverse &= histogram_index(lower) == i && histogram_index(lower + width - 1) == i;
	}
	check(contiguous, "every bucket begins where the one before it ends");
	check(narrow, "a bucket is 1 ns wide or at most 1/128 of its smallest value");
	check(inverse, "the first and the last value of a bucket have its index");
	check(histogram_index(0) == 0 && histogram_index(255) == 255 && histogram_index(256) == 256 &&
		      histogram_index(257) == 256 && histogram_index(258) == 257 &&
		      histogram_index(512) == 384,
	      "the index is the value below 256 and log-linear above");
	check(histogram_index(SIXTY_SECONDS_NS) < HISTOGRAM_BUCKETS - 1,
	      "60 s have a bucket of their own below the last one");
}

static void test_top(void)
{
	uint64_t beyond = 1ull << 40;

	histogram_reset(&histogram);
	histogram_record(&histogram, 5);
	histogram_record(&histogram, beyond);
	check(histogram.bucket[HISTOGRAM_BUCKETS - 1] == 1 && histogram.max_ns == beyond,
	      "a value beyond the top is counted in the last bucket, and max tells its size");
	check(histogram_quantile_ns(&histogram, 1) == beyond,
	      "the quantile that falls into the last bucket is the maximum");
	check(histogram_index(UINT64_MAX) == HISTOGRAM_BUCKETS - 1,
	      "the largest value there is falls into the last bucket");
	histogram_reset(&histogram);
	check(histogram_quantile_ns(&histogram, 0.5) == 0, "an empty histogram has quantiles of 0");
}

static void test_merge(void)
{
	static struct histogram part[3], all;
	uint64_t random = 11;

	histogram_reset(&all);
	for (int i = 0; i < 3; i++)
		histogram_reset(&part[i]);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t value = i % 2 ? lognormal(&random) : bimodal(&random);

		histogram_record(&all, value);
		histogram_record(&part[i % 3], value);
	}
	histogram_merge(&part[0], &part[1]);
	histogram_merge(&part[0], &part[2]);
	check(memcmp(&part[0], &all, sizeof(all)) == 0,
	      "merged parts equal one histogram that has recorded everything");
}

int main(void)
{
	test_layout();
	test_quantiles("uniform", uniform);
	test_quantiles("lognormal", lognormal);
	test_quantiles("bimodal", bimodal);
	test_quantiles("below 600 ns", small);
	test_quantiles("1 ns to 60 s", wide);
	test_quantiles("constant", constant);
	test_quantiles("1 ns", one_ns);
	test_quantiles("60 s", sixty_seconds);
	test_top();
	test_merge();
	return checks_exit();
}
