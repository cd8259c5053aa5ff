#include <errno.h>

#include "../wire/uapi.h"
#include "hardware.h"

const struct hardware_event hardware_events[LOADGEN_HARDWARE_EVENTS] = {
	[LOADGEN_INSTRUCTIONS_USER] = {.type = PERF_TYPE_HARDWARE,
				       .config = PERF_COUNT_HW_INSTRUCTIONS,
				       .exclude_kernel = true},
	[LOADGEN_INSTRUCTIONS_KERNEL] = {.type = PERF_TYPE_HARDWARE,
					 .config = PERF_COUNT_HW_INSTRUCTIONS,
					 .exclude_user = true},
	[LOADGEN_CYCLES] = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES},
	[LOADGEN_CACHE_MISSES] = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CACHE_MISSES},
};

static struct perf_event_attr attr_of(const struct hardware_event *event)
{
	return (struct perf_event_attr){.type = event->type,
					.config = event->config,
					.exclude_user = event->exclude_user,
					.exclude_kernel = event->exclude_kernel};
}

void hardware_open(struct hardware *h, int32_t pid, const struct hardware_event *events)
{
	for (uint32_t i = 0; i < LOADGEN_HARDWARE_EVENTS; i++) {
		struct perf_event_attr attr = attr_of(&events[i]);

		h->error[i] = task_event_open(&h->event[i], pid, &attr);
	}
}

void hardware_open_session(struct hardware *h, const struct session *s, const struct hardware_event *events)
{
	for (uint32_t i = 0; i < LOADGEN_HARDWARE_EVENTS; i++) {
		struct perf_event_attr attr = attr_of(&events[i]);

		h->error[i] = task_event_open_session(&h->event[i], s, &attr);
	}
}

void hardware_read(struct hardware *h, struct loadgen_edge *edge)
{
	for (uint32_t i = 0; i < LOADGEN_HARDWARE_EVENTS; i++) {
		struct task_reading sum = {0};

		if (h->error[i] == 0)
			h->error[i] = task_event_read(&h->event[i], &sum);
		edge->hardware[i] = sum.value;
		edge->hardware_enabled_ns[i] = sum.enabled_ns;
		edge->hardware_running_ns[i] = sum.running_ns;
	}
}

void hardware_close(struct hardware *h)
{
	for (uint32_t i = 0; i < LOADGEN_HARDWARE_EVENTS; i++)
		task_event_close(&h->event[i]);
}

int32_t hardware_check(int32_t pid, uint32_t event)
{
	if (event >= LOADGEN_HARDWARE_EVENTS)
		return EINVAL;
	struct perf_event_attr attr = attr_of(&hardware_events[event]);

	return task_event_check(pid, &attr);
}
