/*
 * test_loadgen.c - the load generator end to end, against a server process of the test's own that
 * echoes or misbehaves. Counts and invariants are checked, never speed.
 *
 * Build: cc -std=gnu11 -O2 test_loadgen.c with all .c files of wire, load, observer, loadlib -lm -lpthread
 */
#define _GNU_SOURCE 1 /* CPU sets */

#include <math.h>
#include <sched.h>

#include "load_run.h"

#define STALL_NS (400 * NS_PER_MS)
#define MAX_FDS_NEEDED 4200

static void test_closed(void)
{
	static const struct {
		const char *name;
		uint32_t connections, active, depth, bytes;
	} shapes[] = {
		{"one connection", 1, 1, 1, 64},     {"one byte", 3, 3, 2, 1},
		{"pipelined", 20, 20, 16, 64},	     {"odd sizes", 7, 7, 3, 4099},
		{"a chunk and one", 3, 3, 2, 65537}, {"large messages", 2, 2, 2, 3000001},
		{"16 MiB", 1, 1, 1, 16777216},	     {"mostly idle", 300, 7, 2, 100},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct echo_child child = echo_start(ECHO_FAITHFUL);
		struct loadgen_config config = config_for(&child, shapes[i].connections);

		config.active = shapes[i].active;
		config.depth = shapes[i].depth;
		config.message_bytes = shapes[i].bytes;
		run(&config);
		check_books(shapes[i].name, &config);
		check(out.report.in_flight_at_deadline == (uint64_t)shapes[i].active * shapes[i].depth &&
			      out.report.drained == out.report.in_flight_at_deadline,
		      "%s: the asked depth is in flight at the deadline, and drained", shapes[i].name);
		check(out.report.connections_opened == shapes[i].connections &&
			      out.report.warmup_completed > 0 && out.report.connect_ns > 0,
		      "%s: all connections are open and warmed up", shapes[i].name);
		echo_stop(&child);
	}
}

static void test_many_connections(void)
{
	struct rlimit limit;

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit: %s", strerror(errno));
	if (limit.rlim_cur < MAX_FDS_NEEDED) {
		printf("ok - 2,000 connections: not tried, RLIMIT_NOFILE is too small\n");
		return;
	}
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 2000);
	config.active = 20;
	run(&config);
	check_books("2,000 connections", &config);
	check(out.report.connections_opened == 2000, "2,000 connections: all are opened");
	check(out.sums[LOADGEN_EDGE_START][COUNTER_ACCEPTED] == 2000,
	      "2,000 connections: the server has accepted all before the start edge");
	echo_stop(&child);
}

static void test_edges(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 5);

	run(&config);
	const struct loadgen_report *r = &out.report;
	const struct loadgen_edge *e = r->edge;
	check(r->counters == ECHO_COUNTERS && strcmp(out.names[COUNTER_BYTES], "bytes_in") == 0,
	      "edges: the counters have the names of the page");
	check(out.sums[1][COUNTER_BYTES] - out.sums[0][COUNTER_BYTES] == r->bytes_verified,
	      "edges: the server counted exactly the bytes of the window");
	check(e[0].sampled == 1 && e[1].sampled == 1 &&
		      e[1].server_voluntary_switches >= e[0].server_voluntary_switches,
	      "edges: the server answers SIGUSR1");
	check(e[1].server_cpu_ns > e[0].server_cpu_ns, "edges: the server's CPU clock runs");
	check(out.file_bytes[0] > 4 && memcmp(out.file[0], "cpu ", 4) == 0 && out.file_bytes[1] > 4 &&
		      memcmp(out.file[1], "cpu ", 4) == 0,
	      "edges: the text of /proc/stat is kept");
	echo_stop(&child);

	child = echo_start(ECHO_FAITHFUL);
	config = config_for(&child, 5);
	config.server_pid = 0;
	config.counters_path[0] = '\0';
	strcpy(config.edge_path[0], "/proc/no/such/file");
	run(&config);
	check_books("without pid and counters", &config);
	check(r->counters == 0 && e[0].sampled == 0 && e[1].server_cpu_ns == 0 && out.file_bytes[0] == 0 &&
		      e[0].rested == 0 && e[1].kernel_threads == 0 && out.traces[1][0] == 0,
	      "edges: what is not asked for is not there");
	echo_stop(&child);
}

/* 0 where it cannot be read. */
static uint64_t tracepoint_id(const char *name)
{
	char path[128];
	unsigned long long id = 0;

	(void)snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &id) != 1)
		id = 0;
	(void)fclose(file);
	return id;
}

