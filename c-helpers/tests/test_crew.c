/*
 * test_crew.c - the load generator with several threads, more of them than there may be CPUs: what is dealt
 * to them, their sums, the edges that they have in common, and how one that fails ends all.
 *
 * Build: cc -std=gnu11 -O2 test_crew.c with all .c files of wire, load, observer, loadlib -lm -lpthread
 */
#define _GNU_SOURCE 1 /* CPU sets */

#include <math.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "../load/crew.h"
#include "load_run.h"

#define THREADS 5u
#define STALL_NS (400 * NS_PER_MS)
#define PATIENCE_NS (50 * NS_PER_MS)

static struct loadgen_thread thread_of[LOADGEN_THREADS_MAX];

/* As run(), on so many threads; keeps what each of them has done. Returns how many there were. */
static uint32_t run_on(struct loadgen_config *config, uint32_t threads)
{
	char message[LOADGEN_MESSAGE_BYTES];

	config->client_threads = threads;
	for (uint32_t i = 0; i < threads; i++)
		config->client_cpu[i] = -1;
	struct loadgen *lg = loadgen_create(config, message);
	need(lg != NULL, "loadgen_create: %s", message);
	memset(&out, 0, sizeof(out));
	uint64_t begin = now_ns();
	out.status = loadgen_run(lg);
	out.took_ns = now_ns() - begin;
	collect(lg);
	uint32_t ran = loadgen_threads(lg);
	for (uint32_t i = 0; i < ran; i++)
		loadgen_thread(lg, i, &thread_of[i]);
	loadgen_destroy(lg);
	return ran;
}

/* Dealt evenly, and nothing lost in adding up. */
static void check_threads(const char *name, const struct loadgen_config *config, uint32_t threads)
{
	const struct loadgen_report *r = &out.report;
	struct loadgen_thread sum = {0};
	bool even = true, worked = true;

	for (uint32_t i = 0; i < threads; i++) {
		const struct loadgen_thread *t = &thread_of[i];

		even &= t->connections >= config->connections / threads &&
			t->connections <= config->connections / threads + 1 &&
			t->active >= config->active / threads && t->active <= config->active / threads + 1;
		worked &= t->completed > 0 && t->cpu_ns > 0 && t->syscalls >= t->wakeups && t->cpu == -1;
		sum.connections += t->connections;
		sum.active += t->active;
		sum.completed += t->completed;
		sum.drained += t->drained;
		sum.cpu_ns += t->cpu_ns;
		sum.syscalls += t->syscalls;
		sum.wakeups += t->wakeups;
	}
	check(even && sum.connections == config->connections && sum.active == config->active,
	      "%s: connections and active ones are dealt evenly", name);
	check(worked, "%s: every thread has completed requests in the window", name);
	check(sum.completed == r->completed && sum.drained == r->drained &&
		      sum.cpu_ns == r->edge[1].client_cpu_ns - r->edge[0].client_cpu_ns &&
		      sum.syscalls == r->edge[1].client_syscalls - r->edge[0].client_syscalls &&
		      sum.wakeups == r->edge[1].client_wakeups - r->edge[0].client_wakeups,
	      "%s: the threads add up to the report", name);
	check(out.sums[1][COUNTER_BYTES] - out.sums[0][COUNTER_BYTES] == r->bytes_verified &&
		      out.sums[0][COUNTER_ACCEPTED] == config->connections,
	      "%s: the readings at the edges enclose exactly the window of all threads", name);
}

static void test_dealing(void)
{
	static const struct {
		const char *name;
		uint32_t connections, active, depth, bytes;
	} shapes[] = {{"as many as threads", THREADS, THREADS, 1, 64},
		      {"uneven", 13, 12, 3, 4099},
		      {"mostly idle", 203, 7, 1, 100},
		      {"large messages", 6, 6, 2, 300001}};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct echo_child child = echo_start(ECHO_FAITHFUL);
		struct loadgen_config config = config_for(&child, shapes[i].connections);

		config.active = shapes[i].active;
		config.depth = shapes[i].depth;
		config.message_bytes = shapes[i].bytes;
		uint32_t threads = run_on(&config, THREADS);
		check(threads == THREADS, "%s: on %u threads", shapes[i].name, threads);
		check_books(shapes[i].name, &config);
		check_threads(shapes[i].name, &config, threads);
		check(out.report.in_flight_at_deadline == (uint64_t)config.active * config.depth &&
			      out.report.connections_opened == config.connections,
		      "%s: all connections are open, and the asked depth is in flight at the deadline",
		      shapes[i].name);
		echo_stop(&child);
	}

	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 9);
	config.active = 2;
	check(run_on(&config, THREADS) == 2, "no thread is without an active connection");
	check_books("two active connections", &config);
	check_threads("two active connections", &config, 2);
	echo_stop(&child);
}

