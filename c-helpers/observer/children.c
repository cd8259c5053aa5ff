#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "children.h"
#include "tasks.h"

#define PATH_BYTES 64
#define TEXT_BYTES 4096 /* status is about 1.5 KiB */

static bool add(struct children *c, int32_t pid)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		int32_t *grown = realloc(c->pids, room * sizeof(*grown));

		if (!grown)
			return false;
		c->pids = grown;
		c->room = room;
	}
	c->pids[c->count++] = pid;
	return true;
}

struct listing {
	struct children *children;
	int32_t parent;
	bool known; /* the kernel has the file */
	bool failed;
};

/* "<pid> <pid> ... " */
static bool list_of_task(int32_t tid, void *context)
{
	struct listing *l = context;
	char path[PATH_BYTES];
	int pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", l->parent, tid);
	FILE *file = fopen(path, "re");
	if (!file)
		return true;
	l->known = true;
	while (!l->failed && fscanf(file, "%d", &pid) == 1)
		l->failed = !add(l->children, pid);
	(void)fclose(file);
	return !l->failed;
}

/* The parent is the field behind the state, which is the first one behind the name in brackets. */
static int32_t parent_of(int32_t pid)
{
	char path[PATH_BYTES], text[512], state;
	int parent;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	size_t bytes = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[bytes] = '\0';
	const char *end = strrchr(text, ')');
	return end && sscanf(end + 1, " %c %d", &state, &parent) == 2 ? parent : -1;
}

static bool list_by_parents(struct listing *l)
{
	DIR *dir = opendir("/proc");

	if (!dir)
		return true;
	for (const struct dirent *entry; !l->failed && (entry = readdir(dir)) != NULL;) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		int32_t pid = (int32_t)strtol(entry->d_name, NULL, 10);

		if (parent_of(pid) == l->parent)
			l->failed = !add(l->children, pid);
	}
	(void)closedir(dir);
	return !l->failed;
}

static bool list_below(struct children *c, int32_t pid)
{
	struct listing l = {.children = c, .parent = pid};
	bool lives = tasks_each(pid, list_of_task, &l);

	if (lives && !l.known)
		return list_by_parents(&l);
	return !l.failed;
}

bool children_list(struct children *c, int32_t pid, bool deep)
{
	c->count = c->ended = 0;
	bool listed = list_below(c, pid);

	for (size_t i = 0; deep && listed && i < c->count; i++)
		listed = list_below(c, c->pids[i]);
	return listed;
}

void children_free(struct children *c)
{
	free(c->pids);
	*c = (struct children){0};
}

bool children_same(const struct children *a, const struct children *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->pids, b->pids, a->count * sizeof(*a->pids)) == 0);
}

uint64_t children_cpu_ns(struct children *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct timespec time;
		clockid_t clock;

		if (clock_getcpuclockid(c->pids[i], &clock) == 0 && clock_gettime(clock, &time) == 0)
			sum += (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
		else
			c->ended++;
	}
	return sum;
}

bool children_rest(const struct children *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!tasks_rest(c->pids[i]))
			return false;
	return true;
}

static uint64_t number_behind(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

struct switches children_switches(struct children *c)
{
	struct switches sum = {0};
	char path[PATH_BYTES], text[TEXT_BYTES];

	for (size_t i = 0; i < c->count; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/status", c->pids[i]);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			(void)close(fd);
		if (bytes <= 0) {
			c->ended++;
			continue;
		}
		text[bytes] = '\0';
		/* Looked for from the end of a line, for "nonvoluntary..." ends alike. */
		sum.voluntary += number_behind(text, "\nvoluntary_ctxt_switches:");
		sum.involuntary += number_behind(text, "\nnonvoluntary_ctxt_switches:");
	}
	return sum;
}
