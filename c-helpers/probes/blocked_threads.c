/* blocked_threads - whether threads that wait slow down one that works: a round trip with few of them and
 * with many. */
#include <pthread.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { FEW = 10, MANY = 4000, STACK_BYTES = 65536, ROUNDS = 5, TRIPS = 400 };

static int idle[2], busy[2];

static void *wait_idle(void *arg)
{
	char byte;
	ssize_t n = read(idle[1], &byte, 1);
	(void)n;
	return arg;
}

static void *echo(void *arg)
{
	char byte;
	while (read(busy[1], &byte, 1) == 1)
		if (write(busy[1], &byte, 1) != 1)
			break;
	return arg;
}

static uint32_t start(pthread_t *threads, uint32_t most)
{
	pthread_attr_t attr;
	uint32_t count = 0;

	unix_pair(idle);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	while (count < most && pthread_create(&threads[count], &attr, wait_idle, NULL) == 0)
		count++;
	return count;
}

static void end(pthread_t *threads, uint32_t count)
{
	close(idle[0]);
	for (uint32_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	close(idle[1]);
}

static double trip_ns(void)
{
	static double ns[TRIPS];
	char byte = 'x';

	for (int i = 0; i < TRIPS; i++) {
		uint64_t begun = now_ns();
		if (write(busy[0], &byte, 1) != 1 || read(busy[0], &byte, 1) != 1)
			probe_broken("echo of a thread");
		ns[i] = (double)(now_ns() - begun);
	}
	return median(ns, TRIPS);
}

static void run(void)
{
	static pthread_t threads[MANY];
	double few_ns[ROUNDS], many_ns[ROUNDS], ratios[ROUNDS];
	uint32_t many = MANY;
	pthread_t server;

	unix_pair(busy);
	if (pthread_create(&server, NULL, echo, NULL) != 0)
		probe_broken("pthread_create");
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t few = start(threads, FEW);
		few_ns[i] = trip_ns();
		end(threads, few);
		many = start(threads, many);
		many_ns[i] = trip_ns();
		end(threads, many);
		ratios[i] = many_ns[i] / few_ns[i];
	}
	observe("few", FEW);
	observe("many", many);
	observe("fewNs", median(few_ns, ROUNDS));
	observe("manyNs", median(many_ns, ROUNDS));
	observe("ratio", median(ratios, ROUNDS));
}

PROBE(.id = "blocked-threads", .title = "a round trip beside threads that wait", .run = run,
      .deadline_ms = 60000,
      .values = {
	      NUMBER("few", "threads that wait"),
	      NUMBER("many", "threads that wait, or as many as are allowed"),
	      NUMBER("fewNs", "ns of a round trip to one thread beside few, median"),
	      NUMBER("manyNs", "beside many"),
	      NUMBER("ratio", "of the two, median of 5 pairs"),
      });
