/* load_run.h - runs of the load generator for its tests, and what holds for every run that went well. */
#ifndef IOMB_TESTS_LOAD_RUN_H
#define IOMB_TESTS_LOAD_RUN_H

#include <dirent.h>
#include <pthread.h>

#include "../wire/abi.h"
#include "../wire/clock.h"
#include "../wire/histogram.h"
#include "echo_child.h"

#define WARMUP_NS (30 * NS_PER_MS)
#define MEASURE_NS (150 * NS_PER_MS)

struct outcome {
	int status;
	uint64_t took_ns;
	struct loadgen_report report;
	uint64_t response[HISTOGRAM_BUCKETS];
	uint64_t service[HISTOGRAM_BUCKETS];
	uint64_t submit[HISTOGRAM_BUCKETS];
	char names[LOADGEN_COUNTERS_MAX][LOADGEN_COUNTER_NAME_BYTES];
	uint64_t sums[LOADGEN_EDGES][LOADGEN_COUNTERS_MAX];
	uint64_t sums_after[LOADGEN_EDGES][LOADGEN_COUNTERS_MAX];
	uint64_t traces[LOADGEN_EDGES][LOADGEN_TRACE_MAX];
	uint32_t file_bytes[LOADGEN_EDGES];
	char file[LOADGEN_EDGES][LOADGEN_EDGE_FILE_BYTES];
};

static struct outcome out; /* of the last run */

static inline struct loadgen_config config_for(const struct echo_child *child, uint32_t connections)
{
	struct loadgen_config config = {.abi_version = LOADGEN_ABI_VERSION,
					.mode = LOADGEN_CLOSED,
					.server_ipv4 = 0x7f000001,
					.server_port = child->port,
					.connections = connections,
					.active = connections,
					.depth = 1,
					.message_bytes = 64,
					.server_pid = child->pid,
					.client_threads = 1,
					.client_cpu = {-1},
					.edge_files = 1,
					.seed = 42,
					.warmup_ns = WARMUP_NS,
					.measure_ns = MEASURE_NS,
					.connect_timeout_ns = 20 * NS_PER_S,
					.stall_timeout_ns = 20 * NS_PER_S,
					.rate_per_s = 2000};

	strcpy(config.counters_path, child->counters_path);
	strcpy(config.edge_path[0], "/proc/stat");
	return config;
}

static inline void collect(struct loadgen *lg)
{
	loadgen_report(lg, &out.report);
	loadgen_histogram(lg, LOADGEN_HIST_RESPONSE, out.response);
	loadgen_histogram(lg, LOADGEN_HIST_SERVICE, out.service);
	loadgen_histogram(lg, LOADGEN_HIST_SUBMIT, out.submit);
	loadgen_counter_names(lg, &out.names[0][0]);
	for (uint32_t edge = 0; edge < LOADGEN_EDGES; edge++) {
		loadgen_edge_counters(lg, edge, LOADGEN_BEFORE_TRACES, out.sums[edge]);
		loadgen_edge_counters(lg, edge, LOADGEN_AFTER_TRACES, out.sums_after[edge]);
		loadgen_edge_traces(lg, edge, out.traces[edge]);
		out.file_bytes[edge] = loadgen_edge_file(lg, edge, 0, out.file[edge]);
	}
}

static inline void run(const struct loadgen_config *config)
{
	char message[LOADGEN_MESSAGE_BYTES];
	struct loadgen *lg = loadgen_create(config, message);

	need(lg != NULL, "loadgen_create: %s", message);
	memset(&out, 0, sizeof(out));
	uint64_t begin = now_ns();
	out.status = loadgen_run(lg);
	out.took_ns = now_ns() - begin;
	collect(lg);
	loadgen_destroy(lg);
}

static inline uint64_t total(const uint64_t *counts)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum += counts[i];
	return sum;
}

