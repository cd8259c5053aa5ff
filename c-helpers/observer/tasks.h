/*
 * tasks.h - what /proc/<pid>/task tells of the server's tasks: its threads, and the kernel threads
 * that io_uring gives it.
 */
#ifndef IOMB_TASKS_H
#define IOMB_TASKS_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_threads {
	uint64_t threads;
	uint64_t sqp_cpu_ns; /* iou-sqp: takes requests from the submission queue */
	uint64_t wrk_cpu_ns; /* iou-wrk: carries out what would block */
};

/* Calls visit for each task, until it returns false. False: the process has none, or is gone. */
bool tasks_each(int32_t pid, bool (*visit)(int32_t tid, void *context), void *context);
uint32_t tasks_count(int32_t pid);
/*
 * Whether every thread of the process sleeps. One that waits for a CPU does not; io_uring's kernel
 * threads are left out, for they make no system calls.
 */
bool tasks_rest(int32_t pid);
/*
 * The run time in the first field of schedstat. The kernel brings that of a task which runs up to
 * date at ticks and when it is switched out, so it lags by up to a tick (1 to 10 ms, CONFIG_HZ) for an
 * iou-sqp that polls, and by nothing for a task that sleeps. An iou-wrk without work for five seconds
 * ends (WORKER_IDLE_TIMEOUT in io_uring/io-wq.c) and takes its time out of the sum with it.
 */
struct kernel_threads tasks_kernel_threads(int32_t pid);

#endif
