/* thread_create.c - a thread for next to nothing. */
#include <pthread.h>

#include "../costlib/cost.h"

static void *end_at_once(void *arg)
{
	return arg;
}

static void run(struct bench *bench, uint64_t turns)
{
	TURNS(turns)
	{
		pthread_t thread;
		int error = pthread_create(&thread, NULL, end_at_once, NULL);
		if (error == 0)
			error = pthread_join(thread, NULL);
		if (error) {
			errno = error;
			bench_fail(bench, "pthread_create");
			return;
		}
	}
}

COST(.id = "thread-create", .group = "switch", .title = "thread that does nothing",
     .measures =
	     "pthread_create(3) and pthread_join(3) of a thread that ends at once, on the CPU of its maker; "
	     "stacks are used again by the C library",
     .unit = "thread", .run = run);
