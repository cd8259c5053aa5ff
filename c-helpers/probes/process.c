/* process.c - see process.h. */
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"

enum { NOBODY = 65534 };

pid_t fork_helper(void)
{
	pid_t self = getpid(), pid = fork();

	if (pid < 0)
		probe_broken("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(EXIT_FAILURE);
	}
	return pid;
}

char state_of(pid_t pid, pid_t tid)
{
	char path[64], line[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	ssize_t n = read(fd, line, sizeof(line) - 1);
	close(fd);
	/* The name may hold anything, parentheses as well. */
	const char *end = n > 0 ? strrchr(line, ')') : NULL;
	return end && end[1] == ' ' && end[2] ? end[2] : '?';
}

void wait_asleep(pid_t pid, pid_t tid)
{
	uint64_t until_ns = now_ns() + SOON_MS * NS_PER_MS;

	while (now_ns() < until_ns) {
		char now = state_of(pid, tid);
		if (now == 'S' || now == 'D')
			return;
		if (now == '?' || now == 'Z')
			probe_odd("a helper ended instead of waiting");
		sched_yield();
	}
	probe_odd("a helper did not come to wait");
}

int64_t proc_number(const char *path, const char *key)
{
	char line[256];
	long long number = -1;
	size_t key_len = strlen(key);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	while (number < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, key_len) && sscanf(line + key_len, "%lld", &number) != 1)
			number = -1;
	fclose(file);
	return number;
}

int64_t proc_value(const char *path)
{
	return proc_number(path, "");
}

uint64_t switches_of(pid_t pid, pid_t tid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	int64_t switches = proc_number(path, "voluntary_ctxt_switches:");
	if (switches < 0)
		probe_odd("%s has no voluntary_ctxt_switches", path);
	return (uint64_t)switches;
}

uint32_t threads_named(const char *prefix, struct named_thread *last)
{
	uint32_t count = 0;
	DIR *tasks = opendir("/proc/self/task");
	if (!tasks)
		probe_broken("opendir(/proc/self/task)");
	for (struct dirent *entry = readdir(tasks); entry; entry = readdir(tasks)) {
		char path[300], comm[32] = "";
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		FILE *file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strncmp(comm, prefix, strlen(prefix))) {
			comm[strcspn(comm, "\n")] = '\0';
			count++;
			if (last) {
				last->tid = (pid_t)atoi(entry->d_name);
				memcpy(last->name, comm, sizeof(comm));
			}
		}
		fclose(file);
	}
	closedir(tasks);
	return count;
}

bool thread_times(pid_t tid, uint64_t *run_ns, uint64_t *wait_ns)
{
	char path[64];
	unsigned long long run, waited;
	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", tid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool is_read = fscanf(file, "%llu %llu", &run, &waited) == 2;
	fclose(file);
	*run_ns = run;
	*wait_ns = waited;
	return is_read;
}

uint32_t watches_of(int ep, int fd)
{
	char path[64], line[256];
	uint32_t count = 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	FILE *file = fopen(path, "re");
	if (!file)
		probe_broken("fopen(%s)", path);
	while (fgets(line, sizeof(line), file)) {
		int watched;
		if (sscanf(line, "tfd: %d", &watched) == 1 && watched == fd)
			count++;
	}
	fclose(file);
	return count;
}

bool drop_privileges(void)
{
	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

void needs_descriptors(uint32_t count)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		probe_broken("getrlimit(RLIMIT_NOFILE)");
	if (limit.rlim_cur >= count)
		return;
	if (limit.rlim_max < count)
		probe_unsupported("RLIMIT_NOFILE allows %llu descriptors at most, and %u are needed",
				  (unsigned long long)limit.rlim_max, count);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		probe_broken("setrlimit(RLIMIT_NOFILE)");
}

void pause_ms(uint32_t ms)
{
	struct timespec left = ns_to_timespec(ms * NS_PER_MS);
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}
