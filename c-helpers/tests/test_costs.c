/*
 * test_costs.c - the harness of the costs on costs of its own, and every cost there is once, with a few
 * turns. The costs below are found as all others are: by ending with COSTS.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../costlib/cost.h"
#include "check.h"

#define SPIN_NS 20000u
#define BLOCKED_DEADLINE_NS (50 * NS_PER_MS)
#define DEADLINE_NS (20 * NS_PER_S)

static uint64_t filled, ran, drained, finished;
static int blocking[2];

static void count_fill(struct bench *bench, uint64_t turns)
{
	(void)bench;
	filled += turns;
}

static void count_run(struct bench *bench, uint64_t turns)
{
	(void)bench;
	TURNS(turns)
	ran++;
}

static void count_drain(struct bench *bench, uint64_t turns)
{
	(void)bench;
	drained += turns;
}

static void count_finish(struct bench *bench)
{
	(void)bench;
	finished++;
}

static void run_nothing(struct bench *bench, uint64_t turns)
{
	(void)bench;
	TURNS(turns)
	{
	}
}

static void spin_until(uint64_t end_ns)
{
	while (now_ns() < end_ns)
		;
}

static void run_spin(struct bench *bench, uint64_t turns)
{
	(void)bench;
	TURNS(turns)
	spin_until(now_ns() + SPIN_NS);
}

/* As long outside of what it times as inside. */
static void run_own(struct bench *bench, uint64_t turns)
{
	TURNS(turns)
	{
		uint64_t from = now_ns();
		spin_until(from + SPIN_NS);
		bench->own_ns += now_ns() - from;
		spin_until(now_ns() + 10 * SPIN_NS);
	}
}

static void run_blocked(struct bench *bench, uint64_t turns)
{
	char byte;
	TURNS(turns)
	if (read(blocking[0], &byte, 1) != 1) {
		bench_fail(bench, "read(nothing)");
		return;
	}
}

static void run_failing(struct bench *bench, uint64_t turns)
{
	(void)turns;
	bench_wrong(bench, "first %d", 1);
	bench_wrong(bench, "second");
}

static bool prepare_without(struct bench *bench)
{
	return bench_unsupported(bench, "no %s here", "such thing");
}

#define TEST_COST                                                                                            \
	.group = "test", .title = "of the test", .measures = "nothing", .unit = "turn", .finish = count_finish

COSTS({TEST_COST, .id = "test-count", .fill = count_fill, .run = count_run, .drain = count_drain,
       .turns_max = 3},
      {TEST_COST, .id = "test-nothing", .run = run_nothing}, {TEST_COST, .id = "test-spin", .run = run_spin},
      {TEST_COST, .id = "test-four", .run = run_spin, .per_turn = 4},
      {TEST_COST, .id = "test-own", .run = run_own, .times_itself = true},
      {TEST_COST, .id = "test-blocked", .run = run_blocked},
      {TEST_COST, .id = "test-failing", .run = run_failing},
      {TEST_COST, .id = "test-without", .run = run_nothing, .prepare = prepare_without},
      {TEST_COST, .id = "test-two", .run = run_nothing, .takes_two = true},
      {TEST_COST, .id = "test-descriptors", .run = run_nothing, .descriptors = 100});

static uint32_t index_of(const char *id)
{
	struct costs_about about;
	for (uint32_t i = 0; i < costs_count(); i++) {
		costs_describe(i, &about);
		if (!strcmp(about.id, id))
			return i;
	}
	return UINT32_MAX;
}

static struct costs_request request_of(const char *id)
{
	return (struct costs_request){.abi_version = COSTS_ABI_VERSION,
				      .index = index_of(id),
				      .cpu = -1,
				      .other_cpu = -1,
				      .batches_min = 5,
				      .batches_max = 5,
				      .batch_ns = 100 * NS_PER_US,
				      .deadline_ns = DEADLINE_NS};
}

static struct costs_report measure(struct costs_request request)
{
	struct costs_report report;
	costs_measure(&request, &report);
	return report;
}

static struct costs_report measure_id(const char *id)
{
	return measure(request_of(id));
}

/* A neighbour makes some samples long; none can be short. */
static double lowest(const struct costs_report *report)
{
	double low = report->ns[0];
	for (uint32_t i = 1; i < report->samples; i++)
		low = report->ns[i] < low ? report->ns[i] : low;
	return low;
}