/* What holds for every run that went well. */
static inline void check_books(const char *name, const struct loadgen_config *config)
{
	const struct loadgen_report *r = &out.report;
	uint64_t done = r->completed + r->drained;

	check(out.status == LOADGEN_OK && r->status == LOADGEN_OK, "%s: ends well (status %d: %s)", name,
	      out.status, r->message);
	check(done > 0 && r->sent == r->completed + r->errors + r->in_flight_at_deadline,
	      "%s: sent %llu = completed %llu + errors %llu + in flight %llu", name,
	      (unsigned long long)r->sent, (unsigned long long)r->completed, (unsigned long long)r->errors,
	      (unsigned long long)r->in_flight_at_deadline);
	check(r->errors > 0 || r->bytes_verified == done * config->message_bytes,
	      "%s: every byte of %llu echoes is verified", name, (unsigned long long)done);
	check(total(out.response) == done + r->due_unsent,
	      "%s: the response times hold what was completed, drained, and due but never sent", name);
	check(total(out.service) == done, "%s: the service times hold what was completed and drained", name);
	check(r->window_ns >= config->measure_ns && r->window_ns < 100 * config->measure_ns,
	      "%s: the window is as long as asked for", name);
	check(r->response_min_ns > 0 && r->response_min_ns <= r->response_max_ns &&
		      r->response_sum_ns >= r->service_sum_ns && r->response_max_ns >= r->service_max_ns,
	      "%s: a response takes at least as long as its service", name);
	check(r->edge[1].time_ns - r->edge[0].time_ns >= r->window_ns &&
		      r->edge[1].client_cpu_ns > r->edge[0].client_cpu_ns &&
		      r->edge[1].client_syscalls > r->edge[0].client_syscalls &&
		      r->edge[1].client_wakeups > r->edge[0].client_wakeups,
	      "%s: the readings at the edges grow", name);
}

struct runner {
	struct loadgen *lg;
	int status;
};

static inline void *run_thread(void *argument)
{
	struct runner *runner = argument;

	runner->status = loadgen_run(runner->lg);
	return NULL;
}

/* Waits from another thread until requests of the window complete; progress must never go back. */
static inline bool wait_measuring(const struct loadgen *lg)
{
	struct timespec pause = {.tv_nsec = 1000000};
	struct loadgen_progress now, last = {0};
	uint64_t warmup_completed = 0;
	bool forward = true;

	do {
		(void)nanosleep(&pause, NULL);
		loadgen_progress(lg, &now);
		forward &= now.phase >= last.phase && now.completed >= last.completed &&
			   now.elapsed_ns >= last.elapsed_ns;
		if (last.phase < 2)
			warmup_completed = now.completed;
		last = now;
	} while (now.phase < 2 || (now.phase == 2 && now.completed < warmup_completed + 100));
	return forward;
}

/* Begins a run on another thread; the caller does something in its middle. */
static inline void begin_threaded(const struct loadgen_config *config, struct runner *runner,
				  pthread_t *thread)
{
	char message[LOADGEN_MESSAGE_BYTES];

	runner->lg = loadgen_create(config, message);
	need(runner->lg != NULL, "loadgen_create: %s", message);
	need(pthread_create(thread, NULL, run_thread, runner) == 0, "pthread_create");
	check(wait_measuring(runner->lg), "progress only ever goes forward");
}

static inline void end_threaded(struct runner *runner, pthread_t thread)
{
	(void)pthread_join(thread, NULL);
	out.status = runner->status;
	collect(runner->lg);
	struct loadgen_progress progress;
	loadgen_progress(runner->lg, &progress);
	check(progress.phase == 4, "progress says that it ended");
	loadgen_destroy(runner->lg);
}

static inline void wait_phase(const struct loadgen *lg, uint32_t phase)
{
	struct timespec pause = {.tv_nsec = 1000000};
	struct loadgen_progress now;

	do {
		(void)nanosleep(&pause, NULL);
		loadgen_progress(lg, &now);
	} while (now.phase < phase);
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int fds = 0;

	need(dir != NULL, "opendir: %s", strerror(errno));
	while (readdir(dir))
		fds++;
	(void)closedir(dir);
	return fds;
}

#endif
