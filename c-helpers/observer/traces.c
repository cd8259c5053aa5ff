#include <errno.h>
#include <string.h>

#include "../wire/uapi.h"
#include "observer.h"
#include "traces.h"

static struct perf_event_attr attr_of(uint64_t id)
{
	return (struct perf_event_attr){.type = PERF_TYPE_TRACEPOINT, .config = id};
}

int32_t traces_check(int32_t pid, uint64_t id)
{
	struct perf_event_attr attr = attr_of(id);

	return task_event_check(pid, &attr);
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

static bool open_event(struct observer *o, uint32_t event)
{
	uint64_t id = o->config->trace_id[event];
	struct perf_event_attr attr = attr_of(id);
	struct task_event *e = &o->traces.event[event];
	int error = o->session.leader != 0 ? task_event_open_session(e, &o->session, &attr)
					   : task_event_open(e, o->config->server_pid, &attr);

	if (error == ESRCH)
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d has no tasks to trace",
		     o->config->server_pid);
	else if (error != 0)
		fail(o->failure, LOADGEN_SYSTEM, "perf_event_open(tracepoint %llu, process %d): %s; %s",
		     (unsigned long long)id, o->config->server_pid, strerror(error), remedy(error));
	return error == 0;
}

void traces_open(struct observer *o)
{
	for (uint32_t i = 0; i < o->config->trace_events; i++)
		if (!open_event(o, i))
			return;
}

void traces_read(struct observer *o, uint64_t *sums)
{
	for (uint32_t i = 0; i < o->config->trace_events; i++) {
		struct task_reading sum;
		int error = task_event_read(&o->traces.event[i], &sum);

		sums[i] = sum.value;
		if (error == 0)
			continue;
		errno = error;
		fail_call(o->failure, "read(the count of tracepoint %llu)",
			  (unsigned long long)o->config->trace_id[i]);
	}
}

void traces_close(struct observer *o)
{
	for (uint32_t i = 0; i < LOADGEN_TRACE_MAX; i++)
		task_event_close(&o->traces.event[i]);
}
