#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../server/counters.h"
#include "../wire/clock.h"
#include "agreement.h"
#include "edges.h"
#include "observer.h"
#include "tasks.h"

_Static_assert(LOADGEN_COUNTERS_MAX == COUNTERS_MAX, "the page has more counters than the report");
_Static_assert(LOADGEN_COUNTER_NAME_BYTES == COUNTER_NAME_BYTES, "counter names differ in length");

/* How long the server may take to answer SIGUSR1; unanswered, the edge says sampled = 0. */
#define SAMPLE_TIMEOUT_NS (2 * NS_PER_S)
/* It usually answers within this time: yield, do not sleep. */
#define SAMPLE_YIELD_NS (100 * NS_PER_US)
#define SAMPLE_POLL_NS (50 * NS_PER_US)
/* A server whose counters stand still for so long rests in its wait call. */
#define SETTLE_POLL_NS (200 * NS_PER_US)
#define SETTLE_POLLS_MAX 5
/*
 * How long a traced server may take until all of its tasks sleep; then the edge says rested = 0. One whose
 * counters grow so many times meanwhile spins, and is not waited for again.
 */
#define REST_TIMEOUT_NS (2 * NS_PER_S)
#define REST_GROWN_MAX 500
/* Children come and go while the load is quiet only for as long as the last ones take to end. */
#define CHILDREN_TRIES_MAX 100

static const struct counters_header *page_header(const struct edges *e)
{
	return (const struct counters_header *)(const void *)e->page;
}

static bool page_plausible(const struct counters_header *h, size_t bytes)
{
	return __atomic_load_n(&h->magic, __ATOMIC_ACQUIRE) == COUNTERS_MAGIC &&
	       h->version == COUNTERS_VERSION && h->counters <= COUNTERS_MAX &&
	       h->header_bytes >= sizeof(*h) && h->header_bytes % sizeof(uint64_t) == 0 &&
	       h->slot_bytes >= h->counters * sizeof(uint64_t) && h->slot_bytes % sizeof(uint64_t) == 0 &&
	       h->header_bytes + (uint64_t)h->slots_max * h->slot_bytes <= bytes;
}

static void read_names(struct edges *e)
{
	const struct counters_header *h = page_header(e);

	for (uint32_t i = 0; i < e->counters; i++)
		memcpy(e->names[i], h->names[i], COUNTER_NAME_BYTES - 1);
}

static void map_page(struct observer *o)
{
	struct edges *e = &o->edges;
	const char *path = o->config->counters_path;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fail_call(o->failure, "open(%s)", path);
		return;
	}
	if (fstat(fd, &st) < 0) {
		fail_call(o->failure, "fstat(%s)", path);
		goto out;
	}
	if ((size_t)st.st_size < sizeof(struct counters_header)) {
		fail(o->failure, LOADGEN_SYSTEM, "%s is not a counters page: %lld bytes", path,
		     (long long)st.st_size);
		goto out;
	}
	void *page = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		fail_call(o->failure, "mmap(%s)", path);
		goto out;
	}
	e->page = page;
	e->page_bytes = (size_t)st.st_size;
	const struct counters_header *h = page_header(e);
	if (!page_plausible(h, e->page_bytes)) {
		fail(o->failure, LOADGEN_SYSTEM, "%s is not a counters page of version %u", path,
		     COUNTERS_VERSION);
		goto out;
	}
	e->counters = h->counters;
	e->slots_max = h->slots_max;
	e->header_bytes = h->header_bytes;
	e->slot_bytes = h->slot_bytes;
	e->processes = h->processes != 0;
	read_names(e);
out:
	(void)close(fd);
}

void edges_open(struct observer *o)
{
	struct edges *e = &o->edges;

	if (o->config->counters_path[0])
		map_page(o);
	if (o->config->server_pid > 0) {
		int error = clock_getcpuclockid(o->config->server_pid, &e->cpu_clock);

		e->cpu_clock_known = error == 0;
		if (error != 0) {
			errno = error;
			fail_call(o->failure, "clock_getcpuclockid(%d)", o->config->server_pid);
		}
	}
}

void edges_close(struct observer *o)
{
	if (o->edges.page)
		(void)munmap((void *)(uintptr_t)o->edges.page, o->edges.page_bytes);
	o->edges.page = NULL;
	children_free(&o->edges.children);
	children_free(&o->edges.again);
}

/* Slots have one writer each and only grow: a sum taken at any moment is a true lower bound. */
static uint32_t slots_used(const struct edges *e)
{
	uint32_t slots = __atomic_load_n(&page_header(e)->slots_used, __ATOMIC_ACQUIRE);

	return slots < e->slots_max ? slots : e->slots_max;
}