/* The same times fall due on any number of threads. */
static void test_open_loop(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 12);
	const struct loadgen_report *r = &out.report;
	uint64_t due = 0;

	config.mode = LOADGEN_OPEN_FIXED;
	config.depth = 4;
	run_on(&config, THREADS);
	check_books("fixed rate", &config);
	check_threads("fixed rate", &config, THREADS);
	double expected = config.rate_per_s * (double)config.measure_ns / (double)NS_PER_S;
	check(fabs((double)(r->sent + r->due_unsent) - expected) <= 1,
	      "fixed rate: %llu sent + %llu unsent of %.0f due", (unsigned long long)r->sent,
	      (unsigned long long)r->due_unsent, expected);

	config.mode = LOADGEN_OPEN_POISSON;
	for (uint32_t threads = 1; threads <= THREADS; threads += 2) {
		run_on(&config, threads);
		check_books("Poisson", &config);
		if (threads == 1)
			due = r->sent + r->due_unsent;
		check(due > 0 && r->sent + r->due_unsent == due, "Poisson: %llu of %llu due on %u threads",
		      (unsigned long long)(r->sent + r->due_unsent), (unsigned long long)due, threads);
	}
	echo_stop(&child);
}

static void test_churn(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 11);
	const struct loadgen_report *r = &out.report;

	config.mode = LOADGEN_CHURN;
	run_on(&config, THREADS);
	check_books("churn", &config);
	check(r->connections_churned > 0 && r->errors == 0 && r->connection_errors == 0 &&
		      out.sums[1][COUNTER_ACCEPTED] - out.sums[0][COUNTER_ACCEPTED] == r->sent,
	      "churn: the server has accepted one connection per request of all threads");
	echo_stop(&child);
}

static bool names_thread(void)
{
	unsigned int number = 0, of = 0;

	return sscanf(out.report.message, "client thread %u of %u: ", &number, &of) == 2 && number >= 1 &&
	       number <= of && of == THREADS;
}

static void test_failures(void)
{
	static const struct {
		const char *name;
		enum echo_fault fault;
		enum loadgen_status status;
		const char *says;
	} cases[] = {{"a flipped bit", ECHO_FLIPS, LOADGEN_CORRUPT, "came back"},
		     {"a byte too many", ECHO_ADDS, LOADGEN_CORRUPT, NULL},
		     {"a connection that is never answered", ECHO_MUTES_ONE, LOADGEN_STALLED,
		      "1 connections wait with 1 requests"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct echo_child child = echo_start(cases[i].fault);
		struct loadgen_config config = config_for(&child, THREADS);

		config.measure_ns = 20 * NS_PER_S;
		config.stall_timeout_ns = STALL_NS;
		run_on(&config, THREADS);
		check((enum loadgen_status)out.status == cases[i].status && names_thread() &&
			      (!cases[i].says || strstr(out.report.message, cases[i].says)),
		      "%s on one thread ends all, which is named (%s)", cases[i].name, out.report.message);
		check(out.took_ns < config.measure_ns, "%s: in time", cases[i].name);
		echo_stop(&child);
	}

	struct echo_child child = echo_start(ECHO_BREAKS_ODD);
	struct loadgen_config config = config_for(&child, 8);
	run_on(&config, THREADS);
	check(out.status == LOADGEN_CONNECTIONS_LOST &&
		      strstr(out.report.message, "4 of 8 connections were lost before"),
	      "what all threads lost in the warm-up fails the run (%s)", out.report.message);
	echo_stop(&child);

	child = echo_start(ECHO_BREAKS_ODD);
	config = config_for(&child, 8);
	config.warmup_ns = 0;
	run_on(&config, 8);
	check_books("half of the threads lose their only connection", &config);
	check(out.report.errors == 4, "half of the threads lose their only connection: the others go on");
	echo_stop(&child);

	config.server_port = 1;
	config.server_pid = 0;
	config.counters_path[0] = '\0';
	run_on(&config, THREADS);
	check(out.status == LOADGEN_CONNECT_FAILED && strstr(out.report.message, "refused"),
	      "a port that nobody listens on is named (%s)", out.report.message);
}

static void test_interrupted(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 8);
	const struct loadgen_report *r = &out.report;
	struct runner runner;
	pthread_t thread;

	config.measure_ns = 600 * NS_PER_S;
	config.client_threads = THREADS;
	for (uint32_t i = 0; i < THREADS; i++)
		config.client_cpu[i] = -1;
	begin_threaded(&config, &runner, &thread);
	loadgen_stop(runner.lg);
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_STOPPED && strcmp(r->message, "stopped on request") == 0 &&
		      r->completed > 0 && r->sent == r->completed + r->errors + r->in_flight_at_deadline,
	      "stop ends all threads and the books balance (%s)", r->message);

	begin_threaded(&config, &runner, &thread);
	(void)kill(child.pid, SIGKILL);
	end_threaded(&runner, thread);
	check(out.status == LOADGEN_SERVER_GONE && r->completed > 0, "a killed server is gone (%s)",
	      r->message);
	echo_stop(&child);
}

