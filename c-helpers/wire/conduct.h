/*
 * conduct.h - the wire between who measures a file program and the program itself: over one connection of
 * its listener, one struct asked and one answered, in the byte order of the host that both run on.
 *
 * The program rests, in a read of the connection, before each ask and after each answer, so that whoever
 * reads its counters and clocks then reads those of a whole phase.
 */
#ifndef IOMB_CONDUCT_H
#define IOMB_CONDUCT_H

#include <stdint.h>

#include "histogram.h"

#define CONDUCT_VERSION 1u
#define CONDUCT_MESSAGE_BYTES 256
#define CONDUCT_BLOCK_BYTES 4096u /* what is checked, counts itself in these */

enum conduct_phase {
	CONDUCT_SETTLE = 0,  /* the cache as the job wants it, and blocks checked */
	CONDUCT_WARM_UP = 1, /* operations for ns */
	CONDUCT_MEASURE = 2, /* the same, counted */
	CONDUCT_CHECK = 3,   /* blocks checked, all that were written among them */
};

enum conduct_status {
	CONDUCT_OK = 0,
	CONDUCT_FAILED = 1,  /* a system call, or an operation */
	CONDUCT_CORRUPT = 2, /* a block is not what was written */
	CONDUCT_STALLED = 3, /* operations in flight, and none has ended for stall_ns */
};

struct conduct_ask {
	uint32_t version;
	uint32_t phase; /* enum conduct_phase */
	uint64_t ns;
	uint64_t stall_ns;
};

struct conduct_answer {
	uint32_t version;
	uint32_t status;
	uint64_t began_ns, ended_ns; /* first issued; no more issued. CLOCK_MONOTONIC */
	uint64_t sent;		     /* operations issued */
	uint64_t completed;	     /* ... ended before ended_ns */
	uint64_t in_flight;	     /* ... not ended by then: all of them end before the answer */
	uint64_t bytes;		     /* of completed ones */
	uint64_t blocks_checked;     /* whole */
	uint64_t blocks_seen;	     /* by their header or tail */
	uint64_t loop_cpu_ns;	     /* of the thread that issues, or of all that do */
	/*
	 * Of the file, in the page cache: when it is settled or warm, or before it is checked; UINT64_MAX: it
	 * is not known, or not told, as after what is measured.
	 */
	uint64_t pages_cached;
	uint64_t pages;		   /* of the file */
	struct histogram response; /* issued to ended, of completed ones */
	struct histogram submit;   /* in the call that issues, shared evenly by what it issued */
	char message[CONDUCT_MESSAGE_BYTES];
};

#endif
