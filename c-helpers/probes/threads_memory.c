/* threads_memory - what a blocked thread takes: of the kernel, and of the process. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { THREADS = 800, ROUNDS = 5 };

static void *serve(void *arg)
{
	char byte;
	ssize_t n = read(*(int *)arg, &byte, 1);
	(void)n;
	return NULL;
}

struct memory {
	double kernel_stack, rss, page_tables, slab; /* KiB */
};

static double kib(const char *path, const char *key)
{
	int64_t value = proc_number(path, key);
	if (value < 0)
		probe_unsupported("%s has no %s", path, key);
	return (double)value;
}

static struct memory read_memory(void)
{
	return (struct memory){.kernel_stack = kib("/proc/meminfo", "KernelStack:"),
			       .rss = kib("/proc/self/status", "VmRSS:"),
			       .page_tables = kib("/proc/self/status", "VmPTE:"),
			       .slab = kib("/proc/meminfo", "Slab:")};
}

/* Starts them, waits until they have begun to wait, and ends them. Returns how many there were. */
static uint32_t look(struct memory *each)
{
	static pthread_t threads[THREADS];
	uint32_t count = 0;
	int fds[2];

	unix_pair(fds);
	struct memory before = read_memory();
	while (count < THREADS && pthread_create(&threads[count], NULL, serve, &fds[1]) == 0)
		count++;
	if (count == 0)
		probe_broken("pthread_create");
	pause_ms(QUIET_MS);
	struct memory after = read_memory();
	close(fds[0]);
	for (uint32_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	close(fds[1]);
	each->kernel_stack = (after.kernel_stack - before.kernel_stack) / count;
	each->rss = (after.rss - before.rss) / count;
	each->page_tables = (after.page_tables - before.page_tables) / count;
	each->slab = (after.slab - before.slab) / count;
	return count;
}

/* In a process of its own each: the stacks of ended threads stay for the next ones. */
static void run(void)
{
	double kernel_stack[ROUNDS], rss[ROUNDS], page_tables[ROUNDS], slab[ROUNDS];
	uint32_t count = 0;
	size_t stack_bytes = 0;
	pthread_attr_t attr;

	for (int i = 0; i < ROUNDS; i++) {
		int ready[2];
		struct memory each;
		unix_pair(ready);
		pid_t pid = fork_helper();
		if (pid == 0) {
			count = look(&each);
			ssize_t n = write(ready[1], &each, sizeof(each));
			_exit(n == sizeof(each) && write(ready[1], &count, sizeof(count)) == sizeof(count)
				      ? EXIT_SUCCESS
				      : EXIT_FAILURE);
		}
		close(ready[1]);
		if (read(ready[0], &each, sizeof(each)) != sizeof(each) ||
		    read(ready[0], &count, sizeof(count)) != sizeof(count))
			probe_odd("a helper ended without an answer");
		kernel_stack[i] = each.kernel_stack;
		rss[i] = each.rss;
		page_tables[i] = each.page_tables;
		slab[i] = each.slab;
	}
	pthread_attr_init(&attr);
	pthread_attr_getstacksize(&attr, &stack_bytes);
	observe("threads", count);
	observe("kernelStackKiB", median(kernel_stack, ROUNDS));
	observe("rssKiB", median(rss, ROUNDS));
	observe("pageTablesKiB", median(page_tables, ROUNDS));
	observe("slabKiB", median(slab, ROUNDS));
	observe("userStackKiB", (double)stack_bytes / 1024);
}

PROBE(.id = "threads-memory", .title = "what a blocked thread takes", .run = run,
      .values = {
	      NUMBER("threads", "threads that wait in read"),
	      NUMBER("kernelStackKiB", "KiB of kernel stack per thread (of the whole machine), median of 5"),
	      NUMBER("rssKiB", "KiB of the process's memory per thread"),
	      NUMBER("pageTablesKiB", "KiB of its page tables per thread"),
	      NUMBER("slabKiB", "KiB of kernel slab per thread (of the whole machine)"),
	      NUMBER("userStackKiB", "KiB of address space of a thread's stack by default"),
      });
