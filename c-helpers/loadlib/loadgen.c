/*
 * loadgen.c - the interface of abi.h: joins the load, which knows an address, with the observer, which
 * knows a process. Neither includes anything of the other.
 *
 * Folders include only those below: loadlib -> load, observer -> wire; observer -> server/counters.h.
 */
#define _GNU_SOURCE 1 /* CPU sets */

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../load/conduct.h"
#include "../load/conns.h"
#include "../load/crew.h"
#include "../load/engine.h"
#include "../load/load.h"
#include "../load/phases.h"
#include "../observer/observer.h"
#include "../observer/tasks.h"
#include "../wire/clock.h"

/* For the process around it to open while the run lasts; and those of a thread's own loop. */
#define FDS_RESERVED 28u
#define FDS_PER_THREAD 4u
#define CONNECTIONS_MAX 1000000u
#define MESSAGE_BYTES_MAX (1u << 30)
#define REQUESTS_MAX (1ull << 24) /* in flight over all connections; 16 bytes each */
#define RATE_MAX_PER_S 1e8
#define DURATION_MAX_NS (86400 * NS_PER_S)
#define TIMER_SLACK_NS 1 /* the least there is; the default of 50 us would be lateness */
/* A thread that others wait for may be connecting, or draining for ten stalls. */
#define MEET_STALLS 12

struct loadgen {
	struct crew crew; /* first: it is aligned to cache lines */
	struct observer observer;
	struct loadgen_config config;
	/* Of the run, once it has ended. */
	struct failure failure;
	struct histogram response, service, submit;
};

uint32_t loadgen_abi_version(void)
{
	return LOADGEN_ABI_VERSION;
}

uint32_t loadgen_histogram_buckets(void)
{
	return HISTOGRAM_BUCKETS;
}

static uint32_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t fds = 0;

	if (!dir)
		return 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			fds++;
	(void)closedir(dir);
	return fds;
}

/* Without those of the CPU's counters, which a run can do without. */
static uint64_t fds_needed(const struct loadgen_config *config)
{
	uint64_t traces = (uint64_t)config->trace_events * tasks_count(config->server_pid);

	return config->connections + traces + open_fds() + FDS_RESERVED +
	       (uint64_t)config->client_threads * FDS_PER_THREAD;
}

static bool enough_fds(const struct loadgen_config *config, char *message)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		(void)snprintf(message, LOADGEN_MESSAGE_BYTES, "getrlimit(RLIMIT_NOFILE): %s",
			       strerror(errno));
		return false;
	}
	uint64_t needed = fds_needed(config);
	if (needed <= limit.rlim_cur)
		return true;
	(void)snprintf(message, LOADGEN_MESSAGE_BYTES,
		       "%u connections%s need %llu file descriptors in the load generator, and "
		       "RLIMIT_NOFILE is %llu (ulimit -n)",
		       config->connections, config->trace_events ? " and the traces" : "",
		       (unsigned long long)needed, (unsigned long long)limit.rlim_cur);
	return false;
}

/* Leaves the CPU's counters out where their descriptors would be missing for connections. */
static void fit_hardware(struct loadgen *all)
{
	struct loadgen_config *config = &all->config;
	uint64_t events = (uint64_t)LOADGEN_HARDWARE_EVENTS * tasks_count(config->server_pid);
	struct rlimit limit;

	if (!config->hardware || getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    fds_needed(config) + events <= limit.rlim_cur)
		return;
	config->hardware = 0;
	for (uint32_t i = 0; i < LOADGEN_HARDWARE_EVENTS; i++)
		all->observer.hardware.error[i] = EMFILE;
}

static bool cpus_known(const struct loadgen_config *config)
{
	for (uint32_t i = 0; i < config->client_threads; i++)
		if (config->client_cpu[i] < -1 || config->client_cpu[i] >= CPU_SETSIZE)
			return false;
	return true;
}

/* Bounded and ended strings: the config comes from another language. */
static bool paths_end(const struct loadgen_config *config)
{
	if (!memchr(config->counters_path, 0, LOADGEN_PATH_BYTES))
		return false;
	for (uint32_t i = 0; i < config->edge_files; i++)
		if (!memchr(config->edge_path[i], 0, LOADGEN_PATH_BYTES))
			return false;
	return true;
}

