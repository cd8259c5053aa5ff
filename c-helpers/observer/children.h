/*
 * children.h - the processes below a server's, for servers that serve by children: what the server's own CPU
 * clock and getrusage(RUSAGE_SELF) leave out.
 *
 * A child that was waited for has left its part with its parent (RUSAGE_CHILDREN, see counters.h). One that
 * was not is found here: by /proc/<pid>/task/<tid>/children, or by the parents that /proc/<pid>/stat names
 * where the kernel is built without that file (CONFIG_PROC_CHILDREN).
 */
#ifndef IOMB_CHILDREN_H
#define IOMB_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct children {
	int32_t *pids; /* [count] in no order; children of children behind their parents */
	size_t count, room;
	size_t ended; /* how many of them ended between their listing and their reading */
};

/*
 * Lists them anew; deep: with the children of children. False: out of memory. Starts from a zeroed struct,
 * and keeps the memory for the next time.
 */
bool children_list(struct children *children, int32_t pid, bool deep);
void children_free(struct children *children);
/* Whether both name the same processes in the same order. */
bool children_same(const struct children *a, const struct children *b);

/* Sum of the CPU clocks of those that are listed; ended ones that are not waited for included. */
uint64_t children_cpu_ns(struct children *children);
/* Whether all tasks of all of them sleep. */
bool children_rest(const struct children *children);

struct switches {
	uint64_t voluntary, involuntary;
};
/* Sum over those that are listed, of the status file; a child that has several threads tells of the first. */
struct switches children_switches(struct children *children);

#endif
