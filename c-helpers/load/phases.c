#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "churn.h"
#include "conduct.h"
#include "conns.h"
#include "crew.h"
#include "engine.h"
#include "mark.h"
#include "phases.h"
#include "traffic.h"
#include "window.h"

/* Connects that are not established yet; and established ones that the server has not accepted. */
#define CONNECTING_MAX 128u
#define UNACCEPTED_MAX 512u
/* A server that accepts nothing for so long is not waited for: its counter may mean another thing. */
#define ACCEPT_PATIENCE_NS (200 * NS_PER_MS)
#define ACCEPT_POLL_NS (50 * NS_PER_US)
/* A drain that gets an answer now and then, but never ends, is a stall as well. */
#define DRAIN_STALLS_MAX 10
#define OWN_SCHEDSTAT "/proc/thread-self/schedstat"

static bool failed(const struct load *lg)
{
	return lg->failure.status != LOADGEN_OK;
}

static void set_phase(struct load *lg, enum generator_phase phase)
{
	if (lg->number == 0)
		atomic_store_explicit(&lg->crew->shared.phase, phase, memory_order_relaxed);
}

/* All threads are quiet, the first one reads, and all go on. False when one has failed. */
static bool read_together(struct load *lg, void (*read)(struct load *lg))
{
	if (!crew_meet(lg))
		return false;
	if (lg->number == 0)
		read(lg);
	return crew_meet(lg);
}

static void read_moment(struct load *lg, enum load_moment moment)
{
	struct load_totals totals = crew_totals(lg->crew);

	lg->crew->reader.read(lg->crew->reader.context, moment, &totals);
}

/*
 * Waits until the server has accepted all but `lag` of our connections, if its counters tell: the
 * accept queue is short, and a connection that does not fit into it costs a second. A server that
 * stops accepting is not waited for again.
 */
static void wait_accepted(struct load *lg, uint64_t lag)
{
	uint64_t accepted, last = 0, last_ns = now_ns();
	struct timespec pause = ns_to_timespec(ACCEPT_POLL_NS);

	while (lg->pace_accepts && crew_accepted(lg, &accepted)) {
		uint64_t now = now_ns();

		if (accepted - lg->crew->accepted_before + lag >= crew_opened(lg))
			return;
		if (accepted != last) {
			last = accepted;
			last_ns = now;
		}
		if (now - last_ns > ACCEPT_PATIENCE_NS || atomic_load(&lg->crew->shared.stop))
			lg->pace_accepts = false;
		lg->syscalls++;
		(void)nanosleep(&pause, NULL);
	}
}

/* Begins as many connects as may be under way. Returns how many have begun in all. */
static uint32_t begin_connects(struct load *lg, uint32_t begun)
{
	uint32_t under_way_max = CONNECTING_MAX / lg->crew->threads;

	if (under_way_max == 0)
		under_way_max = 1;
	while (begun < lg->config.connections && begun - lg->opened < under_way_max) {
		struct conn *c = &lg->conns[begun];

		if (!conn_open(lg, c)) {
			fail(&lg->failure, LOADGEN_CONNECT_FAILED, "connect, connection %u of %u: %s",
			     conn_number(lg, c), lg->crew->connections, strerror(errno));
			break;
		}
		if (!conn_watch(lg, c, EPOLLIN | EPOLLOUT))
			break;
		begun++;
	}
	return begun;
}

static void read_unconnected(struct load *lg)
{
	struct crew *crew = lg->crew;

	read_moment(lg, LOAD_UNCONNECTED);
	crew->pace_accepts = crew_accepted(lg, &crew->accepted_before);
}

static void read_connected(struct load *lg)
{
	uint32_t connected = 0;

	wait_accepted(lg, 0);
	read_moment(lg, LOAD_CONNECTED);
	for (uint32_t i = 0; i < lg->crew->threads; i++)
		connected += lg->crew->load[i].connected;
	if (!failed(lg) && connected < lg->crew->connections)
		fail(&lg->failure, LOADGEN_CONNECT_FAILED,
		     "the server closed %u of %u connections before any request",
		     lg->crew->connections - connected, lg->crew->connections);
}

