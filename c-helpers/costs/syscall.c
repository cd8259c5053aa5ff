/* syscall.c - a system call that does next to nothing, and one that does not exist: entry and return. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../costlib/cost.h"

/* No architecture has one of this number. */
#define NO_SUCH_CALL 100000

static void run_noop(struct bench *bench, uint64_t turns)
{
	(void)bench;
	TURNS(turns)
	syscall(SYS_getppid);
}

static void run_enosys(struct bench *bench, uint64_t turns)
{
	TURNS(turns)
	if (syscall(NO_SUCH_CALL) != -1 || errno != ENOSYS) {
		bench_wrong(bench, "system call %d is there", NO_SUCH_CALL);
		return;
	}
}

static void run_clock(struct bench *bench, uint64_t turns)
{
	struct timespec ts;
	TURNS(turns)
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts) < 0) {
		bench_fail(bench, "clock_gettime(CLOCK_MONOTONIC)");
		return;
	}
}

COSTS({.id = "syscall-noop",
       .group = "syscall",
       .title = "system call that does next to nothing",
       .measures = "getppid(2) by syscall(2)",
       .unit = "call",
       .run = run_noop},
      {.id = "syscall-enosys",
       .group = "syscall",
       .title = "system call that does not exist",
       .measures = "a call of an unknown number, answered ENOSYS: entry and return alone",
       .unit = "call",
       .run = run_enosys},
      {.id = "syscall-clock",
       .group = "syscall",
       .title = "clock by a system call",
       .measures = "clock_gettime(CLOCK_MONOTONIC) by syscall(2), past the vDSO",
       .unit = "call",
       .run = run_clock});
