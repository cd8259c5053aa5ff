/*
 * counters.h - the page of counters that a server shares with whoever measures it.
 *
 * The server creates it as a memfd and names the descriptor in its ready line; a reader of the same
 * user maps /proc/<pid>/fd/<countersFd> read-only. The page describes itself: a header with the
 * counter names, then one slot per thread. A slot has one writer, sits on cache lines of its own and
 * only ever grows, so a reader sums the slots at any moment without a lock. The sum of a counter
 * over all slots is its value; a slot that a finished thread left is reused without being cleared.
 *
 * A name that starts with "sys." is a system call by the kernel's name for it.
 *
 * SIGUSR1 asks the server for what only it can tell exactly: getrusage(RUSAGE_SELF), which covers
 * every task of the process, those that ended and io_uring's kernel threads included; and, where children
 * serve, getrusage(RUSAGE_CHILDREN), which covers those that ended: the others have clocks of their own.
 * The answer stands in the header when sample_seq has grown.
 */
#ifndef IOMB_COUNTERS_H
#define IOMB_COUNTERS_H

#include <stdint.h>

#define COUNTERS_MAGIC 0x31425341544e5543ull /* "CUNTASB1", read as little endian bytes */
#define COUNTERS_VERSION 3u
#define COUNTERS_MAX 56
#define COUNTER_NAME_BYTES 24
#define COUNTERS_CACHE_LINE 64

struct counters_header {
	uint64_t magic;
	uint32_t version;
	uint32_t counters;   /* how many of names[] and value[] are used */
	uint32_t slots_max;  /* slots that the mapping holds */
	uint32_t slots_used; /* slots handed out so far (release store by the server) */
	uint32_t header_bytes;
	uint32_t slot_bytes;
	/* The answer to SIGUSR1. sample_seq is stored last, with release. */
	uint64_t sample_seq;
	uint64_t sample_voluntary_switches;
	uint64_t sample_involuntary_switches;
	uint64_t sample_children_cpu_ns; /* of children that ended */
	uint64_t processes;		 /* 1: children serve */
	char names[COUNTERS_MAX][COUNTER_NAME_BYTES];
};

struct counters_slot {
	_Alignas(COUNTERS_CACHE_LINE) uint64_t value[COUNTERS_MAX];
};

_Static_assert(sizeof(struct counters_slot) % COUNTERS_CACHE_LINE == 0, "slots must not share a cache line");

#endif
