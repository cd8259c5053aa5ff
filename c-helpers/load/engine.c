#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "churn.h"
#include "../wire/clock.h"
#include "conns.h"
#include "due.h"
#include "engine.h"
#include "mark.h"
#include "traffic.h"
#include "window.h"

/* How often the loop looks after itself when nothing else wakes it. */
#define TICK_NS (50 * NS_PER_MS)
/* Connects that are not established yet; and established ones that the server has not accepted. */
#define CONNECTING_MAX 128u
#define UNACCEPTED_MAX 512u
/* A server that accepts nothing for so long is not waited for: its counter may mean another thing. */
#define ACCEPT_PATIENCE_NS (200 * NS_PER_MS)
#define ACCEPT_POLL_NS (50 * NS_PER_US)
/* A drain that gets an answer now and then, but never ends, is a stall as well. */
#define DRAIN_STALLS_MAX 10

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
	    !watch_source(lg, atomic_load(&lg->shared.stop_fd), EPOLLIN, EVENT_STOP))
		return false;
	if (lg->failure.status != LOADGEN_OK)
		return false;
	return lg->reader.ended_fd < 0 || watch_source(lg, lg->reader.ended_fd, EPOLLIN, EVENT_ENDED);
}

void engine_close(struct load *lg)
{
	const int fds[] = {lg->alarm_fd, lg->due_fd, lg->epoll_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	lg->alarm_fd = lg->due_fd = lg->epoll_fd = -1;
}

static bool busy(const struct load *lg)
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

static void set_next_alarm(struct load *lg)
{
	uint64_t at_ns = lg->now_ns + TICK_NS;
	uint64_t stall_ns = lg->waiting_since_ns + lg->config.stall_timeout_ns;

	if (lg->issuing && lg->deadline_ns < at_ns)
		at_ns = lg->deadline_ns;
	if (busy(lg) && stall_ns < at_ns)
		at_ns = stall_ns;
	set_timer(lg, lg->alarm_fd, at_ns);
}

static void fail_stalled(struct load *lg)
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
	if (busy(lg) && lg->now_ns >= lg->waiting_since_ns + lg->config.stall_timeout_ns)
		fail_stalled(lg);
	set_next_alarm(lg);
}

static void on_connecting(struct load *lg, struct conn *c)
{
	if (conn_established(lg, c))
		return;
	fail(&lg->failure, LOADGEN_CONNECT_FAILED, "connect, connection %u of %u: %s",
	     (unsigned int)(c - lg->conns), lg->config.connections, strerror(errno));
}

