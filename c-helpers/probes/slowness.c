/* slowness.c - see slowness.h. */
#include "slowness.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../wire/clock.h"

/* The quickest of some rounds: what others do meanwhile only ever adds. */
enum { ROUNDS = 3, THREADS = 32, STACK_BYTES = 65536 };
/* Of a thread, on an idle machine: 15 to 40 us on CPUs of 2015 to 2025. */
#define IDLE_NS 40000

static void *touch(void *arg)
{
	char stack[4096];
	memset(stack, 1, sizeof(stack));
	return stack[sizeof(stack) / 2] ? arg : NULL;
}

/* 0: no thread could be made. */
static uint64_t round_ns(void)
{
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	uint32_t count = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	uint64_t begun = now_ns();
	while (count < THREADS && pthread_create(&threads[count], &attr, touch, NULL) == 0)
		count++;
	for (uint32_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	uint64_t ns = now_ns() - begun;
	pthread_attr_destroy(&attr);
	return count ? ns / count : 0;
}

double slowness(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ns = round_ns();
		least = ns < least ? ns : least;
	}
	double times = (double)least / IDLE_NS;
	return times < 1 ? 1 : times > SLOWNESS_MAX ? SLOWNESS_MAX : times;
}