static uint64_t read_counter(const struct edges *e, uint32_t slot, uint32_t counter)
{
	const uint8_t *values = e->page + e->header_bytes + (size_t)slot * e->slot_bytes;

	return __atomic_load_n((const uint64_t *)(const void *)values + counter, __ATOMIC_RELAXED);
}

static void sum_counters(const struct edges *e, uint64_t *sums)
{
	if (!e->page)
		return;
	uint32_t slots = slots_used(e);

	memset(sums, 0, LOADGEN_COUNTERS_MAX * sizeof(*sums));
	for (uint32_t slot = 0; slot < slots; slot++)
		for (uint32_t i = 0; i < e->counters; i++)
			sums[i] += read_counter(e, slot, i);
}

bool edges_counter(const struct edges *e, const char *name, uint64_t *sum)
{
	uint32_t counter = 0;

	while (counter < e->counters && strcmp(e->names[counter], name) != 0)
		counter++;
	if (!e->page || counter == e->counters)
		return false;
	uint32_t slots = slots_used(e);

	*sum = 0;
	for (uint32_t slot = 0; slot < slots; slot++)
		*sum += read_counter(e, slot, counter);
	return true;
}

/* Asked often while connections open: reads this one counter, and leaves the others' lines alone. */
bool edges_accepted(struct observer *o, uint64_t *accepted)
{
	if (o->session.leader != 0) {
		/* It does not count them. Those that do not wait are accepted: any number, once some are
		 * open. */
		bool some = o->accepts_asked && !sockets_waiting((uint16_t)o->config->server_port);

		*accepted = some ? UINT32_MAX : 0;
		o->accepts_asked = true;
		return true;
	}
	return edges_counter(&o->edges, "accepted", accepted);
}

static void pause_ns(uint64_t ns)
{
	struct timespec pause = ns_to_timespec(ns);

	(void)nanosleep(&pause, NULL);
}

/* Asks for what only the server can tell, and waits for the answer, which stands in the page. */
static bool ask(struct observer *o)
{
	if (!o->edges.page || o->config->server_pid <= 0)
		return false;
	const struct counters_header *h = page_header(&o->edges);
	uint64_t seq = __atomic_load_n(&h->sample_seq, __ATOMIC_ACQUIRE);
	uint64_t asked_ns = now_ns();

	if (kill(o->config->server_pid, SIGUSR1) < 0)
		return false;
	while (__atomic_load_n(&h->sample_seq, __ATOMIC_ACQUIRE) == seq) {
		uint64_t waited_ns = now_ns() - asked_ns;

		if (waited_ns > SAMPLE_TIMEOUT_NS)
			return false;
		if (waited_ns < SAMPLE_YIELD_NS)
			(void)sched_yield();
		else
			pause_ns(SAMPLE_POLL_NS);
	}
	return true;
}

static bool list_children(struct observer *o, struct children *children)
{
	if (children_list(children, o->config->server_pid, false))
		return true;
	fail(o->failure, LOADGEN_SYSTEM, "out of memory for the list of the server's processes");
	return false;
}

/*
 * What the children use is in two places: with those that live, and in what the server says of those that it
 * has waited for. One that passes from here to there meanwhile would count twice or not at all, so both are
 * read until the children are the same before and after.
 */
static bool children_stood_still(struct observer *o)
{
	struct edges *e = &o->edges;

	return list_children(o, &e->again) && e->children.ended == 0 &&
	       children_same(&e->children, &e->again);
}

static void sample(struct observer *o, struct loadgen_edge *edge)
{
	struct edges *e = &o->edges;
	struct switches live = {0};

	for (int tries = 0; tries < CHILDREN_TRIES_MAX; tries++) {
		if (e->processes && list_children(o, &e->children))
			live = children_switches(&e->children);
		if (!ask(o))
			return;
		if (!e->processes || children_stood_still(o))
			break;
	}
	edge->sampled = 1;
	edge->server_voluntary_switches = page_header(e)->sample_voluntary_switches + live.voluntary;
	edge->server_involuntary_switches = page_header(e)->sample_involuntary_switches + live.involuntary;
}

/*
 * Waits until the server rests in its wait call. The kernel brings the CPU clock of a task that
 * runs on another CPU up to date only at ticks and when it is switched out: read while the server
 * still finishes its turn, the clock would lag by up to a tick. False for a server that never rests.
 */
