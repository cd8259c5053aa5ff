/*
 * sockets.h - what the kernel tells of a server's own sockets, whoever wrote it: by sock_diag(7), as ss
 * does, which needs no privilege. A server of ours tells it on its counters page.
 */
#ifndef IOMB_SOCKETS_H
#define IOMB_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/abi.h"

/* The server's ends of the connections to a port. */
struct server_sockets {
	uint64_t accepted;
	uint64_t waiting;			/* in the queue of a listener, for accept */
	char congestion[CONGESTION_NAME_BYTES]; /* of one, else of a listener; "several" where they differ */
};

/* Returns 0, or an errno: the kernel does not tell. */
int sockets_read(uint16_t port, struct server_sockets *out);
/* Whether a connection waits for accept; false also where the kernel does not tell. */
bool sockets_waiting(uint16_t port);
/* See loadgen_adopt_listener in abi.h. */
void sockets_adopt(int32_t session, uint16_t port, struct loadgen_listener *out);

#endif