static bool connect_all(struct load *lg)
{
	uint64_t begin_ns = now_ns();
	uint32_t begun = 0;

	lg->pace_accepts = lg->crew->pace_accepts;
	lg->now_ns = begin_ns;
	engine_set_alarm(lg);
	while (!failed(lg) && lg->opened < lg->config.connections) {
		begun = begin_connects(lg, begun);
		if (failed(lg))
			return false;
		engine_turn(lg);
		if (lg->opened < lg->config.connections &&
		    now_ns() - begin_ns > lg->config.connect_timeout_ns)
			fail(&lg->failure, LOADGEN_CONNECT_FAILED,
			     "%llu of %u connections established in %.3f s",
			     (unsigned long long)crew_opened(lg), lg->crew->connections,
			     (double)lg->config.connect_timeout_ns / (double)NS_PER_S);
		wait_accepted(lg, UNACCEPTED_MAX);
	}
	lg->connect_ns = now_ns() - begin_ns;
	return read_together(lg, read_connected);
}

/* The load is on from start_ns for duration_ns; what is in flight then stays in flight. */
static void load(struct load *lg, uint64_t start_ns, uint64_t duration_ns)
{
	lg->now_ns = start_ns;
	lg->deadline_ns = start_ns + duration_ns;
	lg->issuing = true;
	engine_set_alarm(lg);
	if (lg->churn)
		churn_start(lg);
	else
		traffic_start(lg, start_ns);
	while (lg->issuing && !failed(lg))
		engine_turn(lg);
}

/* Until the server owes nothing. */
static void drain(struct load *lg)
{
	uint64_t limit_ns = DRAIN_STALLS_MAX * lg->config.stall_timeout_ns;

	while (engine_busy(lg) && !failed(lg)) {
		engine_turn(lg);
		if (engine_busy(lg) && lg->now_ns - lg->ended_ns > limit_ns)
			engine_fail_stalled(lg);
	}
	if (!failed(lg) && lg->in_flight_at_deadline != lg->counts.drained + lg->counts.lost)
		fail(&lg->failure, LOADGEN_UNBALANCED,
		     "in flight at the deadline %llu, but drained %llu + lost %llu",
		     (unsigned long long)lg->in_flight_at_deadline, (unsigned long long)lg->counts.drained,
		     (unsigned long long)lg->counts.lost);
}

/* A load of fewer connections than were asked for is another load: it is not measured under this name. */
static void fail_lost(struct load *lg, uint64_t (*count)(const struct load *lg), const char *when)
{
	const struct crew *crew = lg->crew;
	uint64_t lost = 0;
	int error = 0;

	for (uint32_t i = 0; i < crew->threads && !lg->churn; i++) {
		lost += count(&crew->load[i]);
		if (count(&crew->load[i]) > 0)
			error = crew->load[i].last_error;
	}
	if (lost > 0 && !failed(lg))
		fail(&lg->failure, LOADGEN_CONNECTIONS_LOST,
		     "%llu of %u connections were lost %s; the last: %s", (unsigned long long)lost,
		     crew->connections, when, error ? strerror(error) : "closed by the server");
}

static uint64_t lost_any(const struct load *lg)
{
	return lg->connection_errors;
}

static uint64_t lost_idle(const struct load *lg)
{
	return lg->idle_lost;
}

static void warm_up(struct load *lg)
{
	if (lg->config.warmup_ns > 0) {
		set_phase(lg, PHASE_WARMUP);
		load(lg, crew_met_ns(lg), lg->config.warmup_ns);
		drain(lg);
	}
	lg->warmup_completed = lg->counts.completed + lg->counts.drained;
	lg->warmup_bytes = lg->counts.bytes_verified;
}

