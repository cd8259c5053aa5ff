/* peer.c - pinned threads. */
#include "peer.h"

#include <sched.h>
#include <signal.h>

#define STACK_BYTES (256 * 1024)

/* The affinity is inherited, because pthread_attr_setaffinity_np is not in every C library. */
int pinned_thread(pthread_t *thread, int cpu, void *(*work)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	cpu_set_t cpus, cpus_before;
	int error = pthread_attr_init(&attr);
	if (error)
		return error;
	error = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (!error && cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		if (sched_getaffinity(0, sizeof(cpus_before), &cpus_before) < 0 ||
		    sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
			error = errno;
	}
	if (!error) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		error = pthread_create(thread, &attr, work, arg);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		if (cpu >= 0)
			(void)sched_setaffinity(0, sizeof(cpus_before), &cpus_before);
	}
	pthread_attr_destroy(&attr);
	return error;
}

bool peer_start(struct bench *bench, struct peer *peer, int cpu, void *(*work)(void *))
{
	int error = pinned_thread(&peer->thread, cpu, work, bench);
	if (error) {
		errno = error;
		return bench_fail(bench, "pthread_create(peer)");
	}
	peer->is_running = true;
	return true;
}

void peer_join(struct peer *peer)
{
	if (peer->is_running)
		pthread_join(peer->thread, NULL);
	peer->is_running = false;
}
