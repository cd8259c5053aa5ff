/*
 * observer.h - what is read of the server while the load is quiet. It knows a process, and nothing of
 * the load.
 *
 * Each file calls only those below it:
 *   observer.c  opens and closes all of it
 *   edges.c     the readings at the edges of the window
 *   agreement.c what the server has counted, beside what the load has done
 *   traces.c, hardware.c  tracepoints, and the CPU's counters
 *   task_event.c  an event over all tasks
 *   children.c  the processes below the server's
 *   session.c   the processes of a server that knows nothing of us
 *   tasks.c     the server's threads, and the kernel's
 *   sockets.c   what the kernel tells of its sockets
 */
#ifndef IOMB_OBSERVER_H
#define IOMB_OBSERVER_H

#include "../wire/abi.h"
#include "../wire/failure.h"
#include "agreement.h"
#include "edges.h"
#include "hardware.h"
#include "session.h"
#include "sockets.h"
#include "traces.h"

struct observer {
	const struct loadgen_config *config;
	struct failure *failure; /* of the run; what goes wrong here ends it */
	int ended_fd;		 /* readable when the server's process has ended; -1: not known */
	struct edges edges;
	struct agreement agreement;
	struct traces traces;
	struct hardware hardware;
	struct session session;	       /* without a leader: one process, which tells of itself */
	struct server_sockets sockets; /* at the start edge, of a session */
	int sockets_errno;
	bool accepts_asked;   /* before the first connect, as always */
	uint32_t processes;   /* of a session, at the end edge */
	uint64_t tasks_ended; /* ... between the edges */
	uint64_t threads;     /* ... at the end edge */
	uint64_t rss_max_bytes;
};

/* What is to be read, and where a failure goes; opens nothing. */
void observer_init(struct observer *o, const struct loadgen_config *config, struct failure *failure);
/* The server is the session that server_pid leads; before observer_open. */
void observer_session(struct observer *o);
/* A failure ends the run. */
void observer_open(struct observer *o);
void observer_close(struct observer *o);
/* The server's process has ended: says so in a failure of the caller's. */
void observer_ended(const struct observer *o, struct failure *failure);

#endif