/* What a load has and a file program has one of: its connection. */
static bool conducts_one(const struct loadgen_config *config)
{
	return config->connections == 1 && config->active == 1 && config->depth == 1 &&
	       config->client_threads == 1;
}

static const char *find_fault(const struct loadgen_config *config)
{
	bool churn = config->mode == LOADGEN_CHURN;
	bool open_loop = config->mode == LOADGEN_OPEN_FIXED || config->mode == LOADGEN_OPEN_POISSON;

	if (config->abi_version != LOADGEN_ABI_VERSION)
		return "abi_version is not the one this library was built with";
	if (config->mode > LOADGEN_CONDUCT)
		return "mode is none that there is";
	if (config->server_ipv4 >> 24 != 127)
		return "server_ipv4 is not in 127.0.0.0/8: this generator loads nobody else";
	if (config->server_port == 0 || config->server_port > UINT16_MAX)
		return "server_port is not a port";
	if (config->connections == 0 || config->connections > CONNECTIONS_MAX)
		return "connections is not within 1..1000000";
	if (!churn && (config->active == 0 || config->active > config->connections))
		return "active is not within 1..connections";
	if (!churn && (config->depth == 0 || (uint64_t)config->active * config->depth > REQUESTS_MAX))
		return "active * depth is not within 1..16777216";
	if (config->message_bytes == 0 || config->message_bytes > MESSAGE_BYTES_MAX)
		return "message_bytes is not within 1..1073741824";
	if (config->mode == LOADGEN_CONDUCT && !conducts_one(config))
		return "connections, active, depth and client_threads are not all 1, as conduct wants them";
	if (config->mode == LOADGEN_CONDUCT && config->message_bytes % CONDUCT_BLOCK_BYTES != 0)
		return "message_bytes is not a multiple of 4096, as conduct wants it";
	if (config->server_pid < 0)
		return "server_pid is negative";
	if (config->client_threads == 0 || config->client_threads > LOADGEN_THREADS_MAX)
		return "client_threads is not within 1..256";
	if (!cpus_known(config))
		return "client_cpu is neither -1 nor a CPU number";
	if (config->edge_files > LOADGEN_EDGE_FILES_MAX)
		return "edge_files is over the limit of 12";
	if (config->trace_events > LOADGEN_TRACE_MAX)
		return "trace_events is over the limit of 64";
	if ((config->trace_events > 0 || config->kernel_threads || config->hardware) &&
	    config->server_pid == 0)
		return "trace_events, kernel_threads and hardware need server_pid";
	if (!paths_end(config))
		return "a path has no end";
	if (config->measure_ns == 0 || config->measure_ns > DURATION_MAX_NS ||
	    config->warmup_ns > DURATION_MAX_NS)
		return "measure_ns or warmup_ns is not within a day";
	if (config->connect_timeout_ns == 0 || config->connect_timeout_ns > DURATION_MAX_NS ||
	    config->stall_timeout_ns == 0 || config->stall_timeout_ns > DURATION_MAX_NS)
		return "connect_timeout_ns or stall_timeout_ns is not within a day";
	if (open_loop && !(config->rate_per_s > 0 && config->rate_per_s <= RATE_MAX_PER_S))
		return "rate_per_s is not within 0..100000000";
	return NULL;
}

static bool allocate(struct load *lg, const struct loadgen_config *config)
{
	size_t line = GENERATOR_CACHE_LINE;
	struct schedule_plan plan = {.poisson = config->mode == LOADGEN_OPEN_POISSON,
				     .rate_per_s = config->rate_per_s,
				     .seed = config->seed,
				     .all = lg->crew->active,
				     .first = lg->number,
				     .step = lg->crew->threads};

	lg->conns = aligned_alloc(line, lg->config.connections * sizeof(*lg->conns));
	lg->active_conn = calloc(lg->active, sizeof(*lg->active_conn));
	if (lg->depth > 1)
		lg->times = calloc((size_t)lg->active * lg->depth, sizeof(*lg->times));
	lg->events = calloc(GENERATOR_EVENTS_MAX, sizeof(*lg->events));
	if (!lg->conns || !lg->active_conn || (lg->depth > 1 && !lg->times) || !lg->events)
		return false;
	if (config->mode == LOADGEN_CONDUCT && !conduct_create(lg))
		return false;
	return !lg->open_loop || schedule_create(&lg->schedule, &plan);
}