static uint64_t hits(uint32_t event)
{
	return out.traces[1][event] - out.traces[0][event];
}

/* Each of the faithful child's answers is one recvfrom and one sendto, as long as messages are short. */
static void test_traces(void)
{
	static const char *const names[] = {"syscalls/sys_enter_recvfrom", "syscalls/sys_enter_sendto",
					    "syscalls/sys_enter_getpid", "raw_syscalls/sys_enter"};
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 5);
	const struct loadgen_report *r = &out.report;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		config.trace_id[config.trace_events++] = tracepoint_id(names[i]);
	int error = loadgen_trace_check(child.pid, config.trace_id[3]);
	if (config.trace_id[3] == 0 || error != 0) {
		printf("ok - traces: not tried, %s\n",
		       config.trace_id[3] ? strerror(error) : "tracefs cannot be read");
		echo_stop(&child);
		return;
	}
	run(&config);
	check_books("traces", &config);
	check(r->edge[0].rested == 1 && r->edge[1].rested == 1, "traces: the server sleeps at both edges");
	check(memcmp(out.sums, out.sums_after, sizeof(out.sums)) == 0,
	      "traces: the counters say the same before and after");
	check(hits(0) == r->sent && hits(1) == r->sent, "traces: %llu requests, recvfrom %llu, sendto %llu",
	      (unsigned long long)r->sent, (unsigned long long)hits(0), (unsigned long long)hits(1));
	check(hits(2) == 0 && hits(3) > hits(0) + hits(1), "traces: calls that are not made are not counted");

	config.trace_id[2] = UINT32_MAX;
	run(&config);
	check(out.status == LOADGEN_SYSTEM && strstr(r->message, "no tracepoint with this id"),
	      "traces: an id that is none is named (%s)", r->message);
	check(loadgen_trace_check(child.pid, UINT32_MAX) != 0, "traces: the check says so as well");
	echo_stop(&child);
	check(loadgen_trace_check(child.pid, config.trace_id[3]) == ESRCH,
	      "traces: the check finds no task that has ended");
}

static void test_kernel_threads(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 5);

	config.kernel_threads = 1;
	run(&config);
	check_books("kernel threads", &config);
	check(out.report.edge[1].kernel_threads == 0 && out.report.edge[1].sqp_cpu_ns == 0,
	      "kernel threads: a server without io_uring has none");
	echo_stop(&child);
}

static void test_open_loop(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 10);
	const struct loadgen_report *r = &out.report;

	config.mode = LOADGEN_OPEN_FIXED;
	config.depth = 4;
	run(&config);
	check_books("fixed rate", &config);
	double expected = config.rate_per_s * (double)config.measure_ns / (double)NS_PER_S;
	check(strcmp(r->congestion, "reno") == 0, "the load's sockets use Reno (%s)", r->congestion);
	check(fabs((double)(r->sent + r->due_unsent) - expected) <= 1,
	      "fixed rate: %llu sent + %llu unsent of %.0f due", (unsigned long long)r->sent,
	      (unsigned long long)r->due_unsent, expected);

	config.mode = LOADGEN_OPEN_POISSON;
	run(&config);
	check_books("Poisson", &config);
	check(fabs((double)(r->sent + r->due_unsent) - expected) <= 5 * sqrt(expected),
	      "Poisson: %llu sent + %llu unsent of about %.0f due", (unsigned long long)r->sent,
	      (unsigned long long)r->due_unsent, expected);

	config.mode = LOADGEN_OPEN_FIXED;
	config.rate_per_s = 2e6;
	config.depth = 1;
	run(&config);
	check_books("overload", &config);
	expected = config.rate_per_s * (double)config.measure_ns / (double)NS_PER_S;
	check(r->due_unsent > 0 && fabs((double)(r->sent + r->due_unsent) - expected) <= 1,
	      "overload: %llu sent + %llu unsent of %.0f due", (unsigned long long)r->sent,
	      (unsigned long long)r->due_unsent, expected);
	check(r->response_max_ns > 10 * r->service_min_ns && r->response_sum_ns > r->service_sum_ns,
	      "overload: responses count from the due time");

	config.rate_per_s = 200;
	config.message_bytes = 1000000;
	config.depth = 3;
	run(&config);
	check_books("fixed rate, large messages", &config);
	echo_stop(&child);
}

