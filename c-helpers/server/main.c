/*
 * main.c - the server harness: argv, limits, pinning, counters, listening, ready line, signals.
 *
 * stdout is JSON lines for programs: "ready" after listen, "stats" on SIGTERM, or with --probe one
 * "probe". stderr is for people. Exit 0 served, 1 failed, 2 usage, 77 unsupported with the reason.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "die.h"
#include "handicap.h"
#include "inherited.h"
#include "limits.h"
#include "net.h"
#include "selftest.h"
#include "workers.h"

#define CONNS_MAX_DEFAULT 16384u
/* The counters by name, and up to WORKERS_MAX numbers. */
#define STATS_BYTES 65536
#define HANDICAP_NS_MAX 1000000000u

struct options {
	const char *host;
	uint16_t port;
	uint32_t conns_max; /* 0: as many as the limits allow */
	uint32_t handicap_ns;
	uint32_t workers;
	bool probe;
	cpu_set_t cpus;
	bool pinned;
};

static void usage(void)
{
	printf("usage: %s [--host=127.0.0.1] [--port=0] [--conns-max=N] [--cpu=0,2-3] [--workers=N] "
	       "[--probe]%s%s\n"
	       "Echoes TCP bytes until SIGTERM. stdout: a ready line and a stats line, as JSON.\n",
	       model.name, model.usage ? " " : "", model.usage ? model.usage : "");
}

static uint32_t number(const char *text, uint32_t max, const char *name)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value > max)
		die_usage("%s=%s is not a number up to %u", name, text, max);
	return (uint32_t)value;
}

/* "0,2-3", as in /sys and taskset -c. */
static void parse_cpus(const char *text, cpu_set_t *cpus)
{
	const char *at = text;
	CPU_ZERO(cpus);
	while (*at) {
		char *end;
		unsigned long from = strtoul(at, &end, 10), to = from;
		if (end == at)
			break;
		if (*end == '-') {
			at = end + 1;
			to = strtoul(at, &end, 10);
			if (end == at)
				break;
		}
		if (to >= CPU_SETSIZE || from > to)
			break;
		for (unsigned long cpu = from; cpu <= to; cpu++)
			CPU_SET(cpu, cpus);
		at = end;
		if (*at == ',')
			at++;
		else if (*at)
			break;
	}
	if (*at || CPU_COUNT(cpus) == 0)
		die_usage("--cpu=%s is not a list of CPUs such as 0,2-3", text);
}

static void parse_options(int argc, char **argv, struct options *options, struct loop *loop)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
			usage();
			exit(EXIT_SERVED);
		} else if (!strcmp(arg, "--probe")) {
			options->probe = true;
		} else if (!strncmp(arg, "--host=", 7)) {
			options->host = arg + 7;
		} else if (!strncmp(arg, "--port=", 7)) {
			options->port = (uint16_t)number(arg + 7, UINT16_MAX, "--port");
		} else if (!strncmp(arg, "--conns-max=", 12)) {
			options->conns_max = number(arg + 12, UINT32_MAX / 2, "--conns-max");
			if (options->conns_max == 0)
				die_usage("--conns-max=0 would serve nobody");
		} else if (!strncmp(arg, "--handicap-ns=", 14)) {
			options->handicap_ns = number(arg + 14, HANDICAP_NS_MAX, "--handicap-ns");
		} else if (!strncmp(arg, "--workers=", 10)) {
			options->workers = number(arg + 10, WORKERS_MAX, "--workers");
			if (options->workers == 0)
				die_usage("--workers=0 would serve nobody");
		} else if (!strncmp(arg, "--cpu=", 6)) {
			parse_cpus(arg + 6, &options->cpus);
			options->pinned = true;
		} else if (!model.option || !model.option(loop, arg)) {
			die_usage("unknown option or value %s; see %s --help", arg, model.name);
		}
	}
}

static uint32_t raise_fd_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit(RLIMIT_NOFILE)");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			die("setrlimit(RLIMIT_NOFILE, %llu)", (unsigned long long)limit.rlim_max);
	}
	return limit.rlim_cur > INT32_MAX ? INT32_MAX : (uint32_t)limit.rlim_cur;
}

