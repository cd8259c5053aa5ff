#include <errno.h>

#include "../wire/uapi.h"
#include "observer.h"

/* Readable when the process has ended, reaped or not. */
static void open_pid_fd(struct observer *o)
{
	int32_t pid = o->config->server_pid;

	o->ended_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (o->ended_fd >= 0 || errno == ENOSYS) /* then broken connections and stalls have to tell */
		return;
	if (errno == ESRCH)
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d does not exist", pid);
	else
		fail_call(o->failure, "pidfd_open(%d)", pid);
}

void observer_init(struct observer *o, const struct loadgen_config *config, struct failure *failure)
{
	o->config = config;
	o->failure = failure;
	o->ended_fd = -1;
}

void observer_session(struct observer *o)
{
	o->session.leader = o->config->server_pid;
}

void observer_open(struct observer *o)
{
	if (o->session.leader != 0 && !session_find(&o->session)) {
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d does not exist",
		     o->session.leader);
		return;
	}
	edges_open(o);
	if (o->failure->status == LOADGEN_OK)
		traces_open(o);
	if (o->failure->status == LOADGEN_OK && o->config->hardware && o->session.leader != 0)
		hardware_open_session(&o->hardware, &o->session, hardware_events);
	else if (o->failure->status == LOADGEN_OK && o->config->hardware)
		hardware_open(&o->hardware, o->config->server_pid, hardware_events);
	if (o->failure->status == LOADGEN_OK && o->config->server_pid > 0)
		open_pid_fd(o);
}

void observer_close(struct observer *o)
{
	if (o->ended_fd >= 0)
		(void)close(o->ended_fd);
	o->ended_fd = -1;
	hardware_close(&o->hardware);
	session_free(&o->session);
	traces_close(o);
	edges_close(o);
}

void observer_ended(const struct observer *o, struct failure *failure)
{
	fail(failure, LOADGEN_SERVER_GONE, "the server's process %d ended", o->config->server_pid);
}