/* The server stands still for 200 ms. A closed loop would see a few slow answers. */
static void test_no_coordinated_omission(void)
{
	struct echo_child child = echo_start(ECHO_PAUSES_ONCE);
	struct loadgen_config config = config_for(&child, 4);
	uint64_t slow = 0;

	config.mode = LOADGEN_OPEN_FIXED;
	config.rate_per_s = 1000;
	config.measure_ns = 600 * NS_PER_MS;
	run(&config);
	check_books("pause", &config);
	for (uint32_t i = histogram_index(50 * NS_PER_MS); i < HISTOGRAM_BUCKETS; i++)
		slow += out.response[i];
	check(slow >= 140, "pause: what fell due during a pause of 200 ms is counted late (%llu)",
	      (unsigned long long)slow);
	echo_stop(&child);
}

static void test_churn(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 16);
	const struct loadgen_report *r = &out.report;

	config.mode = LOADGEN_CHURN;
	run(&config);
	check_books("churn", &config);
	check(r->connections_churned > 0 && r->connections_churned <= r->completed && r->errors == 0 &&
		      r->connection_errors == 0,
	      "churn: %llu connections closed in the window, none broken",
	      (unsigned long long)r->connections_churned);
	check(out.sums[1][COUNTER_ACCEPTED] - out.sums[0][COUNTER_ACCEPTED] == r->sent,
	      "churn: the server has accepted one connection per request");
	config.message_bytes = 300000;
	run(&config);
	check_books("churn, large messages", &config);
	echo_stop(&child);

	child = echo_start(ECHO_NEVER_CLOSES);
	config = config_for(&child, 3);
	config.mode = LOADGEN_CHURN;
	config.stall_timeout_ns = STALL_NS;
	run(&config);
	check(out.status == LOADGEN_STALLED, "churn: a server that never closes is a stall (%s)", r->message);
	echo_stop(&child);

	child = echo_start(ECHO_BREAKS_ODD);
	config = config_for(&child, 3);
	config.mode = LOADGEN_CHURN;
	run(&config);
	check(out.status == LOADGEN_OK || out.status == LOADGEN_SERVER_GONE,
	      "churn: broken connections are errors or, in a row, the end (%d %s)", out.status, r->message);
	check(r->errors > 0 && r->sent == r->completed + r->errors + r->in_flight_at_deadline,
	      "churn: with broken connections the books balance");
	echo_stop(&child);
}

static void test_failures(void)
{
	struct echo_child child = echo_start(ECHO_SILENT);
	struct loadgen_config config = config_for(&child, 5);
	const struct loadgen_report *r = &out.report;

	config.stall_timeout_ns = STALL_NS;
	config.depth = 2;
	run(&config);
	check(out.status == LOADGEN_STALLED && strstr(r->message, "5 connections wait") &&
		      strstr(r->message, "10 requests"),
	      "a silent server is a stall (%s)", r->message);
	check(out.took_ns < 20 * STALL_NS, "the stall is found in time");
	echo_stop(&child);

	child = echo_start(ECHO_FLIPS);
	config = config_for(&child, 5);
	config.measure_ns = 20 * NS_PER_S;
	run(&config);
	check(out.status == LOADGEN_CORRUPT, "a flipped bit is found (%s)", r->message);
	echo_stop(&child);

	child = echo_start(ECHO_ADDS);
	config = config_for(&child, 5);
	config.measure_ns = 20 * NS_PER_S;
	run(&config);
	check(out.status == LOADGEN_CORRUPT, "a byte too many is found (%s)", r->message);
	echo_stop(&child);

	child = echo_start(ECHO_BREAKS_ODD);
	config = config_for(&child, 8);
	run(&config);
	check(out.status == LOADGEN_CONNECTIONS_LOST &&
		      strstr(r->message, "4 of 8 connections were lost before"),
	      "connections that break in the warm-up fail the run (%s)", r->message);
	echo_stop(&child);

	child = echo_start(ECHO_DROPS_IDLE);
	config = config_for(&child, 8);
	config.active = 2;
	config.warmup_ns = 0;
	run(&config);
	check(out.status == LOADGEN_CONNECTIONS_LOST &&
		      strstr(r->message, "1 of 8 connections were lost while"),
	      "an idle connection that breaks fails the run (%s)", r->message);
	echo_stop(&child);

	child = echo_start(ECHO_BREAKS_ODD);
	config = config_for(&child, 8);
	config.warmup_ns = 0;
	run(&config);
	check_books("half of the connections break", &config);
	check(r->errors == 4 && r->connection_errors == 4,
	      "half of the connections break: their requests are errors (%llu, %llu)",
	      (unsigned long long)r->errors, (unsigned long long)r->connection_errors);
	echo_stop(&child);

	need(echo_listen(&child.port) >= 0, "no listener"); /* nobody accepts, the queue does */
	config = config_for(&child, 2);
	config.server_port = 1;
	config.server_pid = 0;
	config.counters_path[0] = '\0';
	run(&config);
	check(out.status == LOADGEN_CONNECT_FAILED && strstr(r->message, "refused"),
	      "a port that nobody listens on is named (%s)", r->message);
	config.mode = LOADGEN_CHURN;
	run(&config);
	check(out.status == LOADGEN_CONNECT_FAILED, "churn: so it is (%s)", r->message);
}

