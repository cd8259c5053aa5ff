#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "../wire/clock.h"
#include "random.h"
#include "schedule.h"

bool schedule_create(struct schedule *s, const struct schedule_plan *plan)
{
	uint64_t seeds = plan->seed ^ 0x5c4ed01eull; /* not the stream that the byte pattern comes from */
	uint32_t streams = (plan->all - plan->first + plan->step - 1) / plan->step;

	*s = (struct schedule){
		.plan = *plan, .streams = streams, .distance_ns = (double)NS_PER_S / plan->rate_per_s};
	s->stream = calloc(streams, sizeof(*s->stream));
	s->heap = calloc(streams, sizeof(*s->heap));
	if (!s->stream || !s->heap) {
		schedule_destroy(s);
		return false;
	}
	for (uint32_t i = 0; i < plan->all; i++) {
		uint64_t seed = random_next(&seeds);

		if (i >= plan->first && (i - plan->first) % plan->step == 0)
			s->stream[(i - plan->first) / plan->step].random = seed;
	}
	return true;
}

void schedule_destroy(struct schedule *s)
{
	free(s->stream);
	free(s->heap);
	s->stream = NULL;
	s->heap = NULL;
}

/* From the count, not from the due time before: rounding must not add up. */
static uint64_t fixed_due_ns(const struct schedule *s, uint32_t stream, uint64_t nth)
{
	const struct schedule_plan *p = &s->plan;
	double of_all = (double)p->first + (double)stream * (double)p->step;
	double distances = of_all + (double)nth * (double)p->all;

	return s->start_ns + (uint64_t)(distances * s->distance_ns);
}

static void poisson_step(struct schedule *s, struct schedule_stream *st)
{
	double mean_ns = s->distance_ns * (double)s->plan.all;

	st->offset_ns += -log(random_unit(&st->random)) * mean_ns;
	st->due_ns = s->start_ns + (uint64_t)st->offset_ns;
}

void schedule_start(struct schedule *s, uint64_t start_ns)
{
	s->start_ns = start_ns;
	s->queued = 0;
	for (uint32_t i = 0; i < s->streams; i++) {
		struct schedule_stream *st = &s->stream[i];

		st->taken = 0;
		st->offset_ns = 0;
		st->queued = false;
		if (s->plan.poisson)
			poisson_step(s, st);
		else
			st->due_ns = fixed_due_ns(s, i, 0);
		schedule_push(s, i);
	}
}

uint64_t schedule_next_ns(const struct schedule *s)
{
	return s->queued > 0 ? s->heap[0].due_ns : UINT64_MAX;
}

uint32_t schedule_pop(struct schedule *s)
{
	assert(s->queued > 0);
	uint32_t first = s->heap[0].stream;
	struct schedule_entry last = s->heap[--s->queued];
	uint32_t hole = 0;

	for (;;) {
		uint32_t child = 2 * hole + 1;

		if (child >= s->queued)
			break;
		if (child + 1 < s->queued && s->heap[child + 1].due_ns < s->heap[child].due_ns)
			child++;
		if (s->heap[child].due_ns >= last.due_ns)
			break;
		s->heap[hole] = s->heap[child];
		hole = child;
	}
	s->heap[hole] = last;
	s->stream[first].queued = false;
	return first;
}

void schedule_push(struct schedule *s, uint32_t stream)
{
	assert(!s->stream[stream].queued && s->queued < s->streams);
	uint64_t due_ns = s->stream[stream].due_ns;
	uint32_t hole = s->queued++;

	while (hole > 0 && s->heap[(hole - 1) / 2].due_ns > due_ns) {
		s->heap[hole] = s->heap[(hole - 1) / 2];
		hole = (hole - 1) / 2;
	}
	s->heap[hole] = (struct schedule_entry){.due_ns = due_ns, .stream = stream};
	s->stream[stream].queued = true;
}

void schedule_advance(struct schedule *s, uint32_t stream)
{
	struct schedule_stream *st = &s->stream[stream];

	assert(!st->queued);
	st->taken++;
	if (s->plan.poisson)
		poisson_step(s, st);
	else
		st->due_ns = fixed_due_ns(s, stream, st->taken);
}

uint64_t schedule_each_due(struct schedule *s, uint64_t until_ns,
			   void (*tell)(void *context, uint64_t due_ns), void *context)
{
	uint64_t due = 0;

	s->queued = 0;
	for (uint32_t i = 0; i < s->streams; i++) {
		s->stream[i].queued = false;
		for (; s->stream[i].due_ns <= until_ns; due++) {
			tell(context, s->stream[i].due_ns);
			schedule_advance(s, i);
		}
	}
	return due;
}
