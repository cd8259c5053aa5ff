/*
 * test_hardware.c - counting events over all tasks of a process, by the functions that count instructions
 * and cycles; with the kernel's software events in their place, for few virtual machines have the others.
 *
 * Build: cc -std=gnu11 -O2 test_hardware.c ../observer/hardware.c ../observer/task_event.c
 *        ../observer/tasks.c -lpthread
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../observer/hardware.h"
#include "../wire/uapi.h"
#include "check.h"

#define EARLY 3 /* threads that are there when counting begins */
#define LATE 4	/* threads made later, ended before the second reading */
#define PAGES 200
#define PAGE_BYTES 4096

enum { FAULTS_USER, FAULTS_KERNEL, CLOCK, SWITCHES };

static const struct hardware_event stand_ins[LOADGEN_HARDWARE_EVENTS] = {
	[FAULTS_USER] = {.type = PERF_TYPE_SOFTWARE,
			 .config = PERF_COUNT_SW_PAGE_FAULTS,
			 .exclude_kernel = true},
	[FAULTS_KERNEL] = {.type = PERF_TYPE_SOFTWARE,
			   .config = PERF_COUNT_SW_PAGE_FAULTS,
			   .exclude_user = true},
	[CLOCK] = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK},
	[SWITCHES] = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CONTEXT_SWITCHES},
};

/* What the process that is counted knows of itself: faults of all its threads, ended ones included. */
struct told {
	uint64_t faults;
};

static int orders[2], answers[2], early_orders[2], early_answers[2];

static void get(int fd, void *into, size_t bytes)
{
	need(read(fd, into, bytes) == (ssize_t)bytes, "read(pipe): %s", strerror(errno));
}

static void put(int fd, const void *from, size_t bytes)
{
	need(write(fd, from, bytes) == (ssize_t)bytes, "write(pipe): %s", strerror(errno));
}

/* As many faults as pages: half of them in user space, half in the kernel, which reads zeros into them. */
static void touch_pages(void)
{
	size_t half = (size_t)PAGES * PAGE_BYTES;
	char *pages = mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	need(pages != MAP_FAILED && zeros >= 0, "pages to touch");
	(void)madvise(pages, 2 * half, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < half; at += PAGE_BYTES)
		((volatile char *)pages)[at] = 1;
	for (size_t at = half; at < 2 * half; at += PAGE_BYTES)
		get(zeros, pages + at, 1);
	(void)close(zeros);
	(void)munmap(pages, 2 * half);
}

static void *early(void *arg)
{
	char order;

	get(early_orders[0], &order, 1);
	touch_pages();
	put(early_answers[1], &order, 1);
	for (;;) /* to the end of the process: another order is for another thread */
		(void)pause();
	return arg;
}

static void *late(void *arg)
{
	touch_pages();
	return arg;
}

static void work(void)
{
	pthread_t threads[LATE];
	char order = 'w';

	for (int i = 0; i < EARLY; i++)
		put(early_orders[1], &order, 1);
	for (int i = 0; i < EARLY; i++)
		get(early_answers[0], &order, 1);
	for (int i = 0; i < LATE; i++)
		need(pthread_create(&threads[i], NULL, late, NULL) == 0, "pthread_create");
	for (int i = 0; i < LATE; i++)
		pthread_join(threads[i], NULL);
}

static _Noreturn void counted_process(void)
{
	pthread_t thread;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < EARLY; i++)
		need(pthread_create(&thread, NULL, early, NULL) == 0, "pthread_create");
	for (;;) {
		struct rusage usage;
		char order;

		need(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
		struct told told = {.faults = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt};
		put(answers[1], &told, sizeof(told));
		get(orders[0], &order, 1);
		work();
	}
}

static struct told told_by(void)
{
	struct told told;

	get(answers[0], &told, sizeof(told));
	return told;
}

static pid_t start(void)
{
	need(pipe(orders) == 0 && pipe(answers) == 0 && pipe(early_orders) == 0 && pipe(early_answers) == 0,
	     "pipe");
	pid_t child = fork();
	need(child >= 0, "fork");
	if (child == 0)
		counted_process();
	return child;
}

static void stop(pid_t child)
{
	need(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child, "the child's end");
}

static uint64_t grown(const struct loadgen_edge *edges, int event)
{
	return edges[1].hardware[event] - edges[0].hardware[event];
}