/* The smallest of what was asked for, what the process may open and what the model can hold. */
static void set_limits(struct server *server, const struct options *options)
{
	uint32_t nofile = raise_fd_limit(), asked = options->conns_max;
	uint32_t reserved = SERVER_FDS_RESERVED + (options->workers - 1) * WORKER_FDS;
	struct model_limit most = {.conns = UINT32_MAX}, own = {0};

	limit_lower(&most, "RLIMIT_NOFILE", nofile, reserved, 1);
	if (model.limit)
		own = model.limit();
	if (own.name && own.conns < most.conns)
		most = own;
	if (most.conns == 0)
		die_usage("%s is %llu: too small for any connection", most.name,
			  (unsigned long long)most.value);
	if (asked > most.conns)
		die_usage("--conns-max=%u is over the limit of %u connections that %s (%llu) sets", asked,
			  most.conns, most.name, (unsigned long long)most.value);
	if (asked)
		most = (struct model_limit){.conns = asked, .name = "--conns-max", .value = asked};
	else
		limit_lower(&most, "the default of --conns-max", CONNS_MAX_DEFAULT, 0, 1);
	server->conns_max = most.conns;
	server->conns_max_name = most.name;
	server->conns_max_value = most.value;
	server->fds_max = server->conns_max + reserved;
}

static void pin(const struct options *options, struct server *server)
{
	cpu_set_t cpus;
	if (options->pinned && sched_setaffinity(0, sizeof(options->cpus), &options->cpus) < 0)
		die("sched_setaffinity(--cpu)");
	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		die("sched_getaffinity");
	server->cpus = (uint32_t)CPU_COUNT(&cpus);
}

/* Async-signal-safe text, for the stats line is written by the handler. */
struct text {
	char bytes[STATS_BYTES];
	size_t len;
};

static void put(struct text *text, const char *piece)
{
	while (*piece && text->len < sizeof(text->bytes))
		text->bytes[text->len++] = *piece++;
}

static void put_number(struct text *text, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(text, digits + at);
}

static void put_counters(struct text *text, bool syscalls)
{
	const char *comma = "";
	for (enum counter id = 0; id < COUNTERS; id++) {
		const char *name = counter_name(id);
		uint64_t sum = counters_sum(id);
		if ((strncmp(name, "sys.", 4) == 0) != syscalls || (syscalls && sum == 0))
			continue;
		put(text, comma);
		put(text, "\"");
		put(text, name + (syscalls ? 4 : 0));
		put(text, "\":");
		put_number(text, sum);
		comma = ",";
	}
}

/* What each accepted, where there are several. */
static void put_workers(struct text *text)
{
	if (workers_running() == 1)
		return;
	put(text, ",\"workers\":");
	for (uint32_t worker = 0; worker < workers_running(); worker++) {
		put(text, worker ? ",\"" : "{\"");
		put_number(text, worker);
		put(text, "\":");
		put_number(text, workers_slot(worker)->value[COUNT_ACCEPTED]);
	}
	put(text, "}");
}

static struct loop *served; /* set before the handler */

