#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tasks.h"

#define PATH_BYTES 64
#define TEXT_BYTES 256 /* the beginning of stat, all of schedstat */
#define KERNEL_THREAD_PREFIX "iou-"

bool tasks_each(int32_t pid, bool (*visit)(int32_t tid, void *context), void *context)
{
	char path[PATH_BYTES];
	bool any = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		int32_t tid = (int32_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0) /* "." and ".." */
			continue;
		any = true;
		if (!visit(tid, context))
			break;
	}
	(void)closedir(dir);
	return any;
}

static bool count_task(int32_t tid, void *context)
{
	(void)tid;
	++*(uint32_t *)context;
	return true;
}

uint32_t tasks_count(int32_t pid)
{
	uint32_t tasks = 0;

	(void)tasks_each(pid, count_task, &tasks);
	return tasks;
}

/* False for a task that has ended meanwhile. */
static bool read_text(int32_t pid, int32_t tid, const char *name, char *text)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t bytes = read(fd, text, TEXT_BYTES - 1);
	(void)close(fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	return bytes > 0;
}

struct scan {
	int32_t pid;
	bool running;
	struct kernel_threads kernel;
};

/* stat is "<tid> (<name>) <state> ...", and the name may hold brackets of its own. */
static bool look_for_running(int32_t tid, void *context)
{
	struct scan *scan = context;
	char text[TEXT_BYTES];

	if (!read_text(scan->pid, tid, "stat", text))
		return true;
	const char *name = strchr(text, '('), *end = strrchr(text, ')');
	bool is_kernel = name && !strncmp(name + 1, KERNEL_THREAD_PREFIX, strlen(KERNEL_THREAD_PREFIX));
	scan->running = !is_kernel && (!end || !strncmp(end, ") R", 3));
	return !scan->running;
}

bool tasks_rest(int32_t pid)
{
	struct scan scan = {.pid = pid};

	return tasks_each(pid, look_for_running, &scan) && !scan.running;
}

static bool add_kernel_thread(int32_t tid, void *context)
{
	struct scan *scan = context;
	char name[TEXT_BYTES], schedstat[TEXT_BYTES];

	if (!read_text(scan->pid, tid, "comm", name))
		return true;
	bool sqp = !strncmp(name, KERNEL_THREAD_PREFIX "sqp", 7);
	bool wrk = !strncmp(name, KERNEL_THREAD_PREFIX "wrk", 7);
	if ((!sqp && !wrk) || !read_text(scan->pid, tid, "schedstat", schedstat))
		return true;
	uint64_t cpu_ns = strtoull(schedstat, NULL, 10);
	scan->kernel.threads++;
	if (sqp)
		scan->kernel.sqp_cpu_ns += cpu_ns;
	else
		scan->kernel.wrk_cpu_ns += cpu_ns;
	return true;
}

struct kernel_threads tasks_kernel_threads(int32_t pid)
{
	struct scan scan = {.pid = pid};

	(void)tasks_each(pid, add_kernel_thread, &scan);
	return scan.kernel;
}