/* The server stands still from the middle of the window to its end: most of what is due is never sent. */
static void test_unsent(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 4);
	const struct loadgen_report *r = &out.report;
	struct runner runner;
	pthread_t thread;

	config.mode = LOADGEN_OPEN_FIXED;
	config.rate_per_s = 1000;
	config.measure_ns = 800 * NS_PER_MS;
	begin_threaded(&config, &runner, &thread);
	need(kill(child.pid, SIGSTOP) == 0, "SIGSTOP: %s", strerror(errno));
	wait_phase(runner.lg, 3);
	need(kill(child.pid, SIGCONT) == 0, "SIGCONT: %s", strerror(errno));
	end_threaded(&runner, thread);
	check_books("a server that stops", &config);
	/* One of every stream is in flight; the others' waits are all different, and their sum is known. */
	double distance_ns = (double)NS_PER_S / config.rate_per_s;
	double waits_ns = (double)r->due_unsent * (double)r->due_unsent / 2 * distance_ns;
	double unsent_ns = (double)(r->response_sum_ns - r->service_sum_ns);
	check(r->due_unsent > 4 && unsent_ns > 0.9 * waits_ns,
	      "a server that stops: %llu that were never sent count with what they had waited (%.0f of %.0f "
	      "ms)",
	      (unsigned long long)r->due_unsent, unsent_ns / 1e6, waits_ns / 1e6);
	echo_stop(&child);
}

/* Somebody else's connection to the measured port, in the middle of the window. */
static void test_other_client(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 4);
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(child.port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct runner runner;
	pthread_t thread;
	char byte = 'x';
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	config.measure_ns = 1500 * NS_PER_MS;
	begin_threaded(&config, &runner, &thread);
	need(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && send(fd, &byte, 1, 0) == 1 &&
		     recv(fd, &byte, 1, 0) == 1,
	     "other client: %s", strerror(errno));
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_COUNTS_DIFFER && strstr(out.report.message, "another client"),
	      "another client on the port is noticed (%s)", out.report.message);
	(void)close(fd);
	echo_stop(&child);
}

static void test_interrupted(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 8);
	const struct loadgen_report *r = &out.report;
	struct runner runner;
	pthread_t thread;

	config.measure_ns = 600 * NS_PER_S;
	begin_threaded(&config, &runner, &thread);
	loadgen_stop(runner.lg);
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_STOPPED && r->completed > 0 &&
		      r->sent == r->completed + r->errors + r->in_flight_at_deadline,
	      "stop ends the run and the books balance (%s)", r->message);

	begin_threaded(&config, &runner, &thread);
	(void)kill(child.pid, SIGKILL); /* a zombie from now on: it is not reaped yet */
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_SERVER_GONE && r->completed > 0, "a killed server is gone (%s)",
	      r->message);
	echo_stop(&child);

	child = echo_start(ECHO_FAITHFUL);
	config = config_for(&child, 8);
	config.measure_ns = 600 * NS_PER_S;
	config.server_pid = 0;
	config.counters_path[0] = '\0';
	begin_threaded(&config, &runner, &thread);
	(void)kill(child.pid, SIGKILL);
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_SERVER_GONE, "without its pid as well (%s)", r->message);
	echo_stop(&child); /* its listener is gone for certain */
	config.mode = LOADGEN_CHURN;
	run(&config);
	check(out.status == LOADGEN_CONNECT_FAILED, "and churn finds nobody (%d %s, %u)", out.status,
	      r->message, r->connections_opened);

	char message[LOADGEN_MESSAGE_BYTES];
	struct loadgen *lg = loadgen_create(&config, message);
	need(lg != NULL, "loadgen_create: %s", message);
	loadgen_stop(lg);
	check(loadgen_run(lg) == LOADGEN_STOPPED, "a stop before the run ends it at once");
	check(loadgen_run(lg) != LOADGEN_OK, "a generator does not run twice");
	loadgen_destroy(lg);
}

