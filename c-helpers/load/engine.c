#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "churn.h"
#include "conns.h"
#include "due.h"
#include "crew.h"
#include "engine.h"
#include "traffic.h"
#include "window.h"

/* How often the loop looks after itself when nothing else wakes it. */
#define TICK_NS (50 * NS_PER_MS)
static bool watch_source(struct load *lg, int fd, uint32_t events, enum event_source source)
{
	struct epoll_event ev = {.events = events, .data.u32 = source};

	if (epoll_ctl(lg->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0)
		return true;
	fail_call(&lg->failure, "epoll_ctl(EPOLL_CTL_ADD, fd %d)", fd);
	return false;
}

/* Edge-triggered: setting it anew is enough, it need not be read. */
static int open_timer(struct load *lg, enum event_source source)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		fail_call(&lg->failure, "timerfd_create");
	else
		(void)watch_source(lg, fd, EPOLLIN | EPOLLET, source);
	return fd;
}

bool engine_open(struct load *lg)
{
	lg->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (lg->epoll_fd < 0) {
		fail_call(&lg->failure, "epoll_create1");
		return false;
	}
	lg->alarm_fd = open_timer(lg, EVENT_ALARM);
	lg->due_fd = open_timer(lg, EVENT_DUE);
	if (lg->alarm_fd < 0 || lg->due_fd < 0 ||
	    !watch_source(lg, atomic_load(&lg->crew->shared.stop_fd), EPOLLIN, EVENT_STOP))
		return false;
	if (lg->failure.status != LOADGEN_OK)
		return false;
	int ended_fd = lg->crew->reader.ended_fd;
	return ended_fd < 0 || watch_source(lg, ended_fd, EPOLLIN, EVENT_ENDED);
}

void engine_close(struct load *lg)
{
	const int fds[] = {lg->alarm_fd, lg->due_fd, lg->epoll_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	lg->alarm_fd = lg->due_fd = lg->epoll_fd = -1;
}

bool engine_busy(const struct load *lg)
{
	return lg->in_flight > 0 || lg->closing > 0;
}

static void set_timer(struct load *lg, int fd, uint64_t at_ns)
{
	struct itimerspec when = {.it_value = ns_to_timespec(at_ns ? at_ns : 1)};

	lg->syscalls++;
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		fail_call(&lg->failure, "timerfd_settime");
}

void engine_set_alarm(struct load *lg)
{
	uint64_t at_ns = lg->now_ns + TICK_NS;
	uint64_t stall_ns = lg->waiting_since_ns + lg->config.stall_timeout_ns;

	if (lg->issuing && lg->deadline_ns < at_ns)
		at_ns = lg->deadline_ns;
	if (engine_busy(lg) && stall_ns < at_ns)
		at_ns = stall_ns;
	set_timer(lg, lg->alarm_fd, at_ns);
}

void engine_fail_stalled(struct load *lg)
{
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < lg->config.connections; i++)
		if (lg->conns[i].in_flight > 0 || lg->conns[i].state == CONN_CLOSING)
			waiting++;
	fail(&lg->failure, LOADGEN_STALLED,
	     "%u connections wait with %llu requests in flight%s, and nothing has come "
	     "for %.3f s",
	     waiting, (unsigned long long)lg->in_flight, lg->closing > 0 ? " or for the server to close" : "",
	     (double)(lg->now_ns - lg->waiting_since_ns) / (double)NS_PER_S);
}

/* What no connection's event brings to light: the deadline in silence, and a stall. */
static void look_after(struct load *lg)
{
	lg->now_ns = now_ns();
	if (lg->issuing && lg->now_ns >= lg->deadline_ns)
		window_end(lg);
	if (engine_busy(lg) && lg->now_ns >= lg->waiting_since_ns + lg->config.stall_timeout_ns)
		engine_fail_stalled(lg);
	engine_set_alarm(lg);
}

static void on_connecting(struct load *lg, struct conn *c, uint32_t events)
{
	if (conn_established(lg, c, events))
		return;
	fail(&lg->failure, LOADGEN_CONNECT_FAILED, "connect, connection %u of %u: %s", conn_number(lg, c),
	     lg->crew->connections, strerror(errno));
}

static void dispatch(struct load *lg, const struct epoll_event *ev)
{
	switch (ev->data.u32) {
	case EVENT_STOP:
		fail(&lg->failure, LOADGEN_STOPPED,
		     atomic_load(&lg->crew->shared.stop) ? "stopped on request"
							 : "another thread has failed");
		return;
	case EVENT_ENDED:
		lg->crew->reader.ended(lg->crew->reader.context, &lg->failure);
		return;
	case EVENT_ALARM:
		look_after(lg);
		return;
	case EVENT_DUE: /* the turn ends with sending what is due */
		return;
	default:
		break;
	}
	struct conn *c = &lg->conns[ev->data.u32];
	if (lg->churn)
		churn_on_event(lg, c, ev->events);
	else if (c->state == CONN_OPEN)
		traffic_on_event(lg, c, ev->events);
	else if (c->state == CONN_CONNECTING)
		on_connecting(lg, c, ev->events);
}

/*
 * Open loop: wakes for an answer or for the next due time. The timer is set once per due time, not
 * once per wait: arming and cancelling it around every answer costs more than the call to set it.
 */
static int wait_until_due(struct load *lg)
{
	uint64_t due_ns = schedule_next_ns(&lg->schedule);
	bool late = due_ns <= now_ns();

	if (!late && due_ns != lg->due_armed_ns && due_ns != UINT64_MAX) {
		set_timer(lg, lg->due_fd, due_ns);
		lg->due_armed_ns = due_ns;
	}
	return epoll_wait(lg->epoll_fd, lg->events, GENERATOR_EVENTS_MAX, late ? 0 : -1);
}

void engine_turn(struct load *lg)
{
	bool scheduled = lg->open_loop && lg->issuing;
	int ready;

	lg->syscalls++;
	if (scheduled)
		ready = wait_until_due(lg);
	else
		ready = epoll_wait(lg->epoll_fd, lg->events, GENERATOR_EVENTS_MAX, -1);
	lg->wakeups++;
	if (ready < 0) {
		if (errno != EINTR)
			fail_call(&lg->failure, "epoll_wait");
		return;
	}
	for (int i = 0; i < ready && lg->failure.status == LOADGEN_OK; i++)
		dispatch(lg, &lg->events[i]);
	if (scheduled && lg->issuing && lg->failure.status == LOADGEN_OK) {
		lg->now_ns = now_ns();
		if (lg->now_ns >= lg->deadline_ns)
			window_end(lg);
		else
			due_send(lg, lg->now_ns);
	}
	atomic_store_explicit(&lg->progress.connections_opened, lg->opened, memory_order_relaxed);
	atomic_store_explicit(&lg->progress.completed,
			      lg->warmup_completed + lg->counts.completed + lg->counts.drained,
			      memory_order_relaxed);
}
