/* vdso_clock.c - the clock without a system call. */
#include "../costlib/cost.h"

static void run(struct bench *bench, uint64_t turns)
{
	struct timespec ts;
	TURNS(turns)
	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0) {
		bench_fail(bench, "clock_gettime(CLOCK_MONOTONIC)");
		return;
	}
}

COST(.id = "vdso-clock", .group = "syscall", .title = "clock through the vDSO",
     .measures =
	     "clock_gettime(CLOCK_MONOTONIC) of the C library: no system call where the clock source can be "
	     "read in user space",
     .unit = "call", .run = run);