static void test_harness(void)
{
	struct costs_report report = measure_id("test-count");
	check(report.status == COSTS_MEASURED && report.samples == 5, "five batches were asked for: %u",
	      report.samples);
	check(report.turns == 3, "a batch has no more turns than the cost allows: %llu",
	      (unsigned long long)report.turns);
	check(filled == ran && ran == drained && ran > 0,
	      "every turn is filled, run and drained: %llu %llu %llu", (unsigned long long)filled,
	      (unsigned long long)ran, (unsigned long long)drained);
	check(finished == 1, "what was prepared is finished once");

	report = measure_id("test-nothing");
	check(report.turns > 1000 && lowest(&report) > -5 && lowest(&report) < 5,
	      "an empty operation costs nothing, the loop and the clock being subtracted: %.3f ns in batches "
	      "of %llu",
	      lowest(&report), (unsigned long long)report.turns);
	report = measure_id("test-spin");
	check(lowest(&report) >= SPIN_NS - 200, "an operation costs what it takes: %.0f ns of %u",
	      lowest(&report), SPIN_NS);
	report = measure_id("test-four");
	check(lowest(&report) >= SPIN_NS / 4.0 - 50 && lowest(&report) < SPIN_NS,
	      "a turn of four operations is divided by four: %.0f ns of %u", lowest(&report), SPIN_NS / 4);
	report = measure_id("test-own");
	check(lowest(&report) >= SPIN_NS - 500 && lowest(&report) < 3 * SPIN_NS,
	      "a cost that times itself is taken by its own time: %.0f ns of %u", lowest(&report), SPIN_NS);
}

static void test_ends(void)
{
	struct costs_request request = request_of("test-blocked");
	struct costs_report report;

	need(pipe(blocking) == 0, "pipe");
	request.deadline_ns = BLOCKED_DEADLINE_NS;
	finished = 0;
	uint64_t from = now_ns();
	report = measure(request);
	check(report.status == COSTS_OVERDUE && now_ns() - from >= BLOCKED_DEADLINE_NS,
	      "what blocks is ended at its deadline: %s", report.reason);
	check(finished == 1, "and finished");
	report = measure_id("test-failing");
	check(report.status == COSTS_FAILED && !strcmp(report.reason, "first 1"),
	      "the first reason counts: %s", report.reason);
	report = measure_id("test-without");
	check(report.status == COSTS_UNSUPPORTED && !strcmp(report.reason, "no such thing here"),
	      "what is missing is said: %s", report.reason);
	report = measure_id("test-two");
	check(report.status == COSTS_UNSUPPORTED, "what takes two CPUs is not measured on one: %s",
	      report.reason);
	request = request_of("test-nothing");
	request.index = costs_count();
	report = measure(request);
	check(report.status == COSTS_FAILED, "an index of no cost is refused: %s", report.reason);
	report = measure_id("test-descriptors");
	check(report.status == COSTS_MEASURED, "the pool is filled as far as it is asked for: %s",
	      report.reason);
	costs_release();
}

static bool is_text(const char *text, size_t bytes)
{
	return text[0] != '\0' && strlen(text) < bytes - 1;
}

/* ThreadSanitizer delivers signals at calls that it knows, and not before. */
static bool is_held_back(const char *id)
{
#if defined(__SANITIZE_THREAD__)
	return !strcmp(id, "signal-self");
#else
	(void)id;
	return false;
#endif
}

/* On the CPUs that this process has: each of them may be one. */
static void test_all(void)
{
	struct costs_about about, other;

	for (uint32_t i = 0; i < costs_count(); i++) {
		costs_describe(i, &about);
		if (!strcmp(about.group, "test") || is_held_back(about.id))
			continue;
		struct costs_request request = request_of(about.id);
		request.cpu = 0;
		request.other_cpu = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : -1;
		request.turns = 2;
		request.batches_min = request.batches_max = 2;
		struct costs_report report = measure(request);
		check(report.status == COSTS_MEASURED
			      ? report.samples == 2
			      : report.status == COSTS_UNSUPPORTED && report.reason[0],
		      "%s: %.1f ns, %s", about.id, report.samples ? report.ns[0] : 0, report.reason);
		for (uint32_t j = 0; j < i; j++) {
			costs_describe(j, &other);
			if (!strcmp(about.id, other.id))
				check(false, "%s is there once", about.id);
		}
		if (!is_text(about.id, sizeof(about.id)) || !is_text(about.title, sizeof(about.title)) ||
		    !is_text(about.measures, sizeof(about.measures)) ||
		    !is_text(about.unit, sizeof(about.unit)))
			check(false, "%s says what it is, and all of it fits", about.id);
	}
	costs_release();
}

int main(void)
{
	struct costs_clock clock;

	costs_read_clock(&clock);
	check(clock.step_ns > 0 && clock.read_ns > 0 && clock.now_ns > 0, "the clock has a step of %llu ns",
	      (unsigned long long)clock.step_ns);
	test_harness();
	test_ends();
	test_all();
	return checks_exit();
}