/* The active connections are spread evenly over all of them. */
static void place_active(struct load *lg)
{
	for (uint32_t i = 0; i < lg->config.connections; i++)
		lg->conns[i] = (struct conn){.fd = -1, .slot = SLOT_IDLE};
	for (uint32_t slot = 0; slot < lg->active; slot++) {
		uint32_t i = (uint32_t)((uint64_t)slot * lg->config.connections / lg->active);

		lg->active_conn[slot] = i;
		lg->conns[i].slot = slot;
	}
}

static bool init_load(struct load *lg, const struct loadgen_config *config)
{
	lg->cpu = config->client_cpu[lg->number];
	lg->config =
		(struct load_config){.server_ipv4 = config->server_ipv4,
				     .server_port = config->server_port,
				     .connections = crew_share(lg->crew, lg->number, config->connections),
				     .warmup_ns = config->warmup_ns,
				     .measure_ns = config->measure_ns,
				     .connect_timeout_ns = config->connect_timeout_ns,
				     .stall_timeout_ns = config->stall_timeout_ns};
	lg->churn = config->mode == LOADGEN_CHURN;
	lg->open_loop = config->mode == LOADGEN_OPEN_FIXED || config->mode == LOADGEN_OPEN_POISSON;
	lg->active = crew_share(lg->crew, lg->number, lg->crew->active);
	lg->depth = lg->churn ? 1 : config->depth;
	lg->message_bytes = config->message_bytes;
	lg->pattern = &lg->crew->pattern;
	if (!allocate(lg, config))
		return false;
	place_active(lg);
	histogram_reset(&lg->response);
	histogram_reset(&lg->service);
	return true;
}

/* A thread without an active connection would have nothing to do. */
static void plan_crew(struct crew *crew, const struct loadgen_config *config)
{
	crew->connections = config->connections;
	crew->active = config->mode == LOADGEN_CHURN ? config->connections : config->active;
	crew->threads = config->client_threads < crew->active ? config->client_threads : crew->active;
	crew->patience_ns = config->connect_timeout_ns + MEET_STALLS * config->stall_timeout_ns;
	atomic_init(&crew->alive, crew->active);
	pattern_fill(&crew->pattern, config->seed);
}

static bool init_crew(struct crew *crew, const struct loadgen_config *config)
{
	plan_crew(crew, config);
	crew->load = aligned_alloc(CHUNK_ALIGNMENT, crew->threads * sizeof(*crew->load));
	if (!crew->load)
		return false;
	memset(crew->load, 0, crew->threads * sizeof(*crew->load));
	for (uint32_t i = 0; i < crew->threads; i++) {
		struct load *lg = &crew->load[i];

		lg->crew = crew;
		lg->number = i;
		lg->epoll_fd = lg->alarm_fd = lg->due_fd = -1;
		if (!init_load(lg, config))
			return false;
	}
	return true;
}

static void read_moment(void *context, enum load_moment moment, const struct load_totals *totals)
{
	struct observer *o = context;

	switch (moment) {
	case LOAD_UNCONNECTED:
		edges_read_setup(o, LOADGEN_EDGE_START);
		break;
	case LOAD_CONNECTED:
		edges_read_setup(o, LOADGEN_EDGE_END);
		break;
	case LOAD_START_EDGE:
		edges_read_start(o, totals);
		break;
	case LOAD_END_EDGE:
		edges_read_end(o, totals);
		break;
	}
}

static bool read_accepted(void *context, uint64_t *accepted)
{
	return edges_accepted(context, accepted);
}

static void note_ended(void *context, struct failure *failure)
{
	observer_ended(context, failure);
}

struct loadgen *loadgen_create(const struct loadgen_config *config, char *message)
{
	const char *fault = find_fault(config);

