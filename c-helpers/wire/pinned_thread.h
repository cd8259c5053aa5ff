/* pinned_thread.h - a thread of a library: on one CPU, all signals left to those of who loaded it. */
#ifndef IOMB_PINNED_THREAD_H
#define IOMB_PINNED_THREAD_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#define PINNED_THREAD_STACK_BYTES (256 * 1024)

/*
 * cpu -1: not pinned. 0 or an errno. The affinity is inherited, because pthread_attr_setaffinity_np is not in
 * every C library.
 */
static inline int pinned_thread(pthread_t *thread, int cpu, void *(*work)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	cpu_set_t cpus, cpus_before;
	int error = pthread_attr_init(&attr);
	if (error)
		return error;
	error = pthread_attr_setstacksize(&attr, PINNED_THREAD_STACK_BYTES);
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

#endif
