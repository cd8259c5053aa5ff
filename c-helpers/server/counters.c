/* counters.c - makes the counters page and hands out its slots. */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "count.h"
#include "die.h"

static struct counters_header *header;
static struct counters_slot *slots;
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t *slots_free; /* stack of returned slots */
static uint32_t slots_free_count;

static const char *const names[] = {
#define COUNTER_NAME(id, name) [COUNT_##id] = name,
	COUNTER_LIST(COUNTER_NAME)
#undef COUNTER_NAME
};

int counters_open(uint32_t threads_max)
{
	size_t header_bytes = (sizeof(struct counters_header) + COUNTERS_CACHE_LINE - 1) /
			      COUNTERS_CACHE_LINE * COUNTERS_CACHE_LINE;
	size_t bytes = header_bytes + (size_t)threads_max * sizeof(struct counters_slot);
	int fd = memfd_create("iomodels-bench-counters", MFD_CLOEXEC);
	if (fd < 0)
		die("memfd_create(counters)");
	if (ftruncate(fd, (off_t)bytes) < 0)
		die("ftruncate(counters, %zu)", bytes);
	char *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		die("mmap(counters, %zu)", bytes);
	slots_free = calloc(threads_max, sizeof(*slots_free));
	if (!slots_free)
		die("calloc(%u slots)", threads_max);

	header = (struct counters_header *)page;
	slots = (struct counters_slot *)(page + header_bytes);
	header->version = COUNTERS_VERSION;
	header->counters = COUNTERS;
	header->slots_max = threads_max;
	header->slots_used = 1; /* slot 0 is the main thread's */
	header->header_bytes = (uint32_t)header_bytes;
	header->slot_bytes = sizeof(struct counters_slot);
	for (int i = 0; i < COUNTERS; i++)
		snprintf(header->names[i], COUNTER_NAME_BYTES, "%s", names[i]);
	__atomic_store_n(&header->magic, COUNTERS_MAGIC, __ATOMIC_RELEASE);
	return fd;
}

struct counters_slot *counters_slot(uint32_t index)
{
	return &slots[index];
}

struct counters_slot *counters_slot_take(void)
{
	pthread_mutex_lock(&slots_lock);
	uint32_t index;
	if (slots_free_count > 0) {
		index = slots_free[--slots_free_count];
	} else {
		index = header->slots_used;
		if (index == header->slots_max)
			die_because("all %u counter slots are in use", header->slots_max);
		__atomic_store_n(&header->slots_used, index + 1, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&slots_lock);
	return &slots[index];
}

void counters_slot_return(struct counters_slot *slot)
{
	pthread_mutex_lock(&slots_lock);
	slots_free[slots_free_count++] = (uint32_t)(slot - slots);
	pthread_mutex_unlock(&slots_lock);
}

uint64_t counters_sum(enum counter id)
{
	uint32_t used = __atomic_load_n(&header->slots_used, __ATOMIC_ACQUIRE);
	uint64_t sum = 0;
	for (uint32_t i = 0; i < used; i++)
		sum += __atomic_load_n(&slots[i].value[id], __ATOMIC_RELAXED);
	return sum;
}

const char *counter_name(enum counter id)
{
	return names[id];
}

struct counters_header *counters_header(void)
{
	return header;
}
