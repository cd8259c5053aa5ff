#include <errno.h>
#include <stdlib.h>

#include "../wire/uapi.h"
#include "session.h"
#include "task_event.h"
#include "tasks.h"

/* What a read gives with PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING: three numbers. */
_Static_assert(sizeof(struct task_reading) == 3 * sizeof(uint64_t), "task_reading is what a read gives");

/* Returns the descriptor, or -1 with errno. */
static int open_on(int32_t tid, const struct perf_event_attr *wanted)
{
	struct perf_event_attr attr = *wanted;

	attr.size = sizeof(attr);
	attr.inherit = 1;
	attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

struct opening {
	struct task_event *event;
	const struct perf_event_attr *attr;
	int error;
};

static bool open_task(int32_t tid, void *context)
{
	struct opening *opening = context;
	struct task_event *e = opening->event;
	int *grown = realloc(e->fds, (e->tasks + 1ull) * sizeof(*e->fds));

	if (!grown) {
		opening->error = ENOMEM;
		return false;
	}
	e->fds = grown;
	e->fds[e->tasks] = open_on(tid, opening->attr);
	if (e->fds[e->tasks] >= 0)
		e->tasks++;
	else if (errno != ESRCH) /* else it has ended meanwhile */
		opening->error = errno;
	return opening->error == 0;
}

static int opened(const struct opening *opening)
{
	int error = opening->error;

	if (error == 0 && opening->event->tasks == 0)
		error = ESRCH;
	if (error != 0)
		task_event_close(opening->event);
	return error;
}

int task_event_open(struct task_event *e, int32_t pid, const struct perf_event_attr *attr)
{
	struct opening opening = {.event = e, .attr = attr};

	*e = (struct task_event){0};
	(void)tasks_each(pid, open_task, &opening);
	return opened(&opening);
}

int task_event_open_session(struct task_event *e, const struct session *s, const struct perf_event_attr *attr)
{
	struct opening opening = {.event = e, .attr = attr};

	*e = (struct task_event){0};
	(void)session_each(s, open_task, &opening);
	return opened(&opening);
}

int task_event_read(const struct task_event *e, struct task_reading *sum)
{
	*sum = (struct task_reading){0};
	for (uint32_t task = 0; task < e->tasks; task++) {
		struct task_reading one;
		ssize_t bytes = read(e->fds[task], &one, sizeof(one));

		if (bytes != (ssize_t)sizeof(one))
			return bytes < 0 ? errno : EIO;
		sum->value += one.value;
		sum->enabled_ns += one.enabled_ns;
		sum->running_ns += one.running_ns;
	}
	return 0;
}

void task_event_close(struct task_event *e)
{
	for (uint32_t task = 0; task < e->tasks; task++)
		(void)close(e->fds[task]);
	free(e->fds);
	*e = (struct task_event){0};
}

int task_event_check(int32_t pid, const struct perf_event_attr *attr)
{
	int fd = open_on(pid, attr);

	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}
