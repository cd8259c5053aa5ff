#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../wire/clock.h"
#include "answer.h"
#include "child.h"
#include "command.h"
#include "json.h"
#include "preflight.h"
#include "report.h"
#include "trial.h"

/* Those of src/server/launch.ts. */
#define READY_TIMEOUT_MS 20000
#define STOP_TIMEOUT_MS 10000
#define STDERR_BYTES 4096
/* A server whose connections broke because it ends is gone within this time. */
#define END_TIMEOUT_MS 500
#define MESSAGE_BYTES CHILD_WHY_BYTES
#define READY_BYTES 4096
#define OUTPUT_BYTES 16384
#define LOOPBACK_IPV4 0x7f000001u
#define PROGRESS_MS_MAX 3600000
#define SERVER_PID "{pid}"

struct trial {
	const struct ask *ask;
	struct command command;
	struct loadgen_config config;
	bool marks;
	uint32_t progress_ms;
	struct child server;
	struct loadgen *load;
	const char *stage; /* where it broke; NULL: it did not */
	char message[MESSAGE_BYTES];
	char ready[READY_BYTES];   /* the line, as it is; empty: there was none */
	char output[OUTPUT_BYTES]; /* what followed */
	const char *stats;	   /* the line in it; NULL: there is none */
	size_t said_bytes;
	char said[STDERR_BYTES];
};

__attribute__((format(printf, 3, 4))) static bool broke(struct trial *t, const char *stage,
							const char *format, ...)
{
	va_list args;

	t->stage = stage;
	va_start(args, format);
	(void)vsnprintf(t->message, sizeof(t->message), format, args);
	va_end(args);
	return false;
}

static bool read_mode(const char *load, uint32_t *mode)
{
	static const char *const names[] = {"closed", "open-fixed", "open-poisson", "churn"};
	char name[16];

	if (!json_string(json_member(load, "mode"), name, sizeof(name)))
		return false;
	for (*mode = 0; *mode < sizeof(names) / sizeof(names[0]); (*mode)++)
		if (strcmp(name, names[*mode]) == 0)
			return true;
	return false;
}

static bool read_u32(const char *load, const char *name, uint32_t *to)
{
	uint64_t value;

	if (!json_uint(json_member(load, name), UINT32_MAX, &value))
		return false;
	*to = (uint32_t)value;
	return true;
}

static bool read_flag(const char *load, const char *name, uint32_t *to)
{
	bool value;

	if (!json_bool(json_member(load, name), &value))
		return false;
	*to = value;
	return true;
}

/* Null: one thread, which is not pinned. */
static bool read_cpus(const char *cpus, struct loadgen_config *c)
{
	uint64_t number;

	c->client_threads = 1;
	c->client_cpu[0] = -1;
	if (json_is_null(cpus))
		return true;
	c->client_threads = 0;
	for (const char *cpu = json_first(cpus); cpu; cpu = json_next(cpu)) {
		if (c->client_threads == LOADGEN_THREADS_MAX || !json_uint(cpu, INT32_MAX, &number))
			return false;
		c->client_cpu[c->client_threads++] = (int32_t)number;
	}
	return json_is_array(cpus) && c->client_threads > 0;
}

static bool read_edge_files(const char *files, struct loadgen_config *c)
{
	c->edge_files = 0;
	for (const char *file = json_first(files); file; file = json_next(file))
		if (c->edge_files == LOADGEN_EDGE_FILES_MAX ||
		    !json_string(file, c->edge_path[c->edge_files++], LOADGEN_PATH_BYTES))
			return false;
	return json_is_array(files);
}

static bool read_trace_ids(const char *ids, struct loadgen_config *c)
{
	c->trace_events = 0;
	for (const char *id = json_first(ids); id; id = json_next(id))
		if (c->trace_events == LOADGEN_TRACE_MAX ||
		    !json_uint(id, UINT64_MAX, &c->trace_id[c->trace_events++]))
			return false;
	return json_is_array(ids);
}

