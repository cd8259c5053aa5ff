/*
 * test_loadgen_parts.c - the byte pattern and the schedule of due times, without any socket.
 *
 * Build: cc -std=gnu11 -O2 test_loadgen_parts.c ../load/pattern.c ../load/schedule.c -lm
 */
#include <math.h>
#include <string.h>

#include "../wire/clock.h"
#include "../load/pattern.h"
#include "../load/random.h"
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
	check(pattern_phase(PATTERN_LINES - 1) % PATTERN_LINE_BYTES == 0,
	      "those of the first connections are whole cache lines");
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

/* What a comparison says of a chunk, and of the same with one bit of it changed. */
static void test_comparison(void)
{
	static uint8_t chunk[PATTERN_CHUNK_BYTES + 1];
	static const size_t counts[] = {1,    63,   64,	  1023,	 1024,	1025,  1087,
					1088, 4099, 9000, 65344, 65345, 65535, PATTERN_CHUNK_BYTES};
	static const bool ways[] = {false, true};
	bool equal = true, found = true;
	uint64_t random = 7;

	pattern_fill(&pattern, 5);
	bool wide = pattern.wide;
	for (size_t way = 0; way < 2; way++) {
		pattern.wide = wide && ways[way];
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			for (int turn = 0; turn < 40; turn++) {
				uint32_t phase = pattern_phase(random_next(&random));
				uint64_t offset = random_next(&random) >> (turn % 2 ? 1 : 48);
				uint8_t *bytes = chunk + turn % 2; /* aligned, and not */
				size_t wrong = random_next(&random) % counts[i];

				if (turn % 3 == 0)
					offset -= (phase + offset) % PATTERN_LINE_BYTES;
				memcpy(bytes, pattern_at(&pattern, phase, offset), counts[i]);
				equal &= pattern_equals(&pattern, phase, offset, bytes, counts[i]);
				bytes[wrong] ^= (uint8_t)(1u << (turn % 8));
				found &= !pattern_equals(&pattern, phase, offset, bytes, counts[i]);
			}
	}
	check(equal, "%s: what was sent is equal, wherever it starts and ends",
	      wide ? "by table and by progression" : "by table");
	check(found, "any bit that is wrong is found");
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

	need(schedule_create(&s,
			     &(struct schedule_plan){.rate_per_s = 30000, .seed = 1, .all = 7, .step = 1}),
	     "no memory");
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

static void note_due(void *context, uint64_t due_ns)
{
	*(uint64_t *)context ^= due_ns * 0x9e3779b97f4a7c15ull; /* in any order */
}

/* Dealt out to threads, the streams fall due when they do on one. */
static void test_dealt(void)
{
	struct schedule s;

	for (int poisson = 0; poisson < 2; poisson++) {
		uint64_t alone = 0, dealt = 0, due_alone = 0, due_dealt = 0;

		for (uint32_t step = 1; step <= 4; step += 3)
			for (uint32_t first = 0; first < step; first++) {
				struct schedule_plan plan = {.poisson = poisson == 1,
							     .rate_per_s = 3e4,
							     .seed = 11,
							     .all = 10,
							     .first = first,
							     .step = step};

				need(schedule_create(&s, &plan), "no memory");
				schedule_start(&s, NS_PER_S);
				*(step == 1 ? &due_alone : &due_dealt) += schedule_each_due(
					&s, 2 * NS_PER_S, note_due, step == 1 ? &alone : &dealt);
				schedule_destroy(&s);
			}
		check(due_alone > 25000 && due_alone == due_dealt && alone == dealt,
		      "%s: %llu times fall due on one thread, and the same on four",
		      poisson ? "Poisson" : "fixed", (unsigned long long)due_alone);
	}
}

static void test_poisson(void)
{
	struct schedule s;
	double sum_sq;
	bool ordered;
	double rate = 50000, seconds = 4;

	need(schedule_create(&s,
			     &(struct schedule_plan){
				     .poisson = true, .rate_per_s = rate, .seed = 3, .all = 33, .step = 1}),
	     "no memory");
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
	test_comparison();
	test_fixed();
	test_dealt();
	test_poisson();
	return checks_exit();
}
