/* receive.h - what comes back: read, verified, and its requests completed. */
#ifndef IOMB_RECEIVE_H
#define IOMB_RECEIVE_H

#include <stddef.h>

#include "load.h"

enum received {
	RECEIVED_BYTES,	      /* verified and entered into the books */
	RECEIVED_INTERRUPTED, /* try again */
	RECEIVED_NOTHING,     /* there is no more to read now, or the run has failed */
	RECEIVED_END,	      /* the server has closed its side */
	RECEIVED_BROKEN,      /* errno says how */
};

/* One chunk in. Switches the load off when the deadline is past. */
enum received receive_chunk(struct load *lg, struct conn *c, size_t *bytes);

#endif