	message[0] = '\0';
	if (fault) {
		(void)snprintf(message, LOADGEN_MESSAGE_BYTES, "%s", fault);
		return NULL;
	}
	if (!enough_fds(config, message))
		return NULL;
	size_t bytes = (sizeof(struct loadgen) + GENERATOR_CACHE_LINE - 1) / GENERATOR_CACHE_LINE *
		       GENERATOR_CACHE_LINE;
	struct loadgen *all = aligned_alloc(GENERATOR_CACHE_LINE, bytes);
	if (!all)
		goto no_memory;
	memset(all, 0, bytes);
	all->config = *config;
	if (!crew_init(&all->crew)) {
		free(all);
		all = NULL;
		goto no_memory;
	}
	if (!init_crew(&all->crew, config))
		goto no_memory;
	observer_init(&all->observer, &all->config, &all->crew.load[0].failure);
	fit_hardware(all);
	all->crew.reader = (struct edge_reader){.context = &all->observer,
						.read = read_moment,
						.accepted = read_accepted,
						.ended = note_ended,
						.ended_fd = -1};
	return all;

no_memory:
	(void)snprintf(message, LOADGEN_MESSAGE_BYTES, "not enough memory for %u connections",
		       config->connections);
	loadgen_destroy(all);
	return NULL;
}

void loadgen_mark(struct loadgen *all)
{
	all->crew.load[0].config.marks = true;
}

/* The first thread belongs to the caller: what is changed here is put back after the run. */
struct thread_settings {
	bool pinned;
	cpu_set_t cpus;
	int slack_ns;
};

static void adopt_thread(struct load *lg, int cpu, struct thread_settings *saved)
{
	cpu_set_t one;

	saved->pinned = false;
	saved->slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_getaffinity(0, sizeof(saved->cpus), &saved->cpus) < 0) {
		fail_call(&lg->failure, "sched_getaffinity");
		return;
	}
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		fail_call(&lg->failure, "sched_setaffinity(cpu %d)", cpu);
	else
		saved->pinned = true;
}

static void release_thread(const struct thread_settings *saved)
{
	if (saved->pinned)
		(void)sched_setaffinity(0, sizeof(saved->cpus), &saved->cpus);
	if (saved->slack_ns > 0)
		(void)prctl(PR_SET_TIMERSLACK, saved->slack_ns, 0, 0, 0);
}

void loadgen_session(struct loadgen *all)
{
	observer_session(&all->observer);
	all->crew.reader.stranger = true;
}

/* The whole life of one thread of the load. */
static void run_load(struct load *lg)
{
	struct thread_settings saved;

	adopt_thread(lg, lg->cpu, &saved);
	if (lg->failure.status == LOADGEN_OK && (lg->conducted || engine_open(lg)))
		phases_run(lg);
	crew_leave(lg);
	engine_close(lg);
	release_thread(&saved);
}

static bool is_of_one_thread(enum loadgen_status status)
{
	return status == LOADGEN_STALLED || status == LOADGEN_CORRUPT || status == LOADGEN_UNBALANCED ||
	       status == LOADGEN_SYSTEM;
}

/* The failure of the run, with the thread that it came from where there are several. */
static void take_failure(struct loadgen *all)
{
	const struct load *lg = crew_first_failed(&all->crew);
	const struct failure *f = &lg->failure;

	all->failure = *f;
	if (all->crew.threads == 1 || !is_of_one_thread(f->status))
		return;
	all->failure.status = LOADGEN_OK;
	if (lg->cpu < 0)
		fail(&all->failure, f->status, "client thread %u of %u: %s", lg->number + 1,
		     all->crew.threads, f->message);
	else
		fail(&all->failure, f->status, "client thread %u of %u, on CPU %d: %s", lg->number + 1,
		     all->crew.threads, lg->cpu, f->message);
}

static void merge_histograms(struct loadgen *all)
{
	histogram_reset(&all->response);
	histogram_reset(&all->service);
	histogram_reset(&all->submit);
	for (uint32_t i = 0; i < all->crew.threads; i++) {
		const struct load *lg = &all->crew.load[i];

		histogram_merge(&all->response, &lg->response);
		/* In a closed loop a request is due when it is sent. */
		histogram_merge(&all->service, lg->open_loop || lg->churn ? &lg->service : &lg->response);
		if (lg->conducted)
			histogram_merge(&all->submit, &lg->conducted->submit);
	}
}

