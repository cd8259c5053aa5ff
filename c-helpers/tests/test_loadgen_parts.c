/*
 * test_loadgen_parts.c - the byte pattern and the schedule of due times, without any socket.
 *
 * Build: cc -std=gnu11 -O2 test_loadgen_parts.c ../load/pattern.c ../load/schedule.c -lm
 */
#include <math.h>
#include <string.h>

#include "../wire/clock.h"
#include "../load/pattern.h"
#include "../load/schedule.h"
#include "check.h"

static struct pattern pattern, other;

static void test_pattern(void)
{
	static bool seen[PATTERN_PERIOD];
	uint32_t counts[256] = {0};
	bool wraps = true, distinct = true;

	pattern_fill(&pattern, 1);
	pattern_fill(&other, 2);
	check(memcmp(&pattern, &other, sizeof(pattern)) != 0, "another seed gives other bytes");
	pattern_fill(&other, 1);
	check(memcmp(&pattern, &other, sizeof(pattern)) == 0, "the same seed gives the same bytes");
	for (uint64_t offset = 0; offset < 3ull * PATTERN_PERIOD; offset += 997) {
		const uint8_t *chunk = pattern_at(&pattern, 12345, offset);

		for (uint32_t i = 0; i < PATTERN_CHUNK_BYTES; i += 101)
			wraps &= chunk[i] == *pattern_at(&pattern, 12345, offset + i);
	}
	check(wraps, "a chunk read in one piece equals the stream byte by byte");
	check(*pattern_at(&pattern, 7, UINT64_MAX - 100) ==
		      pattern.table[(7 + (UINT64_MAX - 100) % PATTERN_PERIOD) % PATTERN_PERIOD],
	      "offsets beyond 2^32 find their byte");
	for (uint64_t i = 0; i < PATTERN_PERIOD; i++) {
		uint32_t phase = pattern_phase(1000000 + i);

		distinct &= phase < PATTERN_PERIOD && !seen[phase];
		seen[phase] = true;
	}
	check(distinct, "as many connections in a row as the pattern is long have different phases");
	for (uint32_t i = 0; i < PATTERN_PERIOD; i++)
		counts[pattern.table[i]]++;
	uint32_t least = counts[0], most = counts[0];
	for (int i = 1; i < 256; i++) {
		least = counts[i] < least ? counts[i] : least;
		most = counts[i] > most ? counts[i] : most;
	}
	check(least > 150 && most < 370, "all byte values are about as frequent (%u to %u of 256)", least,
	      most);
}

/* Takes all due times up to until_ns in order, as the engine does. */
static uint64_t take_until(struct schedule *s, uint64_t until_ns, double *sum_sq, bool *ordered)
{
	uint64_t taken = 0, last = s->start_ns;

	*ordered = true;
	*sum_sq = 0;
	while (schedule_next_ns(s) <= until_ns) {
		uint64_t due = schedule_next_ns(s);
		uint32_t stream = schedule_pop(s);
		double distance = (double)(due - last);

		*ordered &= due >= last;
		*sum_sq += distance * distance;
		last = due;
		taken++;
		schedule_advance(s, stream);
		schedule_push(s, stream);
	}
	return taken;
}

static void count_due(void *context, uint64_t due_ns)
{
	(void)due_ns;
	++*(uint64_t *)context;
}

static uint64_t due_until(struct schedule *s, uint64_t until_ns)
{
	uint64_t told = 0;
	uint64_t due = schedule_each_due(s, until_ns, count_due, &told);

	check(told == due, "each due time is told (%llu)", (unsigned long long)due);
	return due;
}

static void test_fixed(void)
{
	struct schedule s;
	uint64_t start = 1000 * NS_PER_S, last = 0;
	bool equidistant = true;

	need(schedule_create(&s, false, 7, 30000, 1), "no memory");
	schedule_start(&s, start);
	for (int i = 0; i < 100000; i++) {
		uint64_t due = schedule_next_ns(&s);
		uint32_t stream = schedule_pop(&s);

		equidistant &= i == 0 ? due == start : due - last == 33333 || due - last == 33334;
		last = due;
		schedule_advance(&s, stream);
		schedule_push(&s, stream);
	}
	check(equidistant, "fixed: the due times of all streams together are equidistant");
	check(fabs((double)(last - start) - 99999 * 1e9 / 30000) < 2,
	      "fixed: rounding does not add up over 100,000 due times");
	schedule_start(&s, start);
	for (int i = 0; i < 5; i++)
		(void)schedule_pop(&s); /* five streams that cannot send */
	check(due_until(&s, start + NS_PER_S) == 30001,
	      "fixed: all due times of a second are unsent, blocked or not");
	schedule_destroy(&s);
}

static void test_poisson(void)
{
	struct schedule s;
	double sum_sq;
	bool ordered;
	double rate = 50000, seconds = 4;

	need(schedule_create(&s, true, 33, rate, 3), "no memory");
	schedule_start(&s, NS_PER_S);
	uint64_t taken = take_until(&s, NS_PER_S + (uint64_t)(seconds * (double)NS_PER_S), &sum_sq, &ordered);
	double expected = rate * seconds;
	check(ordered, "Poisson: due times come in order");
	check(fabs((double)taken - expected) < 5 * sqrt(expected),
	      "Poisson: the count is within 5 sigma of rate * time (%llu of %.0f)", (unsigned long long)taken,
	      expected);
	/* For exponential distances the mean square is twice the square of the mean. */
	double mean = (double)NS_PER_S / rate;
	double ratio = sum_sq / (double)taken / (mean * mean);
	check(ratio > 1.95 && ratio < 2.05, "Poisson: distances are exponential (ratio %.3f of 2)", ratio);
	schedule_start(&s, NS_PER_S);
	uint64_t due = due_until(&s, 2 * NS_PER_S);
	check(fabs((double)due - rate) < 5 * sqrt(rate), "Poisson: unsent due times are counted (%llu)",
	      (unsigned long long)due);
	schedule_destroy(&s);
}

int main(void)
{
	test_pattern();
	test_fixed();
	test_poisson();
	return checks_exit();
}
