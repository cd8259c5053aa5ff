/* peer.h - the other end of what takes two threads, pinned, with all signals blocked. */
#ifndef IOMB_COSTS_PEER_H
#define IOMB_COSTS_PEER_H

#include <pthread.h>

#include "cost.h"

struct peer {
	pthread_t thread;
	bool is_running;
};

/* cpu -1: not pinned. False after bench_fail. */
bool peer_start(struct bench *bench, struct peer *peer, int cpu, void *(*work)(void *));
/* Waits for it; who calls this has made sure that it ends. */
void peer_join(struct peer *peer);

/* A thread with its signals blocked and its CPU chosen: 0 or an errno. */
int pinned_thread(pthread_t *thread, int cpu, void *(*work)(void *), void *arg);

#endif
