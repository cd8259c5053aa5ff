/*
 * edge_reader.h - the hand-over between the load and whoever observes what is loaded.
 *
 * The load is quiet at each of these moments, on all of its threads: one of them calls, the others wait for
 * its return, and all go on. Nothing of it but ended is called between the two edges of a window.
 */
#ifndef IOMB_EDGE_READER_H
#define IOMB_EDGE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/failure.h"
#include "../wire/totals.h"

enum load_moment {
	LOAD_UNCONNECTED, /* before the first connect */
	LOAD_CONNECTED,	  /* the last connection is open */
	LOAD_START_EDGE,
	LOAD_END_EDGE,
};

struct edge_reader {
	void *context;
	void (*read)(void *context, enum load_moment moment, const struct load_totals *totals);
	/* Connections that the server has accepted so far; false when it does not say. */
	bool (*accepted)(void *context, uint64_t *accepted);
	/* The run cannot go on, for ended_fd is readable: says why. Called by any thread. */
	void (*ended)(void *context, struct failure *failure);
	bool stranger; /* the server is somebody else's, and may take a reset for an error */
	int ended_fd;  /* -1: none; set before the load begins */
};

#endif
