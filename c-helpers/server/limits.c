/* limits.c - see limits.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "die.h"
#include "limits.h"

/* A stack and its guard page. */
#define THREAD_MAPS 2
/* Pids below it are not handed out again (RESERVED_PIDS in kernel/pid.c). */
#define PIDS_RESERVED 300

/* Bits of what a process may do. */
#define CAPABILITY_IPC_LOCK (1ull << 14)
#define CAPABILITY_SYS_ADMIN (1ull << 21)
#define CAPABILITY_SYS_RESOURCE (1ull << 24)

uint64_t limit_in_file(const char *path)
{
	unsigned long long value = LIMIT_NONE;
	FILE *file = fopen(path, "re");
	if (!file)
		return LIMIT_NONE;
	if (fscanf(file, "%llu", &value) != 1)
		value = LIMIT_NONE;
	fclose(file);
	return value;
}

uint64_t limit_of_resource(int resource)
{
	struct rlimit limit;
	if (getrlimit(resource, &limit) < 0)
		die("getrlimit(%d)", resource);
	return limit.rlim_cur == RLIM_INFINITY ? LIMIT_NONE : limit.rlim_cur;
}

void limit_lower(struct model_limit *least, const char *name, uint64_t value, uint64_t used, uint32_t each)
{
	uint64_t room = value > used ? (value - used) / each : 0;
	if (value != LIMIT_NONE && room < least->conns)
		*least = (struct model_limit){.conns = (uint32_t)room, .name = name, .value = value};
}

/* pids.max of the cgroup at mount + path and of all above it, each of which may be the tightest. */
static void lower_by_cgroup(struct model_limit *least, const char *mount, const char *path, uint32_t reserved)
{
	char dir[PATH_MAX], file[PATH_MAX + 32];
	size_t mount_len = strlen(mount);

	if (snprintf(dir, sizeof(dir), "%s%s", mount, path) >= (int)sizeof(dir))
		return;
	for (;;) {
		snprintf(file, sizeof(file), "%s/pids.current", dir);
		uint64_t used = limit_in_file(file);
		snprintf(file, sizeof(file), "%s/pids.max", dir);
		limit_lower(least, "the cgroup's pids.max", limit_in_file(file),
			    reserved + (used == LIMIT_NONE ? 0 : used), 1);
		if (strlen(dir) <= mount_len)
			return;
		*strrchr(dir, '/') = '\0';
	}
}

/* Lines of /proc/self/cgroup are "0::/path" or, in version 1, which mounts each controller, "8:pids:/path".
 */
static void lower_by_cgroups(struct model_limit *least, uint32_t reserved)
{
	char line[PATH_MAX];
	FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path || path[1] != '/')
			continue;
		*path++ = '\0';
		if (!strcmp(controllers, ":"))
			lower_by_cgroup(least, "/sys/fs/cgroup", path, reserved);
		else if (!strcmp(controllers, ":pids"))
			lower_by_cgroup(least, "/sys/fs/cgroup/pids", path, reserved);
	}
	if (file)
		fclose(file);
}

/* The address space that the process uses: the first number of /proc/self/statm, in pages. */
static uint64_t address_space_bytes(void)
{
	uint64_t pages = limit_in_file("/proc/self/statm");
	return pages == LIMIT_NONE ? 0 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned long long effective_capabilities(void)
{
	unsigned long long capabilities = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &capabilities) == 1)
			break;
	if (file)
		fclose(file);
	return capabilities;
}

void limit_lower_by_locked_memory(struct model_limit *least, uint64_t used_bytes, uint32_t each_bytes)
{
	if (!(effective_capabilities() & CAPABILITY_IPC_LOCK))
		limit_lower(least, "RLIMIT_MEMLOCK", limit_of_resource(RLIMIT_MEMLOCK), used_bytes,
			    each_bytes);
}

/*
 * copy_process of the kernel lets pass who has one of two capabilities, and user 0 of the host itself: not
 * the user 0 of a user namespace, which maps but some users.
 */
static bool may_exceed_nproc(void)
{
	unsigned int inside = 1, outside = 1, users = 0;

	if (effective_capabilities() & (CAPABILITY_SYS_ADMIN | CAPABILITY_SYS_RESOURCE))
		return true;
	FILE *file = fopen("/proc/self/uid_map", "re");
	if (!file)
		return getuid() == 0; /* no user namespaces in this kernel */
	bool whole = fscanf(file, "%u %u %u", &inside, &outside, &users) == 3 && inside == 0 &&
		     outside == 0 && users == UINT32_MAX;
	fclose(file);
	return whole && getuid() == 0;
}

void limit_lower_by_tasks(struct model_limit *least, uint32_t tasks_reserved)
{
	struct sysinfo host;
	if (sysinfo(&host) < 0)
		die("sysinfo");
	uint64_t tasks = (uint64_t)host.procs + tasks_reserved;

	limit_lower(least, "kernel.threads-max", limit_in_file("/proc/sys/kernel/threads-max"), tasks, 1);
	limit_lower(least, "kernel.pid_max", limit_in_file("/proc/sys/kernel/pid_max"), tasks + PIDS_RESERVED,
		    1);
	/* What the user's other programs run is not known. */
	if (!may_exceed_nproc())
		limit_lower(least, "RLIMIT_NPROC", limit_of_resource(RLIMIT_NPROC), tasks_reserved, 1);
	lower_by_cgroups(least, tasks_reserved);
}

void limit_lower_by_threads(struct model_limit *least, size_t stack_bytes, struct thread_reserve reserve)
{
	limit_lower(least, "vm.max_map_count", limit_in_file("/proc/sys/vm/max_map_count"), reserve.maps,
		    THREAD_MAPS);
	limit_lower(least, "RLIMIT_AS", limit_of_resource(RLIMIT_AS), address_space_bytes(),
		    (uint32_t)stack_bytes);
	limit_lower_by_tasks(least, reserve.tasks);
}

void limit_say_no_task(const char *call, int error, size_t stack_bytes)
{
	struct model_limit least = {.conns = UINT32_MAX, .name = "none that is known"};

	if (stack_bytes)
		limit_lower_by_threads(&least, stack_bytes, (struct thread_reserve){0});
	else
		limit_lower_by_tasks(&least, 0);
	fprintf(stderr,
		"%s: refusing connections: %s: %s (the tightest limit: %s, %llu); counted as refused\n",
		model.name, call, strerror(error), least.name, (unsigned long long)least.value);
}
