/* team.h - a thread for each operation in flight, all of which begin and end a phase together. */
#ifndef IOMB_TEAM_H
#define IOMB_TEAM_H

#include <pthread.h>

#include "job.h"

struct team {
	struct job *parts; /* [depth] of the whole job */
	uint32_t size;
	void (*run)(struct job *part);
	pthread_mutex_t mutex;
	pthread_cond_t begins, ends;
	uint64_t phase;	  /* how many have begun */
	uint32_t running; /* threads that are not through with it */
};

/* Starts the threads, asleep; dies where it cannot. run issues and waits until its part's phase is over. */
void team_open(struct team *team, struct job *job, void (*run)(struct job *part));
/* A phase of the whole job. */
void team_run(struct team *team, struct job *job);

#endif