int loadgen_run(struct loadgen *all)
{
	struct crew *crew = &all->crew;
	struct load *first = &crew->load[0];
	int unset = -1;
	int stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (stop_fd < 0) {
		fail_call(&first->failure, "eventfd");
		take_failure(all);
		return (int)all->failure.status;
	}
	if (!atomic_compare_exchange_strong(&crew->shared.stop_fd, &unset, stop_fd)) {
		(void)close(stop_fd);
		return LOADGEN_SYSTEM; /* a generator runs once */
	}
	/* A stop that came before the descriptor was there. */
	if (atomic_load(&crew->shared.stop))
		fail(&first->failure, LOADGEN_STOPPED, "stopped before it began");
	atomic_store(&crew->shared.started_ns, now_ns());
	conns_plan_sources(crew, first->churn);
	if (first->failure.status == LOADGEN_OK)
		observer_open(&all->observer);
	crew->reader.ended_fd = all->observer.ended_fd;
	if (first->failure.status == LOADGEN_OK)
		crew_run(crew, run_load);
	observer_close(&all->observer);
	take_failure(all);
	merge_histograms(all);
	atomic_store(&crew->shared.ended_ns, now_ns());
	atomic_store(&crew->shared.phase, PHASE_ENDED);
	return (int)all->failure.status;
}

