#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "session.h"
#include "tasks.h"

#define PATH_BYTES 64
#define STAT_BYTES 512
#define STATUS_BYTES 4096

/* Fields of /proc/<pid>/stat behind the name, from 1: proc(5) counts the pid and the name before them. */
enum { STAT_STATE = 1, STAT_SESSION = 4, STAT_CHILDREN_USER = 14, STAT_CHILDREN_SYSTEM = 15 };

static bool read_file(const char *path, char *text, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, bytes - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The fields from `first` to `last`; false for a process that is gone. */
static bool read_stat(int32_t pid, int first, int last, long long *values)
{
	char path[PATH_BYTES], text[STAT_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_file(path, text, sizeof(text)))
		return false;
	char *at = strrchr(text, ')'); /* the name may hold blanks and brackets of its own */
	if (!at)
		return false;
	char *rest = NULL;
	int field = 1;
	for (char *word = strtok_r(at + 1, " ", &rest); word; word = strtok_r(NULL, " ", &rest), field++) {
		if (field >= first && field <= last)
			values[field - first] = strtoll(word, NULL, 10);
		if (field == last)
			return true;
	}
	return false;
}

bool session_find(struct session *s)
{
	DIR *dir = opendir("/proc");

	s->count = 0;
	if (!dir)
		return false;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		int32_t pid = (int32_t)strtol(entry->d_name, NULL, 10);
		long long session;

		if (pid <= 0 || !read_stat(pid, STAT_SESSION, STAT_SESSION, &session) || session != s->leader)
			continue;
		int32_t *grown = realloc(s->pid, (s->count + 1ull) * sizeof(*s->pid));
		if (!grown)
			break;
		s->pid = grown;
		s->pid[s->count++] = pid;
	}
	(void)closedir(dir);
	return s->count > 0;
}

bool session_each(const struct session *s, bool (*visit)(int32_t tid, void *context), void *context)
{
	bool any = false;

	for (uint32_t i = 0; i < s->count; i++)
		any = tasks_each(s->pid[i], visit, context) || any;
	return any;
}

bool session_rests(const struct session *s)
{
	bool rests = true;

	for (uint32_t i = 0; rests && i < s->count; i++)
		rests = tasks_rest(s->pid[i]);
	return rests;
}

uint64_t session_cpu_ns(const struct session *s)
{
	long ticks_per_s = sysconf(_SC_CLK_TCK);
	uint64_t sum_ns = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		long long ended[2] = {0, 0};
		clockid_t clock;

		if (clock_getcpuclockid(s->pid[i], &clock) != 0)
			continue;
		sum_ns += clock_ns(clock);
		if (ticks_per_s > 0 && read_stat(s->pid[i], STAT_CHILDREN_USER, STAT_CHILDREN_SYSTEM, ended))
			sum_ns += (uint64_t)(ended[0] + ended[1]) * (NS_PER_S / (uint64_t)ticks_per_s);
	}
	return sum_ns;
}

static uint64_t number_behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

struct reading {
	int32_t pid;
	struct session_tasks *tasks;
	uint64_t rss_max_kib; /* of all processes so far */
};

static bool read_switches(int32_t tid, void *context)
{
	struct reading *r = context;
	char path[PATH_BYTES], text[STATUS_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/status", r->pid, tid);
	if (!read_file(path, text, sizeof(text)))
		return true;
	struct session_task *grown =
		realloc(r->tasks->task, (r->tasks->count + 1ull) * sizeof(*r->tasks->task));
	if (!grown)
		return false;
	r->tasks->task = grown;
	if (tid == r->pid)
		r->rss_max_kib += number_behind(text, "\nVmHWM:");
	r->tasks->task[r->tasks->count++] =
		(struct session_task){.tid = tid,
				      .voluntary = number_behind(text, "\nvoluntary_ctxt_switches:"),
				      .involuntary = number_behind(text, "\nnonvoluntary_ctxt_switches:")};
	return true;
}

static int by_tid(const void *a, const void *b)
{
	int32_t x = ((const struct session_task *)a)->tid, y = ((const struct session_task *)b)->tid;

	return x < y ? -1 : x > y;
}

static struct session_tasks read_tasks(struct session *s)
{
	struct session_tasks tasks = {0};
	struct reading r = {.tasks = &tasks};

	for (uint32_t i = 0; i < s->count; i++) {
		r.pid = s->pid[i];
		(void)tasks_each(s->pid[i], read_switches, &r);
	}
	s->threads = tasks.count;
	s->rss_max_bytes = r.rss_max_kib * 1024;
	if (tasks.count > 0)
		qsort(tasks.task, tasks.count, sizeof(*tasks.task), by_tid);
	return tasks;
}

void session_switches_begin(struct session *s)
{
	free(s->before.task);
	s->before = read_tasks(s);
}

void session_switches_end(struct session *s)
{
	struct session_tasks after = read_tasks(s);
	uint32_t kept = 0;

	s->voluntary = s->involuntary = 0;
	for (uint32_t i = 0; i < after.count; i++) {
		const struct session_task *task = &after.task[i], *same = NULL;

		if (s->before.count > 0)
			same = bsearch(task, s->before.task, s->before.count, sizeof(*task), by_tid);
		s->voluntary += task->voluntary - (same ? same->voluntary : 0);
		s->involuntary += task->involuntary - (same ? same->involuntary : 0);
		kept += same != NULL;
	}
	s->ended = s->before.count - kept;
	free(after.task);
}

void session_free(struct session *s)
{
	free(s->pid);
	free(s->before.task);
	*s = (struct session){0};
}
