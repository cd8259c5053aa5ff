#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../wire/uapi.h"
#include "observer.h"
#include "tasks.h"
#include "traces.h"

/* Returns the descriptor, or -1 with errno. */
static int open_event(int32_t tid, uint64_t id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id, .inherit = 1};

	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int32_t traces_check(int32_t pid, uint64_t id)
{
	int fd = open_event(pid, id);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

/* perf_event_open(2), "ERRORS". */
static const char *remedy(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "it takes CAP_PERFMON, or kernel.perf_event_paranoid of at most 1";
	case EMFILE:
		return "raise RLIMIT_NOFILE (ulimit -n)";
	case EINVAL:
	case ENOENT:
		return "the kernel has no tracepoint with this id";
	case ENOSYS:
		return "the kernel is built without CONFIG_PERF_EVENTS";
	default:
		return "tracepoints cannot be counted here";
	}
}

static void close_events(const int *fds, uint32_t used)
{
	for (uint32_t i = 0; i < used; i++)
		(void)close(fds[i]);
}

static bool open_task(int32_t tid, void *context)
{
	struct observer *o = context;
	struct traces *traces = &o->traces;
	uint32_t events = o->config->trace_events;
	int *grown = realloc(traces->fds, (traces->tasks + 1ull) * events * sizeof(*traces->fds));

	if (!grown) {
		fail(o->failure, LOADGEN_SYSTEM, "no memory to trace %u tasks", traces->tasks + 1);
		return false;
	}
	traces->fds = grown;
	int *fds = &traces->fds[(size_t)traces->tasks * events];
	for (uint32_t i = 0; i < events; i++) {
		fds[i] = open_event(tid, o->config->trace_id[i]);
		if (fds[i] >= 0)
			continue;
		int error = errno;

		close_events(fds, i);
		if (error == ESRCH) /* it has ended meanwhile */
			return true;
		fail(o->failure, LOADGEN_SYSTEM, "perf_event_open(tracepoint %llu, task %d): %s; %s",
		     (unsigned long long)o->config->trace_id[i], tid, strerror(error), remedy(error));
		return false;
	}
	traces->tasks++;
	return true;
}

void traces_open(struct observer *o)
{
	if (o->config->trace_events > 0 && !tasks_each(o->config->server_pid, open_task, o))
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d has no tasks to trace",
		     o->config->server_pid);
}

void traces_read(struct observer *o, uint64_t *sums)
{
	uint32_t events = o->config->trace_events;

	memset(sums, 0, events * sizeof(*sums));
	for (uint32_t task = 0; task < o->traces.tasks; task++) {
		for (uint32_t i = 0; i < events; i++) {
			int fd = o->traces.fds[(size_t)task * events + i];
			uint64_t hits;

			if (read(fd, &hits, sizeof(hits)) == sizeof(hits))
				sums[i] += hits;
			else
				fail_call(o->failure, "read(the count of tracepoint %llu)",
					  (unsigned long long)o->config->trace_id[i]);
		}
	}
}

void traces_close(struct observer *o)
{
	struct traces *traces = &o->traces;

	close_events(traces->fds, traces->tasks * o->config->trace_events);
	free(traces->fds);
	*traces = (struct traces){0};
}