static bool settle(const struct observer *o)
{
	const struct edges *e = &o->edges;
	uint64_t before[LOADGEN_COUNTERS_MAX] = {0}, after[LOADGEN_COUNTERS_MAX] = {0};

	sum_counters(e, before);
	for (int polls = 0; polls < SETTLE_POLLS_MAX; polls++) {
		pause_ns(SETTLE_POLL_NS);
		if (o->session.leader != 0) {
			if (session_rests(&o->session))
				return true;
			continue;
		}
		sum_counters(e, after);
		if (memcmp(before, after, e->counters * sizeof(before[0])) == 0)
			return true;
		memcpy(before, after, sizeof(before));
	}
	return false;
}

static bool children_at_rest(struct observer *o)
{
	struct edges *e = &o->edges;

	return !e->processes || (list_children(o, &e->children) && children_rest(&e->children));
}

/* Waits until every task of the server sleeps. False after the time, and for a server that spins. */
static bool wait_rest(struct observer *o, uint64_t until_ns)
{
	struct edges *e = &o->edges;
	uint64_t last[LOADGEN_COUNTERS_MAX] = {0}, now[LOADGEN_COUNTERS_MAX] = {0};

	sum_counters(e, last);
	for (uint32_t grown = 0; !e->spins && now_ns() < until_ns;) {
		if (o->session.leader != 0 ? session_rests(&o->session)
					   : tasks_rest(o->config->server_pid) && children_at_rest(o))
			return true;
		pause_ns(SETTLE_POLL_NS);
		sum_counters(e, now);
		grown += memcmp(last, now, sizeof(last)) != 0;
		memcpy(last, now, sizeof(last));
		e->spins = grown > REST_GROWN_MAX;
	}
	return false;
}

/*
 * The counters, and between two readings of them the traces. Nothing is stopped for it: a call that
 * SIGSTOP interrupts is entered again after SIGCONT (recvfrom, accept4, pselect6; poll as
 * restart_syscall), so the kernel would count calls that the server does not make. Instead the server
 * is caught asleep, which takes more than counters that stand still: a task that has counted its call
 * and then lost its CPU enters it later.
 */
static void read_counters(struct observer *o, enum loadgen_edge_id id)
{
	struct edges *e = &o->edges;
	uint64_t *before = e->sums[id][LOADGEN_BEFORE_TRACES], *after = e->sums[id][LOADGEN_AFTER_TRACES];
	uint64_t until_ns = now_ns() + REST_TIMEOUT_NS;
	bool rested, same;

	if (o->config->trace_events == 0) {
		sum_counters(e, before);
		memcpy(after, before, sizeof(e->sums[id][0]));
		return;
	}
	do {
		rested = wait_rest(o, until_ns);
		sum_counters(e, before);
		traces_read(o, e->traces[id]);
		sum_counters(e, after);
		same = memcmp(before, after, sizeof(e->sums[id][0])) == 0;
	} while (rested && !same);
	e->edge[id].rested = rested;
}

static void read_kernel_threads(struct observer *o, struct loadgen_edge *edge)
{
	if (!o->config->kernel_threads)
		return;
	struct kernel_threads kernel = tasks_kernel_threads(o->config->server_pid);

	edge->kernel_threads = kernel.threads;
	edge->sqp_cpu_ns = kernel.sqp_cpu_ns;
	edge->wrk_cpu_ns = kernel.wrk_cpu_ns;
}