/* The name of the member that is missing or makes no sense; NULL: none. */
static const char *read_load(const char *load, struct loadgen_config *c)
{
	const struct {
		const char *name;
		uint32_t *to;
	} numbers[] = {{"connections", &c->connections},
		       {"active", &c->active},
		       {"depth", &c->depth},
		       {"messageBytes", &c->message_bytes}},
	  flags[] = {{"kernelThreads", &c->kernel_threads}, {"hardware", &c->hardware}};
	const struct {
		const char *name;
		uint64_t *to;
	} times[] = {{"seed", &c->seed},
		     {"warmupNs", &c->warmup_ns},
		     {"measureNs", &c->measure_ns},
		     {"connectTimeoutNs", &c->connect_timeout_ns},
		     {"stallTimeoutNs", &c->stall_timeout_ns}};

	c->abi_version = LOADGEN_ABI_VERSION;
	c->server_ipv4 = LOOPBACK_IPV4;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!read_u32(load, numbers[i].name, numbers[i].to))
			return numbers[i].name;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!read_flag(load, flags[i].name, flags[i].to))
			return flags[i].name;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (!json_uint(json_member(load, times[i].name), UINT64_MAX, times[i].to))
			return times[i].name;
	if (!read_mode(load, &c->mode))
		return "mode";
	if (!json_double(json_member(load, "ratePerS"), &c->rate_per_s))
		return "ratePerS";
	if (!read_cpus(json_member(load, "clientCpus"), c))
		return "clientCpus";
	if (!read_edge_files(json_member(load, "edgeFiles"), c))
		return "edgeFiles";
	return read_trace_ids(json_member(load, "traceIds"), c) ? NULL : "traceIds";
}

static bool read_ask(struct trial *t)
{
	const char *json = t->ask->json, *progress = json_member(json, "progressMs");
	const char *marks = json_member(json, "marks"), *fault;
	uint64_t progress_ms = 0;

	if (!command_read(t->ask, &t->command))
		return false;
	fault = read_load(json_member(json, "load"), &t->config);
	if (!fault && marks && !json_bool(marks, &t->marks))
		fault = "marks";
	if (!fault && progress && !json_uint(progress, PROGRESS_MS_MAX, &progress_ms))
		fault = "progressMs";
	if (fault)
		answer_refused(t->ask->id, "trial: \"%s\" is missing or makes no sense", fault);
	t->progress_ms = (uint32_t)progress_ms;
	return !fault;
}

/* The first SERVER_PID of a path becomes the server's pid. False: the path becomes too long. */
static bool place_pid(char *path, uint64_t pid)
{
	char placed[LOADGEN_PATH_BYTES];
	const char *at = strstr(path, SERVER_PID);

	if (!at)
		return true;
	int length = snprintf(placed, sizeof(placed), "%.*s%llu%s", (int)(at - path), path,
			      (unsigned long long)pid, at + strlen(SERVER_PID));
	if (length < 0 || (size_t)length >= sizeof(placed))
		return false;
	memcpy(path, placed, (size_t)length + 1);
	return true;
}

static bool is_event(const char *json, const char *event)
{
	char name[16];

	return json_string(json_member(json, "event"), name, sizeof(name)) && strcmp(name, event) == 0;
}

/* What only the ready line tells. */
static bool take_ready(struct trial *t, size_t bytes)
{
	uint64_t port, pid, counters_fd;
	const char *why;

	if (bytes >= sizeof(t->ready) || !json_check(t->ready, bytes, &why) || !is_event(t->ready, "ready") ||
	    !json_uint(json_member(t->ready, "port"), UINT16_MAX, &port) ||
	    !json_uint(json_member(t->ready, "pid"), INT32_MAX, &pid) ||
	    !json_uint(json_member(t->ready, "countersFd"), INT32_MAX, &counters_fd)) {
		(void)broke(t, "launch", "unexpected first line %.200s", t->ready);
		t->ready[0] = '\0';
		return false;
	}
	t->config.server_port = (uint32_t)port;
	t->config.server_pid = (int32_t)pid;
	(void)snprintf(t->config.counters_path, LOADGEN_PATH_BYTES, "/proc/%llu/fd/%llu",
		       (unsigned long long)pid, (unsigned long long)counters_fd);
	for (uint32_t i = 0; i < t->config.edge_files; i++)
		if (!place_pid(t->config.edge_path[i], pid))
			return broke(t, "launch", "the path of an edge file is too long");
	return true;
}

