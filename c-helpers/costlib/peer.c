/* peer.c - see peer.h. */
#include "peer.h"

#include "../wire/pinned_thread.h"

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