void loadgen_stop(struct loadgen *all)
{
	struct shared *shared = &all->crew.shared;
	uint64_t one = 1;

	atomic_store(&shared->stop, true);
	int fd = atomic_load(&shared->stop_fd);
	/* It stays open until destroy; its counter being full would mean that it is readable. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void loadgen_progress(const struct loadgen *all, struct loadgen_progress *out)
{
	const struct crew *crew = &all->crew;
	const struct shared *s = &crew->shared;
	uint64_t started_ns = atomic_load_explicit(&s->started_ns, memory_order_relaxed);
	uint64_t ended_ns = atomic_load_explicit(&s->ended_ns, memory_order_relaxed);

	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	out->phase = atomic_load_explicit(&s->phase, memory_order_relaxed);
	for (uint32_t i = 0; i < crew->threads; i++) {
		const struct progress *p = &crew->load[i].progress;

		out->connections_opened += atomic_load_explicit(&p->connections_opened, memory_order_relaxed);
		out->completed += atomic_load_explicit(&p->completed, memory_order_relaxed);
	}
	out->elapsed_ns = started_ns == 0 ? 0 : (ended_ns ? ended_ns : now_ns()) - started_ns;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The window and the edges of all threads: begun together, ended when the last of them had. */
static void add_window(const struct load *lg, struct loadgen_report *out)
{
	out->window_ns = larger(out->window_ns, lg->window_ns);
	out->sent += lg->counts.sent;
	out->completed += lg->counts.completed;
	out->errors += lg->counts.errors;
	out->in_flight_at_deadline += lg->in_flight_at_deadline;
	out->drained += lg->counts.drained;
	out->due_unsent += lg->due_unsent;
	out->bytes_verified += lg->counts.bytes_verified;
	out->connection_errors += lg->connection_errors;
	out->connections_churned += lg->counts.churned;
	for (int i = 0; i < LOADGEN_EDGES; i++) {
		out->edge[i].time_ns = larger(out->edge[i].time_ns, lg->edge[i].time_ns);
		out->edge[i].client_cpu_ns += lg->edge[i].cpu_ns;
		out->edge[i].client_syscalls += lg->edge[i].syscalls;
		out->edge[i].client_wakeups += lg->edge[i].wakeups;
	}
}

/* What is left of the process's CPU when that of the threads that are known is taken away. */
static uint64_t helper_cpu_ns(const struct loadgen_edge *edge, uint64_t loop_cpu_ns)
{
	const struct loadgen_edge *start = &edge[LOADGEN_EDGE_START], *end = &edge[LOADGEN_EDGE_END];
	uint64_t all_ns = end->server_cpu_ns - start->server_cpu_ns;
	/* That of iou-wrk is less where one has ended. */
	uint64_t before_ns = start->sqp_cpu_ns + start->wrk_cpu_ns,
		 after_ns = end->sqp_cpu_ns + end->wrk_cpu_ns;
	uint64_t known_ns = loop_cpu_ns + (after_ns > before_ns ? after_ns - before_ns : 0);

	return all_ns > known_ns ? all_ns - known_ns : 0;
}

static void add_conducted(const struct load *lg, struct loadgen_report *out)
{
	const struct conducted *c = lg->conducted;

	out->bytes_verified = c->blocks_checked * CONDUCT_BLOCK_BYTES;
	out->bytes_moved = c->bytes_moved;
	out->blocks_checked = c->blocks_checked;
	out->blocks_seen = c->blocks_seen;
	out->pages = c->pages;
	memcpy(out->pages_cached, c->pages_cached, sizeof(out->pages_cached));
	out->loop_cpu_ns = c->loop_cpu_ns;
	out->helper_cpu_ns = helper_cpu_ns(out->edge, c->loop_cpu_ns);
}

static void add_times(const struct loadgen *all, struct loadgen_report *out)
{
	const struct histogram *response = &all->response, *service = &all->service;
	const struct histogram *submit = &all->submit;

	out->response_sum_ns = response->sum_ns;
	out->response_min_ns = response->count ? response->min_ns : 0;
	out->response_max_ns = response->max_ns;
	out->service_sum_ns = service->sum_ns;
	out->service_min_ns = service->count ? service->min_ns : 0;
	out->service_max_ns = service->max_ns;
	out->submit_sum_ns = submit->sum_ns;
	out->submit_min_ns = submit->count ? submit->min_ns : 0;
	out->submit_max_ns = submit->max_ns;
}

void loadgen_report(const struct loadgen *all, struct loadgen_report *out)
{
	const struct crew *crew = &all->crew;

	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	out->status = all->failure.status;
	out->counters = all->observer.edges.counters;
	memcpy(out->hardware_error, all->observer.hardware.error, sizeof(out->hardware_error));
	memcpy(out->message, all->failure.message, sizeof(out->message));
	memcpy(out->congestion, crew->load[0].congestion.name, sizeof(out->congestion));
	for (uint32_t i = 0; i < crew->threads; i++) {
		out->connections_opened += (uint32_t)crew->load[i].opened;
		out->connect_ns = larger(out->connect_ns, crew->load[i].connect_ns);
		out->warmup_completed += crew->load[i].warmup_completed;
	}
	if (!crew->load[0].measuring)
		return;
	memcpy(out->edge, all->observer.edges.edge, sizeof(out->edge));
	for (uint32_t i = 0; i < crew->threads; i++)
		if (crew->load[i].measuring)
			add_window(&crew->load[i], out);
	if (crew->load[0].conducted)
		add_conducted(&crew->load[0], out);
	add_times(all, out);
}

uint32_t loadgen_threads(const struct loadgen *all)
{
	return all->crew.threads;
}

void loadgen_thread(const struct loadgen *all, uint32_t thread, struct loadgen_thread *out)
{
	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	if (thread >= all->crew.threads)
		return;
	const struct load *lg = &all->crew.load[thread];
	const struct load_edge *start = &lg->edge[LOADGEN_EDGE_START], *end = &lg->edge[LOADGEN_EDGE_END];
	out->cpu = lg->cpu;
	out->connections = lg->config.connections;
	out->active = lg->active;
	if (!lg->measuring || end->time_ns == 0)
		return;
	out->completed = lg->counts.completed;
	out->drained = lg->counts.drained;
	out->cpu_ns = end->cpu_ns - start->cpu_ns;
	out->syscalls = end->syscalls - start->syscalls;
	out->wakeups = end->wakeups - start->wakeups;
	out->run_delay_ns = start->run_delay_ns == RUN_DELAY_UNKNOWN || end->run_delay_ns == RUN_DELAY_UNKNOWN
				    ? RUN_DELAY_UNKNOWN
				    : end->run_delay_ns - start->run_delay_ns;
}

void loadgen_histogram(const struct loadgen *all, uint32_t id, uint64_t *counts)
{
	const struct histogram *const histograms[LOADGEN_HISTS] = {[LOADGEN_HIST_RESPONSE] = &all->response,
								   [LOADGEN_HIST_SERVICE] = &all->service,
								   [LOADGEN_HIST_SUBMIT] = &all->submit};

	if (id < LOADGEN_HISTS)
		memcpy(counts, histograms[id]->bucket, sizeof(histograms[id]->bucket));
	else
		memset(counts, 0, sizeof(histograms[0]->bucket));
}

void loadgen_counter_names(const struct loadgen *all, char *names)
{
	memcpy(names, all->observer.edges.names, sizeof(all->observer.edges.names));
}

void loadgen_edge_counters(const struct loadgen *all, uint32_t edge, uint32_t reading, uint64_t *sums)
{
	if (edge < LOADGEN_EDGES && reading < LOADGEN_READINGS)
		memcpy(sums, all->observer.edges.sums[edge][reading],
		       sizeof(all->observer.edges.sums[edge][reading]));
	else
		memset(sums, 0, sizeof(all->observer.edges.sums[0][0]));
}

void loadgen_setup_counters(const struct loadgen *all, uint32_t edge, uint64_t *sums)
{
	if (edge < LOADGEN_EDGES && !all->crew.load[0].churn)
		memcpy(sums, all->observer.edges.setup[edge], sizeof(all->observer.edges.setup[edge]));
	else
		memset(sums, 0, sizeof(all->observer.edges.setup[0]));
}

void loadgen_edge_traces(const struct loadgen *all, uint32_t edge, uint64_t *sums)
{
	if (edge < LOADGEN_EDGES)
		memcpy(sums, all->observer.edges.traces[edge], sizeof(all->observer.edges.traces[edge]));
	else
		memset(sums, 0, sizeof(all->observer.edges.traces[0]));
}

uint32_t loadgen_edge_file(const struct loadgen *all, uint32_t edge, uint32_t file, char *text)
{
	if (edge >= LOADGEN_EDGES || file >= all->config.edge_files)
		return 0;
	const struct edge_file *f = &all->observer.edges.file[edge][file];

	memcpy(text, f->text, f->bytes);
	return f->bytes;
}

void loadgen_server(const struct loadgen *all, struct loadgen_server *out)
{
	const struct observer *o = &all->observer;

	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	out->processes = o->processes;
	out->tasks_ended = o->tasks_ended;
	out->threads = o->threads;
	out->rss_max_bytes = o->rss_max_bytes;
	out->accepted = o->sockets.accepted;
	out->sockets_errno = o->sockets_errno;
	out->congested = o->sockets.congestion[0] != '\0';
	memcpy(out->congestion, o->sockets.congestion, sizeof(out->congestion));
}

static void free_load(struct load *lg)
{
	if (lg->open_loop)
		schedule_destroy(&lg->schedule);
	conduct_destroy(lg);
	free(lg->conns);
	free(lg->active_conn);
	free(lg->times);
	free(lg->events);
}

void loadgen_destroy(struct loadgen *all)
{
	if (!all)
		return;
	int fd = atomic_load(&all->crew.shared.stop_fd);
	if (fd >= 0)
		(void)close(fd);
	for (uint32_t i = 0; all->crew.load && i < all->crew.threads; i++)
		free_load(&all->crew.load[i]);
	free(all->crew.load);
	crew_destroy(&all->crew);
	free(all);
}

int32_t loadgen_trace_check(int32_t pid, uint64_t id)
{
	return traces_check(pid, id);
}

int32_t loadgen_hardware_check(int32_t pid, uint32_t event)
{
	return hardware_check(pid, event);
}

void loadgen_congestion(char *name)
{
	conns_congestion(name);
}

void loadgen_adopt_listener(int32_t session, uint32_t port, struct loadgen_listener *out)
{
	sockets_adopt(session, (uint16_t)port, out);
}

int32_t loadgen_try_cpu(int32_t cpu)
{
	cpu_set_t before, one;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return EINVAL;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_getaffinity(0, sizeof(before), &before) < 0 || sched_setaffinity(0, sizeof(one), &one) < 0)
		return errno;
	return sched_setaffinity(0, sizeof(before), &before) < 0 ? errno : 0;
}

int32_t loadgen_try_lock(int32_t fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

void loadgen_unlock(int32_t fd)
{
	(void)flock(fd, LOCK_UN);
}
