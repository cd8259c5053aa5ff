/*
 * handicap.h - a server that is slower by a known amount, to test that the benchmark notices.
 *
 * --handicap-ns=N (not in --help) keeps the CPU busy for about N nanoseconds of user time per
 * successful read of data: per request, as long as a request comes in one read. Without it all that is
 * left is a branch that always goes the same way.
 */
#ifndef IOMB_HANDICAP_H
#define IOMB_HANDICAP_H

#include <stdint.h>

/* Set before the ready line and never again; 0: none. */
extern uint32_t handicap_turns;

/* Finds out how many turns of the loop take that long on this CPU, and sets handicap_turns. */
void handicap_prepare(uint32_t handicap_ns);

void handicap_work(void);

static inline void handicap(void)
{
	if (__builtin_expect(handicap_turns != 0, 0))
		handicap_work();
}

#endif