/* The second number of schedstat: how long this thread was ready, and others ran. */
static uint64_t own_run_delay_ns(void)
{
	char text[128];
	unsigned long long ran, waited;
	int fd = open(OWN_SCHEDSTAT, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return RUN_DELAY_UNKNOWN;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return RUN_DELAY_UNKNOWN;
	text[n] = '\0';
	return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited : RUN_DELAY_UNKNOWN;
}

static void read_start_edge(struct load *lg)
{
	fail_lost(lg, lost_any, "before the measured window");
	if (failed(lg))
		return;
	set_phase(lg, PHASE_MEASURING);
	read_moment(lg, LOAD_START_EDGE);
}

static void read_end_edge(struct load *lg)
{
	fail_lost(lg, lost_idle, "while they were idle");
	if (!failed(lg))
		read_moment(lg, LOAD_END_EDGE);
}

/* Ours is read next to the window, the server's outside of it: it does not hold that work. */
static bool begin_window(struct load *lg)
{
	struct load_edge *edge = &lg->edge[LOADGEN_EDGE_START];

	edge->run_delay_ns = own_run_delay_ns();
	/* Whoever waited for the reading wakes at a moment of its own; so they meet once more. */
	if (!read_together(lg, read_start_edge) || !crew_meet(lg))
		return false;
	edge->syscalls = lg->syscalls;
	edge->wakeups = lg->wakeups;
	edge->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	edge->time_ns = crew_met_ns(lg);
	if (lg->config.marks)
		mark_window_start();
	return true;
}

static bool end_window(struct load *lg)
{
	struct load_edge *edge = &lg->edge[LOADGEN_EDGE_END];

	if (lg->config.marks)
		mark_window_end();
	edge->time_ns = now_ns();
	edge->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	edge->syscalls = lg->syscalls;
	edge->wakeups = lg->wakeups;
	edge->run_delay_ns = own_run_delay_ns();
	return read_together(lg, read_end_edge);
}

static void measure(struct load *lg)
{
	memset(&lg->counts, 0, sizeof(lg->counts));
	lg->in_flight_at_deadline = 0;
	lg->due_unsent = 0;
	histogram_reset(&lg->response);
	histogram_reset(&lg->service);
	if (!begin_window(lg))
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
	if (!failed(lg))
		(void)end_window(lg);
}

static void tell_completed(struct load *lg)
{
	atomic_store_explicit(&lg->progress.completed,
			      lg->warmup_completed + lg->counts.completed + lg->counts.drained,
			      memory_order_relaxed);
}

static bool warm_up_conducted(struct load *lg)
{
	const struct conduct_answer *answer = &lg->conducted->answer;

	if (lg->config.warmup_ns == 0)
		return true;
	set_phase(lg, PHASE_WARMUP);
	if (!conduct_ask(lg, CONDUCT_WARM_UP, lg->config.warmup_ns))
		return false;
	lg->warmup_completed = answer->completed + answer->in_flight;
	tell_completed(lg);
	return true;
}

/* The program rests at both edges: in its read of what it is asked next. */
static bool measure_conducted(struct load *lg)
{
	conduct_note_pages(lg, LOADGEN_EDGE_START);
	if (!begin_window(lg) || !conduct_ask(lg, CONDUCT_MEASURE, lg->config.measure_ns))
		return false;
	conduct_book(lg);
	tell_completed(lg);
	lg->measuring = true;
	set_phase(lg, PHASE_DRAINING);
	return end_window(lg);
}

static void run_conducted(struct load *lg)
{
	if (conduct_open(lg) && conduct_ask(lg, CONDUCT_SETTLE, 0) && warm_up_conducted(lg) &&
	    measure_conducted(lg) && conduct_ask(lg, CONDUCT_CHECK, 0))
		conduct_note_pages(lg, LOADGEN_EDGE_END);
	conduct_close(lg);
}

static void run_load(struct load *lg)
{
	bool connected = read_together(lg, read_unconnected) && (lg->churn || connect_all(lg));

	if (connected && crew_meet(lg))
		warm_up(lg);
	if (!failed(lg))
		measure(lg);
}

void phases_run(struct load *lg)
{
	if (lg->conducted)
		run_conducted(lg);
	else
		run_load(lg);
	crew_leave(lg);
	conns_close_all(lg);
	set_phase(lg, PHASE_ENDED);
}
