/* team.c - see team.h. */
#include "team.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../server/net.h"

#define STACK_BYTES (64u * 1024u)

struct member {
	struct team *team;
	struct job *part;
};

static void run_part(struct team *team, struct job *part)
{
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	team->run(part);
	part->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
}

static void *member_main(void *argument)
{
	struct member *member = argument;
	struct team *team = member->team;
	uint64_t seen = 0;

	pthread_mutex_lock(&team->mutex);
	for (;;) {
		while (team->phase == seen)
			pthread_cond_wait(&team->begins, &team->mutex);
		seen = team->phase;
		pthread_mutex_unlock(&team->mutex);
		run_part(team, member->part);
		pthread_mutex_lock(&team->mutex);
		if (--team->running == 0)
			pthread_cond_signal(&team->ends);
	}
	return NULL;
}

void team_open(struct team *team, struct job *job, void (*run)(struct job *part))
{
	struct member *members = net_slab(job->depth, sizeof(*members));
	pthread_attr_t attributes;
	sigset_t all, before;

	team->parts = job_split(job);
	team->size = job->depth;
	team->run = run;
	pthread_mutex_init(&team->mutex, NULL);
	pthread_cond_init(&team->begins, NULL);
	pthread_cond_init(&team->ends, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (uint32_t i = 0; i < team->size; i++) {
		pthread_t thread;
		members[i] = (struct member){.team = team, .part = &team->parts[i]};
		errno = pthread_create(&thread, &attributes, member_main, &members[i]);
		if (errno)
			die("pthread_create(thread %u of %u)", i + 1, team->size);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

void team_run(struct team *team, struct job *job)
{
	uint64_t ns = job->deadline_ns - job->began_ns;

	for (uint32_t i = 0; i < team->size; i++)
		job_begin(&team->parts[i], job->began_ns, ns, job->stall_ns);
	pthread_mutex_lock(&team->mutex);
	team->running = team->size;
	team->phase++;
	pthread_cond_broadcast(&team->begins);
	while (team->running)
		pthread_cond_wait(&team->ends, &team->mutex);
	pthread_mutex_unlock(&team->mutex);
	job_join(job, team->parts);
}