static void on_stop(int sig)
{
	static struct text text; /* not on the stack: a handler's may be small */
	(void)sig;
	workers_stop();
	if (model.stopping)
		model.stopping(served);
	put(&text, "{\"event\":\"stats\",");
	put_counters(&text, false);
	put_workers(&text);
	put(&text, ",\"syscalls\":{");
	put_counters(&text, true);
	put(&text, "}}\n");
	for (size_t done = 0; done < text.len;) {
		ssize_t n = write(STDOUT_FILENO, text.bytes + done, text.len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	_exit(EXIT_SERVED);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_usec * 1000u;
}

/* See counters.h: answers with what only the process itself can tell exactly. */
static void on_sample(int sig)
{
	int saved_errno = errno;
	struct rusage own, ended = {0};
	struct counters_header *header = counters_header();
	(void)sig;
	count(counters_slot(0), COUNT_SYS_GETRUSAGE);
	bool known = getrusage(RUSAGE_SELF, &own) == 0;
	if (model.processes) {
		count(counters_slot(0), COUNT_SYS_GETRUSAGE);
		known = getrusage(RUSAGE_CHILDREN, &ended) == 0 && known;
	}
	if (known) {
		header->sample_voluntary_switches = (uint64_t)(own.ru_nvcsw + ended.ru_nvcsw);
		header->sample_involuntary_switches = (uint64_t)(own.ru_nivcsw + ended.ru_nivcsw);
		header->sample_children_cpu_ns = timeval_ns(ended.ru_utime) + timeval_ns(ended.ru_stime);
		__atomic_store_n(&header->sample_seq, header->sample_seq + 1, __ATOMIC_RELEASE);
	}
	count(counters_slot(0), COUNT_SYS_RT_SIGRETURN);
	errno = saved_errno;
}

static void on_child(int sig)
{
	int saved_errno = errno;
	(void)sig;
	model.child_ended(served);
	count(counters_slot(0), COUNT_SYS_RT_SIGRETURN);
	errno = saved_errno;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigfillset(&action.sa_mask);
	if (sigaction(sig, &action, NULL) < 0)
		die("sigaction(%d)", sig);
}

/* Only the main thread handles signals: models create their threads with all of them blocked. */
static void set_signals(void)
{
	handle(SIGPIPE, SIG_IGN);
	handle(SIGTERM, on_stop);
	handle(SIGINT, on_stop);
	handle(SIGUSR1, on_sample);
	if (model.child_ended)
		handle(SIGCHLD, on_child);
}

static void die_with_parent(void)
{
	pid_t parent = getppid();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("prctl(PR_SET_PDEATHSIG)");
	if (getppid() != parent) /* it ended in between */
		_exit(EXIT_FAILED);
}

/* The self-test comes first: it forks, which is no good behind threads that a model's own probe starts. */
static int run_probe(struct loop *loop, const struct server *server)
{
	struct probe tested = {0}, probe = {0};
	enum exit_code code =
		model.selftest ? model.selftest(loop, server, &tested) : selftest(loop, server, &tested);
	if (model.probe && model.probe(loop, server, &probe) != EXIT_SERVED) {
		code = EXIT_UNSUPPORTED;
	} else if (code != EXIT_SERVED) {
		memcpy(probe.reason, tested.reason, sizeof(probe.reason));
	}
	if (code == EXIT_UNSUPPORTED)
		fprintf(stderr, "%s: %s\n", model.name, probe.reason);
	printf("{\"event\":\"probe\",\"supported\":%s,\"reason\":\"%s\",\"features\":\"%s\"}\n",
	       code == EXIT_SERVED ? "true" : "false", probe.reason, probe.features);
	return code;
}

static struct workers_plan plan_workers(const struct options *options, enum sharing sharing)
{
	struct workers_plan plan = {.count = options->workers, .host = options->host, .cpus = options->cpus};

	if (plan.count > 1 && sharing == SHARING_NONE)
		die_usage("--workers=%u: with these options there is one", plan.count);
	plan.pinned = plan.count > 1 && options->pinned && CPU_COUNT(&options->cpus) >= (int)plan.count;
	return plan;
}

static void print_ready(const struct server *server, const struct workers_plan *plan, int counters_fd)
{
	printf("{\"event\":\"ready\",\"port\":%u,\"pid\":%d,\"countersFd\":%d,\"connsMax\":%u,"
	       "\"congestion\":\"%s\",\"workers\":%u,\"workerCpus\":[",
	       plan->port, getpid(), counters_fd, server->conns_max, net_congestion(server->listen_fd),
	       plan->count);
	for (uint32_t worker = 0; plan->pinned && worker < plan->count; worker++)
		printf("%s%d", worker ? "," : "", workers_cpu(plan, worker));
	printf("]}\n");
	if (fflush(stdout) != 0)
		die("write(ready line)");
}

int main(int argc, char **argv)
{
	struct options options = {.host = "127.0.0.1", .workers = 1};
	struct server server = {.buf_bytes = SERVER_BUF_BYTES};
	struct loop *loop = net_slab(1, model.loop_bytes), *options_only = NULL;

	parse_options(argc, argv, &options, loop);
	enum sharing sharing = model.sharing ? model.sharing(loop) : SHARING_NONE;
	struct workers_plan plan = plan_workers(&options, sharing);
	die_with_parent();
	close_inherited();
	pin(&options, &server);
	set_limits(&server, &options);
	server.loopback = net_is_loopback(options.host);
	int counters_fd = counters_open(server.fds_max);
	counters_header()->processes = model.processes;
	server.slot = counters_slot(0);
	if (options.probe)
		return run_probe(loop, &server);

	plan.port = options.port;
	server.listen_shared = sharing == SHARING_LISTENER;
	server.listen_fd = net_listen(plan.host, &plan.port, !model.listen_blocking,
				      sharing == SHARING_PORT ? NET_REUSEPORT : NET_OWN_PORT);
	if (plan.count > 1)
		options_only = memcpy(net_slab(1, model.loop_bytes), loop, model.loop_bytes);
	workers_pin(&plan, 0);
	model.prepare(loop, &server);
	handicap_prepare(options.handicap_ns);
	workers_start(&plan, &server, options_only);
	served = loop;
	set_signals();
	print_ready(&server, &plan, counters_fd);
	model.serve(loop);
	return EXIT_FAILED; /* it does not return */
}
