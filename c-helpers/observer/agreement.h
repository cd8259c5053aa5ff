/*
 * agreement.h - whether the server has counted what the load has done: no less, or its counters lag or
 * lie; and no more, or somebody else talks to it and what it spends is not spent on this load.
 */
#ifndef IOMB_AGREEMENT_H
#define IOMB_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/totals.h"

struct observer;

/* Connections and bytes by the server's count. */
struct served {
	uint64_t connections; /* accepted or refused */
	uint64_t bytes_in;
	uint64_t bytes_out;
};

struct agreement {
	bool known;	    /* the server counts all three */
	struct served base; /* before the load began */
};

/* Before the first connect. */
void agreement_begin(struct observer *o);
/*
 * Waits until the server has counted all that the load has done: a byte is here before the call that
 * sent it has returned there, and a host may take the CPU from a server just then. Bounded; what a
 * server still lacks after that shows in the check.
 */
void agreement_await(struct observer *o, const struct load_totals *totals);
/* Ends the run where the two differ. */
void agreement_check(struct observer *o, const struct load_totals *totals);

#endif
