/*
 * cost.c - one cost by hand, or in a guest whose instructions are counted: a number of batches of the same
 * number of turns, each between two marks, and a line of JSON.
 *
 * By hand: ./cost read-0 1000 4
 * Exit: 0 measured, 1 failed, 2 usage, 77 cannot run here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../costlib/abi.h"

#define DEADLINE_NS 50000000000ull
#define EXIT_USAGE 2
#define EXIT_UNSUPPORTED 77

/* UINT32_MAX: there is none. */
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

/* 0: it is none. */
static uint32_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	return *end == '\0' && value <= 1000000000ul ? (uint32_t)value : 0;
}

static void print_report(const struct costs_report *report)
{
	printf("{\"turns\":%llu,\"perTurn\":%llu,\"loopNs\":%.3f,\"clockNs\":%.3f,\"ns\":[",
	       (unsigned long long)report->turns, (unsigned long long)report->per_turn, report->loop_ns,
	       report->clock_ns);
	for (uint32_t i = 0; i < report->samples; i++)
		printf("%s%.3f", i ? "," : "", report->ns[i]);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	struct costs_report report;
	struct costs_request request = {
		.abi_version = COSTS_ABI_VERSION, .cpu = -1, .other_cpu = -1, .deadline_ns = DEADLINE_NS};

	if (argc == 4) {
		request.index = index_of(argv[1]);
		request.turns = number(argv[2]);
		request.batches_min = request.batches_max = number(argv[3]);
	}
	if (argc != 4 || request.index == UINT32_MAX || !request.turns || !request.batches_min ||
	    request.batches_max > COSTS_SAMPLES_MAX) {
		fprintf(stderr, "usage: cost <id> <turns> <batches>\n");
		return EXIT_USAGE;
	}
	costs_measure(&request, &report);
	costs_release();
	if (report.status == COSTS_MEASURED) {
		print_report(&report);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "%s\n", report.reason);
	return report.status == COSTS_UNSUPPORTED ? EXIT_UNSUPPORTED : EXIT_FAILURE;
}