static void test_all_tasks(void)
{
	pid_t child = start();
	struct loadgen_edge edges[2] = {0};
	struct hardware h;
	struct told before = told_by();
	char order = 'w';

	hardware_open(&h, child, stand_ins);
	for (int i = 0; i < LOADGEN_HARDWARE_EVENTS; i++)
		check(h.error[i] == 0 && h.event[i].tasks >= 1 + EARLY, /* TSan has one of its own */
		      "event %d is counted in all of %d tasks (%s)", i, 1 + EARLY, strerror(h.error[i]));
	hardware_read(&h, &edges[0]);
	put(orders[1], &order, 1);
	struct told after = told_by();
	hardware_read(&h, &edges[1]);
	uint64_t least = (uint64_t)PAGES * (EARLY + LATE), told = after.faults - before.faults;
	uint64_t user = grown(edges, FAULTS_USER), kernel = grown(edges, FAULTS_KERNEL);
	check(user >= least && kernel >= least,
	      "faults of tasks from before and of later ones: %llu in user space, %llu in the kernel",
	      (unsigned long long)user, (unsigned long long)kernel);
	/* Some faults pass no event: those of pages that the kernel gets for itself, a few for each thread.
	 */
	check(user + kernel <= told + 64 && user + kernel + 64 + told / 10 >= told,
	      "%llu faults, and %llu by what the process says", (unsigned long long)(user + kernel),
	      (unsigned long long)told);
	check(grown(edges, SWITCHES) >= 1 + EARLY, "every task from before was switched to: %llu switches",
	      (unsigned long long)grown(edges, SWITCHES));
	check(grown(edges, CLOCK) > 0, "the tasks ran for %llu ns", (unsigned long long)grown(edges, CLOCK));
	for (int i = 0; i < LOADGEN_HARDWARE_EVENTS; i++)
		check(edges[1].hardware_enabled_ns[i] > edges[0].hardware_enabled_ns[i] &&
			      edges[1].hardware_enabled_ns[i] == edges[1].hardware_running_ns[i],
		      "event %d had its counter all the time: %llu ns", i,
		      (unsigned long long)edges[1].hardware_running_ns[i]);
	hardware_close(&h);
	stop(child);
}

/* One event that there is none of leaves the others as they are. */
static void test_missing(void)
{
	pid_t child = start();
	struct hardware_event events[LOADGEN_HARDWARE_EVENTS];
	struct loadgen_edge edges[2] = {0};
	struct hardware h;
	char order = 'w';

	memcpy(events, stand_ins, sizeof(events));
	events[1] = (struct hardware_event){.type = UINT32_MAX};
	(void)told_by();
	hardware_open(&h, child, events);
	check(h.error[1] == ENOENT && !h.event[1].fds, "a kind of events that is none: %s",
	      strerror(h.error[1]));
	hardware_read(&h, &edges[0]);
	put(orders[1], &order, 1);
	(void)told_by();
	hardware_read(&h, &edges[1]);
	check(edges[1].hardware[1] == 0 && grown(edges, FAULTS_USER) > 0 && grown(edges, CLOCK) > 0,
	      "the others are counted all the same");
	need(close(h.event[CLOCK].fds[0]) == 0, "close");
	hardware_read(&h, &edges[1]);
	check(h.error[CLOCK] == EBADF && h.error[SWITCHES] == 0, "what cannot be read is not counted: %s",
	      strerror(h.error[CLOCK]));
	h.event[CLOCK].fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC); /* as an event in error: no bytes */
	h.error[CLOCK] = 0;
	hardware_read(&h, &edges[1]);
	check(h.error[CLOCK] == EIO, "nor what gives nothing: %s", strerror(h.error[CLOCK]));
	hardware_close(&h);
	stop(child);
	hardware_open(&h, child, stand_ins);
	check(h.error[0] == ESRCH && !h.event[0].fds, "a process that has ended: %s", strerror(h.error[0]));
	hardware_close(&h);
	check(hardware_check(child, LOADGEN_CYCLES) != 0, "the check says so as well");
	check(hardware_check(getpid(), LOADGEN_HARDWARE_EVENTS) == EINVAL, "no fifth event is checked");
}

/* Where there are counters: this machine may have none, and then the check says which error it is. */
static void test_here(void)
{
	struct loadgen_edge edges[2] = {0};
	struct hardware h;

	hardware_open(&h, getpid(), hardware_events);
	hardware_read(&h, &edges[0]);
	touch_pages();
	hardware_read(&h, &edges[1]);
	for (int i = 0; i < LOADGEN_HARDWARE_EVENTS; i++) {
		int error = hardware_check(getpid(), (uint32_t)i);

		check(error == h.error[i], "event %d of the CPU: %s", i,
		      error ? strerror(error) : "can be counted");
		bool whole = edges[1].hardware_enabled_ns[i] == edges[1].hardware_running_ns[i];
		if (error == 0 && whole && i != LOADGEN_CACHE_MISSES)
			check(grown(edges, i) > 0, "event %d of the CPU grows", i);
	}
	hardware_close(&h);
}

int main(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK};
	int error = task_event_check(getpid(), &attr);

	if (error != 0) {
		printf("perf_event_open: %s\n", strerror(error));
		return EXIT_SKIPPED;
	}
	test_all_tasks();
	test_missing();
	test_here();
	return checks_exit();
}