static void dispatch(struct load *lg, const struct epoll_event *ev)
{
	switch (ev->data.u32) {
	case EVENT_STOP:
		fail(&lg->failure, LOADGEN_STOPPED, "stopped on request");
		return;
	case EVENT_ENDED:
		lg->reader.ended(lg->reader.context);
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
		on_connecting(lg, c);
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

/* One return from the wait call and all that follows from it. */
static void turn(struct load *lg)
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
	atomic_store_explicit(&lg->shared.connections_opened, lg->opened, memory_order_relaxed);
	atomic_store_explicit(&lg->shared.completed,
			      lg->warmup_completed + lg->counts.completed + lg->counts.drained,
			      memory_order_relaxed);
}

static void set_phase(struct load *lg, enum generator_phase phase)
{
	atomic_store_explicit(&lg->shared.phase, phase, memory_order_relaxed);
}

/*
 * Waits until the server has accepted all but `lag` of our connections, if its counters tell: the
 * accept queue is short, and a connection that does not fit into it costs a second. A server that
 * stops accepting is not waited for again.
 */
static void wait_accepted(struct load *lg, uint64_t accepted_before, uint64_t lag)
{
	uint64_t accepted, last = 0, last_ns = now_ns();
	struct timespec pause = ns_to_timespec(ACCEPT_POLL_NS);

	while (lg->pace_accepts && lg->reader.accepted(lg->reader.context, &accepted)) {
		uint64_t now = now_ns();

		if (accepted - accepted_before + lag >= lg->opened)
			return;
		if (accepted != last) {
			last = accepted;
			last_ns = now;
		}
		if (now - last_ns > ACCEPT_PATIENCE_NS || atomic_load(&lg->shared.stop))
			lg->pace_accepts = false;
		lg->syscalls++;
		(void)nanosleep(&pause, NULL);
	}
}

/* Begins as many connects as may be under way. Returns how many have begun in all. */
static uint32_t begin_connects(struct load *lg, uint32_t begun)
{
	while (begun < lg->config.connections && begun - lg->opened < CONNECTING_MAX) {
		struct conn *c = &lg->conns[begun];

		if (!conn_open(lg, c)) {
			fail(&lg->failure, LOADGEN_CONNECT_FAILED, "connect, connection %u of %u: %s", begun,
			     lg->config.connections, strerror(errno));
			break;
		}
		if (!conn_watch(lg, c, EPOLLIN | EPOLLOUT))
			break;
		begun++;
	}
	return begun;
}

static void read_moment(struct load *lg, enum load_moment moment)
{
	struct load_totals totals = {.opened = lg->opened,
				     .echoed = lg->warmup_bytes + lg->counts.bytes_verified,
				     .exact = lg->connection_errors == 0};

	lg->reader.read(lg->reader.context, moment, &totals);
}

static void connect_all(struct load *lg)
{
	uint64_t accepted_before = 0;
	uint64_t begin_ns;
	uint32_t begun = 0;

	lg->pace_accepts = lg->reader.accepted(lg->reader.context, &accepted_before);
	begin_ns = now_ns();
	lg->now_ns = begin_ns;
	set_next_alarm(lg);
	while (lg->failure.status == LOADGEN_OK && lg->opened < lg->config.connections) {
		begun = begin_connects(lg, begun);
		if (lg->failure.status != LOADGEN_OK)
			return;
		turn(lg);
		if (lg->opened < lg->config.connections &&
		    now_ns() - begin_ns > lg->config.connect_timeout_ns)
			fail(&lg->failure, LOADGEN_CONNECT_FAILED,
			     "%llu of %u connections established in %.3f s", (unsigned long long)lg->opened,
			     lg->config.connections,
			     (double)lg->config.connect_timeout_ns / (double)NS_PER_S);
		wait_accepted(lg, accepted_before, UNACCEPTED_MAX);
	}
	lg->connect_ns = now_ns() - begin_ns;
	if (lg->failure.status == LOADGEN_OK)
		wait_accepted(lg, accepted_before, 0);
	read_moment(lg, LOAD_CONNECTED);
	if (lg->failure.status == LOADGEN_OK && lg->connected < lg->config.connections)
		fail(&lg->failure, LOADGEN_CONNECT_FAILED,
		     "the server closed %u of %u connections before any request",
		     lg->config.connections - lg->connected, lg->config.connections);
}

/* The load is on from start_ns for duration_ns; what is in flight then stays in flight. */
static void load(struct load *lg, uint64_t start_ns, uint64_t duration_ns)
{
	lg->now_ns = start_ns;
	lg->deadline_ns = start_ns + duration_ns;
	lg->issuing = true;
	set_next_alarm(lg);
	if (lg->churn)
		churn_start(lg);
	else
		traffic_start(lg, start_ns);
	while (lg->issuing && lg->failure.status == LOADGEN_OK)
		turn(lg);
}

/* Until the server owes nothing. */
static void drain(struct load *lg)
{
	uint64_t limit_ns = DRAIN_STALLS_MAX * lg->config.stall_timeout_ns;

	while (busy(lg) && lg->failure.status == LOADGEN_OK) {
		turn(lg);
		if (busy(lg) && lg->now_ns - lg->ended_ns > limit_ns)
			fail_stalled(lg);
	}
	if (lg->failure.status == LOADGEN_OK &&
	    lg->in_flight_at_deadline != lg->counts.drained + lg->counts.lost)
		fail(&lg->failure, LOADGEN_UNBALANCED,
		     "in flight at the deadline %llu, but drained %llu + lost %llu",
		     (unsigned long long)lg->in_flight_at_deadline, (unsigned long long)lg->counts.drained,
		     (unsigned long long)lg->counts.lost);
}

/* A load of fewer connections than were asked for is another load: it is not measured under this name. */
static void fail_lost(struct load *lg, uint64_t lost, const char *when)
{
	if (lost > 0 && !lg->churn && lg->failure.status == LOADGEN_OK)
		fail(&lg->failure, LOADGEN_CONNECTIONS_LOST,
		     "%llu of %u connections were lost %s; the last: %s", (unsigned long long)lost,
		     lg->config.connections, when,
		     lg->last_error ? strerror(lg->last_error) : "closed by the server");
}

static void warm_up(struct load *lg)
{
	if (lg->config.warmup_ns > 0) {
		set_phase(lg, PHASE_WARMUP);
		load(lg, now_ns(), lg->config.warmup_ns);
		drain(lg);
	}
	lg->warmup_completed = lg->counts.completed + lg->counts.drained;
	lg->warmup_bytes = lg->counts.bytes_verified;
	fail_lost(lg, lg->connection_errors, "before the measured window");
}

/* Ours is read next to the window, the server's outside of it: it does not hold that work. */
static void read_start_edge(struct load *lg)
{
	struct load_edge *edge = &lg->edge[LOADGEN_EDGE_START];

	read_moment(lg, LOAD_START_EDGE);
	edge->syscalls = lg->syscalls;
	edge->wakeups = lg->wakeups;
	edge->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	edge->time_ns = now_ns();
	if (lg->config.marks)
		mark_window_start();
}

static void read_end_edge(struct load *lg)
{
	struct load_edge *edge = &lg->edge[LOADGEN_EDGE_END];

	if (lg->config.marks)
		mark_window_end();
	edge->time_ns = now_ns();
	edge->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	edge->syscalls = lg->syscalls;
	edge->wakeups = lg->wakeups;
	read_moment(lg, LOAD_END_EDGE);
}

static void measure(struct load *lg)
{
	memset(&lg->counts, 0, sizeof(lg->counts));
	lg->in_flight_at_deadline = 0;
	lg->due_unsent = 0;
	histogram_reset(&lg->response);
	histogram_reset(&lg->service);
	set_phase(lg, PHASE_MEASURING);
	read_start_edge(lg);
	if (lg->failure.status != LOADGEN_OK)
		return;
	lg->measuring = true;
	uint64_t start_ns = lg->edge[LOADGEN_EDGE_START].time_ns;
	load(lg, start_ns, lg->config.measure_ns);
	/* Cut short, the window ends now; its books are those of the moment. */
	if (lg->issuing) {
		lg->now_ns = now_ns();
		window_end(lg);
	}
	lg->window_ns = lg->ended_ns - start_ns;
	set_phase(lg, PHASE_DRAINING);
	drain(lg);
	fail_lost(lg, lg->idle_lost, "while they were idle");
	if (lg->failure.status == LOADGEN_OK)
		read_end_edge(lg);
}

void engine_run(struct load *lg)
{
	read_moment(lg, LOAD_UNCONNECTED);
	if (!lg->churn)
		connect_all(lg);
	if (lg->failure.status == LOADGEN_OK)
		warm_up(lg);
	if (lg->failure.status == LOADGEN_OK)
		measure(lg);
	conns_close_all(lg);
	set_phase(lg, PHASE_ENDED);
}