static void check_refused(const char *name, const struct loadgen_config *config)
{
	char message[LOADGEN_MESSAGE_BYTES] = "";
	struct loadgen *lg = loadgen_create(config, message);

	check(lg == NULL && message[0], "%s is refused (%s)", name, message);
	loadgen_destroy(lg);
}

static void test_config(void)
{
	struct echo_child nobody = {.port = 1};
	const struct loadgen_config good = config_for(&nobody, 4);
	struct loadgen_config bad;
	struct rlimit limit, small;

#define REFUSE(member, value)                                                                                \
	do {                                                                                                 \
		bad = good;                                                                                  \
		bad.member = value;                                                                          \
		check_refused(#member " = " #value, &bad);                                                   \
	} while (0)
	REFUSE(abi_version, 99);
	REFUSE(mode, 4);
	REFUSE(server_ipv4, 0x08080808);
	REFUSE(server_port, 65536);
	REFUSE(connections, 0);
	REFUSE(active, 5);
	REFUSE(active, 0);
	REFUSE(depth, 0);
	REFUSE(depth, UINT32_MAX);
	REFUSE(message_bytes, 0);
	REFUSE(server_pid, -1);
	REFUSE(client_threads, 0);
	REFUSE(client_threads, LOADGEN_THREADS_MAX + 1);
	REFUSE(client_cpu[0], -2);
	REFUSE(edge_files, 13);
	REFUSE(trace_events, 65);
	REFUSE(measure_ns, 0);
	REFUSE(connect_timeout_ns, 0);
	REFUSE(stall_timeout_ns, UINT64_MAX);
#undef REFUSE
	bad = good;
	bad.server_pid = 0;
	bad.trace_events = 1;
	check_refused("traces without a process", &bad);
	bad = good;
	bad.mode = LOADGEN_OPEN_FIXED;
	bad.rate_per_s = (double)NAN;
	check_refused("a rate that is not a number", &bad);
	bad = good;
	memset(bad.edge_path[0], 'x', LOADGEN_PATH_BYTES);
	check_refused("a path without an end", &bad);

	need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit: %s", strerror(errno));
	small = limit;
	small.rlim_cur = 100;
	need(setrlimit(RLIMIT_NOFILE, &small) == 0, "setrlimit: %s", strerror(errno));
	bad = good;
	bad.connections = 100;
	check_refused("more connections than RLIMIT_NOFILE", &bad);
	bad.connections = bad.active = 1;
	bad.server_pid = getpid();
	bad.trace_events = LOADGEN_TRACE_MAX;
	check_refused("more traces than RLIMIT_NOFILE", &bad);
	need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit: %s", strerror(errno));
}

static void test_leaves_no_trace(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 50);
	cpu_set_t before, after;
	int fds = count_fds();

	need(sched_getaffinity(0, sizeof(before), &before) == 0, "sched_getaffinity");
	for (config.client_cpu[0] = 0; !CPU_ISSET(config.client_cpu[0], &before); config.client_cpu[0]++)
		;
	int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	run(&config);
	check_books("pinned", &config);
	need(sched_getaffinity(0, sizeof(after), &after) == 0, "sched_getaffinity");
	check(CPU_EQUAL(&before, &after), "the thread's affinity is put back");
	check(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == slack, "the thread's timer slack is put back");
	check(count_fds() == fds, "no descriptor is left open");
	config.client_cpu[0] = CPU_SETSIZE - 1;
	run(&config);
	check(out.status == LOADGEN_SYSTEM && strstr(out.report.message, "cpu 1023"),
	      "a CPU that is not there is named (%s)", out.report.message);
	config = config_for(&child, 5);
	strcpy(config.counters_path, "/proc/self/exe");
	run(&config);
	check(out.status == LOADGEN_SYSTEM && strstr(out.report.message, "counters page"),
	      "a file that is no counters page is named (%s)", out.report.message);
	echo_stop(&child);
}

int main(void)
{
	test_config();
	test_closed();
	test_many_connections();
	test_edges();
	test_traces();
	test_kernel_threads();
	test_open_loop();
	test_no_coordinated_omission();
	test_unsent();
	test_other_client();
	test_churn();
	test_failures();
	test_interrupted();
	test_leaves_no_trace();
	return checks_exit();
}