static void test_places(void)
{
	struct echo_child child = echo_start(ECHO_FAITHFUL);
	struct loadgen_config config = config_for(&child, 6);
	cpu_set_t before, after;
	int fds = count_fds(), cpu = 0;

	need(sched_getaffinity(0, sizeof(before), &before) == 0, "sched_getaffinity");
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	config.client_threads = 3;
	for (int i = 0; i < 3; i++)
		config.client_cpu[i] = cpu;
	run(&config);
	check_books("three threads on one CPU", &config);
	need(sched_getaffinity(0, sizeof(after), &after) == 0, "sched_getaffinity");
	check(CPU_EQUAL(&before, &after) && count_fds() == fds,
	      "the caller's affinity is put back, and no descriptor is left open");
	config.client_cpu[1] = CPU_SETSIZE - 1;
	run(&config);
	check(out.status == LOADGEN_SYSTEM && strstr(out.report.message, "thread 2 of 3, on CPU 1023") &&
		      strstr(out.report.message, "sched_setaffinity(cpu 1023)"),
	      "a CPU that is not there is named (%s)", out.report.message);
	echo_stop(&child);
}

static pthread_barrier_t gone; /* all but the absent one */

static void meet_without_second(struct load *lg)
{
	if (lg->number != 1)
		check(!crew_meet(lg) && lg->failure.status != LOADGEN_OK, "a meeting that one misses fails");
	crew_leave(lg);
	(void)pthread_barrier_wait(&gone);
}

static void test_absent(void)
{
	static struct crew crew = {.threads = 3, .patience_ns = PATIENCE_NS};
	static struct load load[3];
	uint64_t begin_ns = now_ns();

	need(crew_init(&crew) && pthread_barrier_init(&gone, NULL, 3) == 0, "crew_init: %s", strerror(errno));
	atomic_store(&crew.shared.stop_fd, eventfd(0, EFD_NONBLOCK));
	crew.load = load;
	for (uint32_t i = 0; i < 3; i++)
		load[i] = (struct load){.crew = &crew, .number = i, .cpu = -1};
	crew_run(&crew, meet_without_second);
	const struct failure *f = &crew_first_failed(&crew)->failure;
	check(f->status == LOADGEN_STALLED && strstr(f->message, "client thread 2"),
	      "a thread that does not come is named (%s)", f->message);
	check(now_ns() - begin_ns >= PATIENCE_NS, "it is waited for");
	(void)close(atomic_load(&crew.shared.stop_fd));
	crew_destroy(&crew);
	(void)pthread_barrier_destroy(&gone);
}

int main(void)
{
	test_dealing();
	test_open_loop();
	test_churn();
	test_failures();
	test_interrupted();
	test_places();
	test_absent();
	return checks_exit();
}