static void read_file(const char *path, struct edge_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	file->bytes = 0;
	if (fd < 0)
		return;
	while (file->bytes < sizeof(file->text)) {
		ssize_t n = read(fd, file->text + file->bytes, sizeof(file->text) - file->bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		file->bytes += (uint32_t)n;
	}
	(void)close(fd);
}

static void read_files(struct observer *o, enum loadgen_edge_id id)
{
	o->edges.edge[id].files_ns = now_ns();
	for (uint32_t i = 0; i < o->config->edge_files; i++)
		read_file(o->config->edge_path[i], &o->edges.file[id][i]);
}

static void read_hardware(struct observer *o, struct loadgen_edge *edge)
{
	if (o->config->hardware)
		hardware_read(&o->hardware, edge);
}

static uint64_t own_cpu_ns(struct observer *o)
{
	uint64_t ns = clock_ns(o->edges.cpu_clock);

	if (ns == 0) /* the clock ends with its process */
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d ended", o->config->server_pid);
	return ns;
}

/* The clocks come before the question, so that at the end edge the answer's own CPU is not in the window. */
static uint64_t server_cpu_ns(struct observer *o)
{
	struct edges *e = &o->edges;
	uint64_t ns = 0;

	if (!e->cpu_clock_known)
		return 0;
	if (o->session.leader != 0)
		return session_cpu_ns(&o->session);
	if (!e->processes)
		return own_cpu_ns(o);
	for (int tries = 0; tries < CHILDREN_TRIES_MAX; tries++) {
		if (!list_children(o, &e->children))
			return 0;
		ns = own_cpu_ns(o) + children_cpu_ns(&e->children);
		if (!ask(o)) {
			fail(o->failure, LOADGEN_SYSTEM,
			     "the server does not say what CPU its ended children used");
			return 0;
		}
		ns += page_header(e)->sample_children_cpu_ns;
		if (children_stood_still(o))
			break;
	}
	return ns;
}

void edges_read_setup(struct observer *o, enum loadgen_edge_id id)
{
	struct edges *e = &o->edges;

	if (!e->page)
		return;
	(void)settle(o);
	if (id == LOADGEN_EDGE_START)
		agreement_begin(o);
	sum_counters(e, e->setup[id]);
}

/* How long a connection may wait for accept when all are open; a server that lacks something costs it. */
#define ACCEPT_TIMEOUT_NS (5 * NS_PER_S)

/* Whose sockets the load talks to, and whether the server has taken them all. */
static void read_sockets(struct observer *o, const struct load_totals *totals)
{
	uint16_t port = (uint16_t)o->config->server_port;
	uint64_t until_ns = now_ns() + ACCEPT_TIMEOUT_NS;
	bool held = o->config->mode != LOADGEN_CHURN && totals->exact;

	for (;;) {
		o->sockets_errno = sockets_read(port, &o->sockets);
		if (o->sockets_errno != 0 || !held || o->sockets.accepted >= totals->opened)
			return;
		if (now_ns() > until_ns)
			break;
		pause_ns(SETTLE_POLL_NS);
	}
	fail(o->failure, LOADGEN_COUNTS_DIFFER,
	     "the server has accepted %llu of %llu connections, and %llu wait for it",
	     (unsigned long long)o->sockets.accepted, (unsigned long long)totals->opened,
	     (unsigned long long)o->sockets.waiting);
}

/* What a server that knows nothing of us cannot tell of itself; its processes are looked for anew. */
static void read_session(struct observer *o, enum loadgen_edge_id id, const struct load_totals *totals)
{
	struct loadgen_edge *edge = &o->edges.edge[id];

	if (o->session.leader == 0)
		return;
	if (!session_find(&o->session))
		fail(o->failure, LOADGEN_SERVER_GONE, "the server's process %d ended", o->session.leader);
	if (id == LOADGEN_EDGE_START) {
		read_sockets(o, totals);
		session_switches_begin(&o->session);
		edge->sampled = 1;
		return;
	}
	session_switches_end(&o->session);
	o->processes = o->session.count;
	o->tasks_ended = o->session.ended;
	o->threads = o->session.threads;
	o->rss_max_bytes = o->session.rss_max_bytes;
	edge->sampled = o->session.ended == 0;
	edge->server_voluntary_switches = o->session.voluntary;
	edge->server_involuntary_switches = o->session.involuntary;
}

void edges_read_start(struct observer *o, const struct load_totals *totals)
{
	struct edges *e = &o->edges;
	struct loadgen_edge *edge = &e->edge[LOADGEN_EDGE_START];

	agreement_await(o, totals);
	read_files(o, LOADGEN_EDGE_START);
	read_session(o, LOADGEN_EDGE_START, totals);
	sample(o, edge);
	e->restless = !settle(o);
	/* What it does to answer, getrusage, brings the clock of its running thread up to date. */
	if (e->restless)
		sample(o, edge);
	read_counters(o, LOADGEN_EDGE_START);
	read_kernel_threads(o, edge);
	read_hardware(o, edge);
	edge->server_cpu_ns = server_cpu_ns(o);
}

void edges_read_end(struct observer *o, const struct load_totals *totals)
{
	struct edges *e = &o->edges;
	struct loadgen_edge *edge = &e->edge[LOADGEN_EDGE_END];

	agreement_await(o, totals);
	read_session(o, LOADGEN_EDGE_END, totals);
	bool rests = !e->restless && settle(o);
	if (rests)
		edge->server_cpu_ns = server_cpu_ns(o);
	read_hardware(o, edge);
	read_kernel_threads(o, edge);
	read_counters(o, LOADGEN_EDGE_END);
	sample(o, edge);
	if (!rests)
		edge->server_cpu_ns = server_cpu_ns(o);
	read_files(o, LOADGEN_EDGE_END);
	agreement_check(o, totals);
}
