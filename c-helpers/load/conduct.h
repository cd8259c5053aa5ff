/*
 * conduct.h - who measures a file program: asks it for one phase after the other, over one connection, and
 * keeps what it answers; see wire/conduct.h.
 *
 * The operations are the program's own, and so are their times. The load is the clock of the phases, and
 * quiet while one lasts.
 */
#ifndef IOMB_LOAD_CONDUCT_H
#define IOMB_LOAD_CONDUCT_H

#include "../wire/conduct.h"
#include "load.h"

struct conducted {
	int fd;			 /* the connection; -1: none */
	uint64_t blocks_checked; /* whole, in all phases so far */
	/* As of the phase that is measured. */
	uint64_t blocks_seen;
	uint64_t bytes_moved;
	uint64_t loop_cpu_ns;
	uint64_t pages;
	uint64_t pages_cached[LOADGEN_EDGES]; /* UINT64_MAX: the kernel does not tell */
	struct histogram submit;
	struct conduct_answer answer; /* the last one */
};

/* False without memory. */
bool conduct_create(struct load *lg);
void conduct_destroy(struct load *lg);
/* Connects. This and the next end the run where they return false. */
bool conduct_open(struct load *lg);
/*
 * Asks for a phase, and waits until it has ended: until its answer is here, the program is gone, the run is
 * stopped, or the time is up in which even a program that stalls would have said so.
 */
bool conduct_ask(struct load *lg, enum conduct_phase phase, uint64_t ns);
/* The last answer is that of the phase that is measured: into the books of the window. */
void conduct_book(struct load *lg);
/* The cache as of the last answer, at an edge. */
void conduct_note_pages(struct load *lg, enum loadgen_edge_id edge);
void conduct_close(struct load *lg);

#endif
