#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "report.h"

/* All that belongs to a report, filled once: it is large. */
struct reading {
	const struct loadgen *load;
	const struct loadgen_config *config;
	struct loadgen_report report;
	char names[LOADGEN_COUNTERS_MAX][LOADGEN_COUNTER_NAME_BYTES];
	char file[LOADGEN_EDGE_FILE_BYTES];
};

const char *report_status(uint32_t status)
{
	static const char *const names[] = {
		"ok",	      "stopped", "connect-failed",   "stalled",	      "server-gone",	 "corrupt",
		"unbalanced", "system",	 "connections-lost", "counts-differ", "operation-failed"};

	return status < sizeof(names) / sizeof(names[0]) ? names[status] : "system";
}

static void put_counters(const struct reading *r, const char *name, uint32_t edge, uint32_t which)
{
	uint64_t sums[LOADGEN_COUNTERS_MAX];

	loadgen_edge_counters(r->load, edge, which, sums);
	put_name(name);
	put_object();
	for (uint32_t i = 0; i < r->report.counters; i++)
		put_member_uint(r->names[i], sums[i]);
	put_object_end();
}

static void put_setup(const struct reading *r)
{
	uint64_t before[LOADGEN_COUNTERS_MAX], after[LOADGEN_COUNTERS_MAX];

	loadgen_setup_counters(r->load, LOADGEN_EDGE_START, before);
	loadgen_setup_counters(r->load, LOADGEN_EDGE_END, after);
	put_name("setup");
	put_object();
	for (uint32_t i = 0; i < r->report.counters; i++) {
		put_name(r->names[i]);
		put_int((int64_t)(after[i] - before[i]));
	}
	put_object_end();
}

static void put_traces(const struct reading *r, uint32_t edge)
{
	uint64_t sums[LOADGEN_TRACE_MAX];

	loadgen_edge_traces(r->load, edge, sums);
	put_name("traces");
	put_array();
	for (uint32_t i = 0; i < r->config->trace_events; i++)
		put_uint(sums[i]);
	put_array_end();
}

static void put_sample(const struct loadgen_edge *edge)
{
	put_name("sample");
	if (edge->sampled == 0) {
		put_null();
		return;
	}
	put_object();
	put_member_uint("voluntarySwitches", edge->server_voluntary_switches);
	put_member_uint("involuntarySwitches", edge->server_involuntary_switches);
	put_object_end();
}

static void put_kernel_threads(const struct reading *r, const struct loadgen_edge *edge)
{
	put_name("kernelThreads");
	if (!r->config->kernel_threads) {
		put_null();
		return;
	}
	put_object();
	put_member_uint("threads", edge->kernel_threads);
	put_member_uint("sqpCpuNs", edge->sqp_cpu_ns);
	put_member_uint("wrkCpuNs", edge->wrk_cpu_ns);
	put_object_end();
}

static void put_hardware(const struct reading *r, const struct loadgen_edge *edge)
{
	put_name("hardware");
	put_array();
	for (uint32_t i = 0; r->config->hardware && i < LOADGEN_HARDWARE_EVENTS; i++) {
		put_object();
		put_member_uint("value", edge->hardware[i]);
		put_member_uint("enabledNs", edge->hardware_enabled_ns[i]);
		put_member_uint("runningNs", edge->hardware_running_ns[i]);
		put_object_end();
	}
	put_array_end();
}

static void put_files(struct reading *r, uint32_t edge)
{
	put_name("files");
	put_object();
	for (uint32_t i = 0; i < r->config->edge_files; i++) {
		uint32_t bytes = loadgen_edge_file(r->load, edge, i, r->file);

		put_name(r->config->edge_path[i]);
		put_text(r->file, bytes);
	}
	put_object_end();
}

static void put_edge(struct reading *r, const char *name, uint32_t which)
{
	const struct loadgen_edge *edge = &r->report.edge[which];

	put_name(name);
	put_object();
	put_member_uint("timeNs", edge->time_ns);
	put_member_uint("serverCpuNs", edge->server_cpu_ns);
	put_member_uint("clientCpuNs", edge->client_cpu_ns);
	put_member_uint("clientSyscalls", edge->client_syscalls);
	put_member_uint("clientWakeups", edge->client_wakeups);
	put_sample(edge);
	put_counters(r, "counters", which, LOADGEN_BEFORE_TRACES);
	put_counters(r, "countersAfter", which, LOADGEN_AFTER_TRACES);
	put_traces(r, which);
	put_member_bool("rested", edge->rested == 1);
	put_kernel_threads(r, edge);
	put_hardware(r, edge);
	put_member_uint("filesNs", edge->files_ns);
	put_files(r, which);
	put_object_end();
}