static bool launch(struct trial *t)
{
	char how[32];
	uint64_t until_ns = now_ns() + READY_TIMEOUT_MS * NS_PER_MS;

	if (!child_start(&t->server, t->command.program, t->command.args, t->message)) {
		t->stage = "launch";
		return false;
	}
	size_t bytes = child_read(&t->server, t->ready, sizeof(t->ready), true, until_ns);
	if (bytes > 0)
		return take_ready(t, bytes);
	if (inbox_interrupted())
		return broke(t, "launch", "interrupted");
	if (!child_wait(&t->server, until_ns))
		return broke(t, "launch", "no ready line within %d ms", READY_TIMEOUT_MS);
	child_how_ended(&t->server, how, sizeof(how));
	return broke(t, "launch", "the server ended before it was ready (%s)", how);
}

/* Why the load ended early; if the server is gone, how it went says more than its sockets. */
static bool load_failed(struct trial *t, int status)
{
	struct loadgen_report report;
	char how[32], ended[64] = "";

	loadgen_report(t->load, &report);
	if ((status == LOADGEN_SERVER_GONE || status == LOADGEN_CONNECT_FAILED) &&
	    child_wait(&t->server, now_ns() + END_TIMEOUT_MS * NS_PER_MS)) {
		child_how_ended(&t->server, how, sizeof(how));
		(void)snprintf(ended, sizeof(ended), " (the server ended by %s)", how);
	}
	return broke(t, "load", "%s: %s%s", report_status((uint32_t)status), report.message, ended);
}

static bool run_load(struct trial *t)
{
	char why[LOADGEN_MESSAGE_BYTES];

	t->load = loadgen_create(&t->config, why);
	if (!t->load)
		return broke(t, "load", "%s", why);
	if (t->marks)
		loadgen_mark(t->load);
	inbox_watch(t->load, t->progress_ms);
	int status = loadgen_run(t->load);
	inbox_unwatch();
	return status == LOADGEN_OK || load_failed(t, status);
}

static bool drive(struct trial *t)
{
	char why[MESSAGE_BYTES];

	if (!launch(t))
		return false;
	if (!preflight((uint16_t)t->config.server_port, why, sizeof(why)))
		return broke(t, "preflight", "%s", why);
	return run_load(t);
}

/* The stats line is the last of its kind in what the server has said since it was ready. */
static void find_stats(struct trial *t)
{
	const char *why;
	char *rest;

	for (char *line = strtok_r(t->output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (json_check(line, strlen(line), &why) && is_event(line, "stats"))
			t->stats = line;
}

static void end_server(struct trial *t)
{
	if (t->server.pid <= 0)
		return;
	child_stop(&t->server, STOP_TIMEOUT_MS * NS_PER_MS);
	(void)child_read(&t->server, t->output, sizeof(t->output), false, now_ns() + NS_PER_S);
	find_stats(t);
	t->said_bytes = child_stderr(&t->server, t->said, sizeof(t->said));
	child_close(&t->server);
}

static void answer_result(const struct trial *t)
{
	answer_begin_to(t->ask->id, "result");
	put_name("stage");
	if (t->stage)
		put_string(t->stage);
	else
		put_null();
	put_member_string("message", t->message);
	put_name("ready");
	put_json(t->ready[0] ? t->ready : NULL);
	put_name("stats");
	put_json(t->stats);
	put_name("stderr");
	put_text(t->said, t->said_bytes);
	put_name("report");
	if (t->load)
		put_report(t->load, &t->config);
	else
		put_null();
	answer_end();
}

void trial(const struct ask *ask)
{
	static struct trial t;

	memset(&t, 0, sizeof(t));
	t.ask = ask;
	if (!read_ask(&t))
		return;
	(void)drive(&t);
	end_server(&t);
	answer_result(&t);
	loadgen_destroy(t.load);
}
