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

#include "../load/conns.h"
#include "../load/engine.h"
#include "../load/load.h"
#include "../observer/observer.h"
#include "../observer/tasks.h"
#include "../wire/clock.h"

/* The loop's own descriptors, and some for the process around it to open while the run lasts. */
#define FDS_RESERVED 32u
#define CONNECTIONS_MAX 1000000u
#define MESSAGE_BYTES_MAX (1u << 30)
#define REQUESTS_MAX (1ull << 24) /* in flight over all connections; 16 bytes each */
#define RATE_MAX_PER_S 1e8
#define DURATION_MAX_NS (86400 * NS_PER_S)
#define TIMER_SLACK_NS 1 /* the least there is; the default of 50 us would be lateness */

struct loadgen {
	struct load load; /* first: it is aligned to cache lines */
	struct observer observer;
	struct loadgen_config config;
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

	return config->connections + traces + open_fds() + FDS_RESERVED;
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

static const char *find_fault(const struct loadgen_config *config)
{
	bool churn = config->mode == LOADGEN_CHURN;
	bool open_loop = config->mode == LOADGEN_OPEN_FIXED || config->mode == LOADGEN_OPEN_POISSON;

	if (config->abi_version != LOADGEN_ABI_VERSION)
		return "abi_version is not the one this library was built with";
	if (config->mode > LOADGEN_CHURN)
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
	if (config->server_pid < 0)
		return "server_pid is negative";
	if (config->client_cpu < -1 || config->client_cpu >= CPU_SETSIZE)
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

	lg->conns = aligned_alloc(line, config->connections * sizeof(*lg->conns));
	lg->active_conn = calloc(lg->active, sizeof(*lg->active_conn));
	lg->times = calloc((size_t)lg->active * lg->depth, sizeof(*lg->times));
	lg->events = calloc(GENERATOR_EVENTS_MAX, sizeof(*lg->events));
	if (!lg->conns || !lg->active_conn || !lg->times || !lg->events)
		return false;
	return !lg->open_loop || schedule_create(&lg->schedule, config->mode == LOADGEN_OPEN_POISSON,
						 lg->active, config->rate_per_s, config->seed);
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

static void note_ended(void *context)
{
	observer_ended(context);
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
	struct load *lg = &all->load;
	all->config = *config;
	lg->config = (struct load_config){.server_ipv4 = config->server_ipv4,
					  .server_port = config->server_port,
					  .connections = config->connections,
					  .message_bytes = config->message_bytes,
					  .warmup_ns = config->warmup_ns,
					  .measure_ns = config->measure_ns,
					  .connect_timeout_ns = config->connect_timeout_ns,
					  .stall_timeout_ns = config->stall_timeout_ns};
	lg->churn = config->mode == LOADGEN_CHURN;
	lg->open_loop = config->mode == LOADGEN_OPEN_FIXED || config->mode == LOADGEN_OPEN_POISSON;
	lg->active = lg->churn ? config->connections : config->active;
	lg->depth = lg->churn ? 1 : config->depth;
	lg->alive = lg->active;
	lg->epoll_fd = lg->alarm_fd = lg->due_fd = -1;
	atomic_init(&lg->shared.stop_fd, -1);
	if (!allocate(lg, config))
		goto no_memory;
	place_active(lg);
	pattern_fill(&lg->pattern, config->seed);
	histogram_reset(&lg->response);
	histogram_reset(&lg->service);
	observer_init(&all->observer, &all->config, &lg->failure);
	fit_hardware(all);
	lg->reader = (struct edge_reader){.context = &all->observer,
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
	all->load.config.marks = true;
}

/* The calling thread belongs to somebody else: what is changed here is put back after the run. */
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
}

int loadgen_run(struct loadgen *all)
{
	struct load *lg = &all->load;
	struct thread_settings saved;
	int unset = -1;
	int stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (stop_fd < 0) {
		fail_call(&lg->failure, "eventfd");
		return (int)lg->failure.status;
	}
	if (!atomic_compare_exchange_strong(&lg->shared.stop_fd, &unset, stop_fd)) {
		(void)close(stop_fd);
		return LOADGEN_SYSTEM; /* a generator runs once */
	}
	/* A stop that came before the descriptor was there. */
	if (atomic_load(&lg->shared.stop))
		fail(&lg->failure, LOADGEN_STOPPED, "stopped before it began");
	atomic_store(&lg->shared.started_ns, now_ns());
	adopt_thread(lg, all->config.client_cpu, &saved);
	conns_plan_sources(lg);
	if (lg->failure.status == LOADGEN_OK)
		observer_open(&all->observer);
	lg->reader.ended_fd = all->observer.ended_fd;
	if (lg->failure.status == LOADGEN_OK && engine_open(lg))
		engine_run(lg);
	engine_close(lg);
	observer_close(&all->observer);
	release_thread(&saved);
	atomic_store(&lg->shared.ended_ns, now_ns());
	atomic_store(&lg->shared.phase, PHASE_ENDED);
	return (int)lg->failure.status;
}

void loadgen_stop(struct loadgen *all)
{
	struct load *lg = &all->load;
	uint64_t one = 1;

	atomic_store(&lg->shared.stop, true);
	int fd = atomic_load(&lg->shared.stop_fd);
	/* It stays open until destroy; its counter being full would mean that it is readable. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void loadgen_progress(const struct loadgen *all, struct loadgen_progress *out)
{
	const struct load *lg = &all->load;
	const struct shared *s = &lg->shared;
	uint64_t started_ns = atomic_load_explicit(&s->started_ns, memory_order_relaxed);
	uint64_t ended_ns = atomic_load_explicit(&s->ended_ns, memory_order_relaxed);

	out->abi_version = LOADGEN_ABI_VERSION;
	out->phase = atomic_load_explicit(&s->phase, memory_order_relaxed);
	out->connections_opened = atomic_load_explicit(&s->connections_opened, memory_order_relaxed);
	out->completed = atomic_load_explicit(&s->completed, memory_order_relaxed);
	out->elapsed_ns = started_ns == 0 ? 0 : (ended_ns ? ended_ns : now_ns()) - started_ns;
}

static const struct histogram *histogram_of(const struct load *lg, uint32_t id)
{
	/* In a closed loop a request is due when it is sent. */
	if (id == LOADGEN_HIST_SERVICE && (lg->open_loop || lg->churn))
		return &lg->service;
	return &lg->response;
}

void loadgen_report(const struct loadgen *all, struct loadgen_report *out)
{
	const struct load *lg = &all->load;
	const struct histogram *response = histogram_of(lg, LOADGEN_HIST_RESPONSE);
	const struct histogram *service = histogram_of(lg, LOADGEN_HIST_SERVICE);

	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	out->status = lg->failure.status;
	out->connections_opened = (uint32_t)lg->opened;
	out->counters = all->observer.edges.counters;
	memcpy(out->hardware_error, all->observer.hardware.error, sizeof(out->hardware_error));
	out->connect_ns = lg->connect_ns;
	out->warmup_completed = lg->warmup_completed;
	memcpy(out->message, lg->failure.message, sizeof(out->message));
	memcpy(out->congestion, lg->congestion.name, sizeof(out->congestion));
	if (!lg->measuring)
		return;
	out->window_ns = lg->window_ns;
	out->sent = lg->counts.sent;
	out->completed = lg->counts.completed;
	out->errors = lg->counts.errors;
	out->in_flight_at_deadline = lg->in_flight_at_deadline;
	out->drained = lg->counts.drained;
	out->due_unsent = lg->due_unsent;
	out->bytes_verified = lg->counts.bytes_verified;
	out->connection_errors = lg->connection_errors;
	out->connections_churned = lg->counts.churned;
	out->response_sum_ns = response->sum_ns;
	out->response_min_ns = response->count ? response->min_ns : 0;
	out->response_max_ns = response->max_ns;
	out->service_sum_ns = service->sum_ns;
	out->service_min_ns = service->count ? service->min_ns : 0;
	out->service_max_ns = service->max_ns;
	memcpy(out->edge, all->observer.edges.edge, sizeof(out->edge));
	for (int i = 0; i < LOADGEN_EDGES; i++) {
		out->edge[i].time_ns = lg->edge[i].time_ns;
		out->edge[i].client_cpu_ns = lg->edge[i].cpu_ns;
		out->edge[i].client_syscalls = lg->edge[i].syscalls;
		out->edge[i].client_wakeups = lg->edge[i].wakeups;
	}
}

void loadgen_histogram(const struct loadgen *all, uint32_t id, uint64_t *counts)
{
	const struct load *lg = &all->load;
	memcpy(counts, histogram_of(lg, id)->bucket, HISTOGRAM_BUCKETS * sizeof(*counts));
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
	if (edge < LOADGEN_EDGES && !all->load.churn)
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

void loadgen_destroy(struct loadgen *all)
{
	if (!all)
		return;
	struct load *lg = &all->load;
	int fd = atomic_load(&lg->shared.stop_fd);
	if (fd >= 0)
		(void)close(fd);
	if (lg->open_loop)
		schedule_destroy(&lg->schedule);
	free(lg->conns);
	free(lg->active_conn);
	free(lg->times);
	free(lg->events);
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