static void put_buckets(const uint64_t *counts, uint32_t buckets)
{
	put_name("counts");
	put_array();
	for (uint32_t i = 0; i < buckets; i++) {
		if (counts[i] == 0)
			continue;
		put_array();
		put_uint(i);
		put_uint(counts[i]);
		put_array_end();
	}
	put_array_end();
}

static void put_latencies(const struct reading *r)
{
	const struct loadgen_report *report = &r->report;
	uint32_t buckets = loadgen_histogram_buckets();
	uint64_t *response = calloc(buckets, sizeof(*response)), *service = calloc(buckets, sizeof(*service));

	if (!response || !service)
		abort();
	loadgen_histogram(r->load, LOADGEN_HIST_RESPONSE, response);
	loadgen_histogram(r->load, LOADGEN_HIST_SERVICE, service);
	put_name("response");
	put_object();
	put_member_uint("sumNs", report->response_sum_ns);
	put_member_uint("minNs", report->response_min_ns);
	put_member_uint("maxNs", report->response_max_ns);
	put_buckets(response, buckets);
	put_object_end();
	put_name("service");
	if (report->service_sum_ns == report->response_sum_ns &&
	    memcmp(response, service, buckets * sizeof(*response)) == 0) {
		put_null();
	} else {
		put_object();
		put_member_uint("sumNs", report->service_sum_ns);
		put_member_uint("minNs", report->service_min_ns);
		put_member_uint("maxNs", report->service_max_ns);
		put_buckets(service, buckets);
		put_object_end();
	}
	free(response);
	free(service);
}

static void put_hardware_errnos(const struct reading *r)
{
	put_name("hardwareErrnos");
	put_array();
	for (uint32_t i = 0; r->config->hardware && i < LOADGEN_HARDWARE_EVENTS; i++)
		put_int(r->report.hardware_error[i]);
	put_array_end();
}

static void put_threads(const struct reading *r)
{
	struct loadgen_thread thread;
	uint32_t threads = loadgen_threads(r->load);

	put_name("clientThreads");
	put_array();
	for (uint32_t i = 0; i < threads; i++) {
		loadgen_thread(r->load, i, &thread);
		put_object();
		put_name("cpu");
		if (thread.cpu < 0)
			put_null();
		else
			put_int(thread.cpu);
		put_member_uint("connections", thread.connections);
		put_member_uint("active", thread.active);
		put_member_uint("completed", thread.completed);
		put_member_uint("drained", thread.drained);
		put_member_uint("cpuNs", thread.cpu_ns);
		put_member_uint("syscalls", thread.syscalls);
		put_member_uint("wakeups", thread.wakeups);
		put_name("runDelayNs");
		if (thread.run_delay_ns == UINT64_MAX)
			put_null();
		else
			put_uint(thread.run_delay_ns);
		put_object_end();
	}
	put_array_end();
}

static void put_totals(const struct loadgen_report *report)
{
	put_member_uint("connectionsOpened", report->connections_opened);
	put_member_uint("connectNs", report->connect_ns);
	put_member_uint("warmupCompleted", report->warmup_completed);
	put_member_uint("windowNs", report->window_ns);
	put_member_uint("sent", report->sent);
	put_member_uint("completed", report->completed);
	put_member_uint("errors", report->errors);
	put_member_uint("inFlightAtDeadline", report->in_flight_at_deadline);
	put_member_uint("drained", report->drained);
	put_member_uint("dueUnsent", report->due_unsent);
	put_member_uint("bytesVerified", report->bytes_verified);
	put_member_uint("connectionErrors", report->connection_errors);
	put_member_uint("connectionsChurned", report->connections_churned);
}

void put_report(const struct loadgen *load, const struct loadgen_config *config)
{
	static struct reading r;

	r.load = load;
	r.config = config;
	loadgen_report(load, &r.report);
	loadgen_counter_names(load, r.names[0]);
	put_object();
	put_member_string("status", report_status(r.report.status));
	put_member_string("message", r.report.message);
	put_name("congestion");
	if (r.report.congestion[0])
		put_string(r.report.congestion);
	else
		put_null();
	put_hardware_errnos(&r);
	put_totals(&r.report);
	put_threads(&r);
	put_latencies(&r);
	put_setup(&r);
	put_edge(&r, "start", LOADGEN_EDGE_START);
	put_edge(&r, "end", LOADGEN_EDGE_END);
	put_object_end();
}
