/*
 * harness.c - times the costs: batches that are long against the clock's step, what the loop and the clock
 * cost themselves subtracted, and an end whatever a system call does.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "../load/mark.h"
#include "../wire/uapi.h"
#include "cost.h"
#include "peer.h"

#define CLOCK_READINGS 512
#define LOOP_TURNS 8192
#define LOOP_TRIES 5
/* A batch may turn out so much shorter than wanted before it is made longer. */
#define ENOUGH_OF_BATCH 0.7
/* After the deadline, for the thread to clean up. */
#define GRACE_NS (2 * NS_PER_S)
/* Descriptors of the process, and of a cost, beside the pool. */
#define BESIDE_POOL 200u
#define CLOSE_RANGE_UNSHARE_FLAG (1u << 1) /* 5.9 */
#define DEADLINE_SIGNAL (SIGRTMAX - 2)

extern const struct costs_file *const __start_iomb_costs[];
extern const struct costs_file *const __stop_iomb_costs[];

/* One measurement, shared by its thread and by who waits for it. */
struct measurement {
	struct bench bench;
	struct costs_request request;
	struct costs_report report;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
};

static atomic_bool is_stopped;
static struct {
	int *fds;
	uint32_t count, capacity;
} pool;

static void deadline_handler(int signal)
{
	(void)signal; /* it is there to interrupt what blocks */
}

static bool fail_with(struct bench *bench, int status, const char *format, va_list args)
{
	int expected = COSTS_MEASURED;
	/* The first reason is the one that counts. */
	if (atomic_compare_exchange_strong(&bench->status, &expected, status))
		vsnprintf(bench->reason, sizeof(bench->reason), format, args);
	return false;
}

bool bench_wrong(struct bench *bench, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fail_with(bench, COSTS_FAILED, format, args);
	va_end(args);
	return false;
}

bool bench_unsupported(struct bench *bench, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fail_with(bench, COSTS_UNSUPPORTED, format, args);
	va_end(args);
	return false;
}

bool bench_fail(struct bench *bench, const char *call)
{
	int error = errno;
	struct rlimit limit = {0};

	if (error == EMFILE) {
		(void)getrlimit(RLIMIT_NOFILE, &limit);
		return bench_unsupported(bench,
					 "%s: RLIMIT_NOFILE allows %llu open files, too few: ulimit -n", call,
					 (unsigned long long)limit.rlim_cur);
	}
	if (error == ENFILE)
		return bench_unsupported(bench, "%s: fs.file-max is reached", call);
	if (error == ENOSYS)
		return bench_unsupported(
			bench, "%s: this kernel has no such call, or a filter hides it (ENOSYS)", call);
	return bench_wrong(bench, "%s: %s", call, strerror(error));
}

static const struct cost *cost_at(uint32_t index)
{
	for (const struct costs_file *const *file = __start_iomb_costs; file < __stop_iomb_costs; file++) {
		if (index < (*file)->count)
			return &(*file)->rows[index];
		index -= (*file)->count;
	}
	return NULL;
}

uint32_t costs_abi_version(void)
{
	return COSTS_ABI_VERSION;
}

uint32_t costs_count(void)
{
	uint32_t count = 0;
	for (const struct costs_file *const *file = __start_iomb_costs; file < __stop_iomb_costs; file++)
		count += (*file)->count;
	return count;
}

void costs_describe(uint32_t index, struct costs_about *about)
{
	const struct cost *cost = cost_at(index);

	*about = (struct costs_about){.abi_version = COSTS_ABI_VERSION};
	if (!cost)
		return;
	about->descriptors = cost->descriptors;
	about->takes_two = cost->takes_two;
	snprintf(about->id, sizeof(about->id), "%s", cost->id);
	snprintf(about->group, sizeof(about->group), "%s", cost->group);
	snprintf(about->unit, sizeof(about->unit), "%s", cost->unit);
	snprintf(about->title, sizeof(about->title), "%s", cost->title);
	snprintf(about->measures, sizeof(about->measures), "%s", cost->measures);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* What lies between two readings with nothing between them. */
static double clock_cost_ns(void)
{
	double gaps[LOOP_TRIES];
	for (uint32_t i = 0; i < LOOP_TRIES; i++) {
		uint64_t from = now_ns(), to = from;
		for (uint32_t reading = 0; reading < CLOCK_READINGS; reading++)
			to = now_ns();
		gaps[i] = (double)(to - from) / CLOCK_READINGS;
	}
	return median(gaps, LOOP_TRIES);
}

static void empty_run(struct bench *bench, uint64_t turns)
{
	(void)bench;
	TURNS(turns)
	{
	}
}

/* Through a pointer, as the runs are called. */
static double loop_cost_ns(struct bench *bench, double clock_ns)
{
	void (*volatile run)(struct bench *, uint64_t) = empty_run;
	double times[LOOP_TRIES];
	for (uint32_t i = 0; i < LOOP_TRIES; i++) {
		uint64_t from = now_ns();
		run(bench, LOOP_TURNS);
		times[i] = ((double)(now_ns() - from) - clock_ns) / LOOP_TURNS;
	}
	double ns = median(times, LOOP_TRIES);
	return ns > 0 ? ns : 0;
}

#if defined(__x86_64__)
/* CPUID 0x80000007, EDX bit 8: the TSC has one rate in all states. */
static bool has_tsc(void)
{
	unsigned int eax, ebx, ecx, edx = 0;
	return __get_cpuid(0x80000007u, &eax, &ebx, &ecx, &edx) && edx & (1u << 8);
}

static uint64_t read_tsc(void)
{
	return __builtin_ia32_rdtsc();
}
#else
static bool has_tsc(void)
{
	return false;
}

static uint64_t read_tsc(void)
{
	return 0;
}
#endif

void costs_read_clock(struct costs_clock *clock)
{
	uint64_t step = UINT64_MAX, last = now_ns();

	*clock = (struct costs_clock){.abi_version = COSTS_ABI_VERSION, .has_tsc = has_tsc()};
	for (uint32_t reading = 0; reading < CLOCK_READINGS; reading++) {
		uint64_t now = now_ns();
		if (now > last && now - last < step)
			step = now - last;
		last = now;
	}
	clock->step_ns = step == UINT64_MAX ? 0 : step;
	clock->read_ns = clock_cost_ns();
	/* The tightest of some pairs: an interruption between the two would make them strangers. */
	for (uint64_t best = UINT64_MAX, i = 0; i < LOOP_TRIES; i++) {
		uint64_t before = now_ns(), tsc = clock->has_tsc ? read_tsc() : 0, after = now_ns();
		if (after - before < best) {
			best = after - before;
			clock->now_ns = before + best / 2;
			clock->tsc = tsc;
		}
	}
}

void costs_release(void)
{
	for (uint32_t i = 0; i < pool.count; i++)
		close(pool.fds[i]);
	free(pool.fds);
	memset(&pool, 0, sizeof(pool));
}

/* A cost without any is measured without them: a large table of descriptors may cost something itself. */
static bool fill_pool(struct bench *bench)
{
	uint32_t wanted = bench->cost->descriptors;
	struct rlimit limit = {0};

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (wanted > 0 && limit.rlim_cur < wanted + BESIDE_POOL)
		return bench_unsupported(bench,
					 "RLIMIT_NOFILE allows %llu open files, and %u are needed: ulimit -n",
					 (unsigned long long)limit.rlim_cur, wanted + BESIDE_POOL);
	if (wanted == 0) {
		costs_release();
		return true;
	}
	if (wanted > pool.capacity) {
		int *fds = realloc(pool.fds, wanted * sizeof(*fds));
		if (!fds)
			return bench_fail(bench, "realloc(descriptors)");
		pool.fds = fds;
		pool.capacity = wanted;
	}
	while (pool.count < wanted) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd < 0) {
			bench_fail(bench, "eventfd");
			/* The next one may do with fewer. */
			costs_release();
			return false;
		}
		pool.fds[pool.count++] = fd;
	}
	bench->pool = pool.fds;
	return true;
}

static bool is_over(const struct measurement *measurement, uint64_t end_ns)
{
	const struct bench *bench = &measurement->bench;
	return !bench_goes_on(bench) || atomic_load(&is_stopped) || now_ns() >= end_ns;
}

/* One batch. Nanoseconds of all turns; below zero: it does not count. */
static double run_batch(struct bench *bench, uint64_t turns, double clock_ns)
{
	const struct cost *cost = bench->cost;
	if (cost->fill)
		cost->fill(bench, turns);
	if (!bench_goes_on(bench))
		return -1;
	bench->own_ns = 0;
	uint64_t from = now_ns();
	mark_window_start();
	cost->run(bench, turns);
	mark_window_end();
	uint64_t elapsed = now_ns() - from;
	bool went_well = bench_goes_on(bench);
	if (cost->drain)
		cost->drain(bench, turns);
	if (!went_well || !bench_goes_on(bench))
		return -1;
	double ns = cost->times_itself ? (double)bench->own_ns - clock_ns * (double)turns
				       : (double)elapsed - clock_ns;
	return ns > 0 ? ns : 0;
}

/* How many turns last as long as a batch is to: doubled until they nearly do, which warms everything up. */
static uint64_t choose_turns(struct measurement *measurement, double clock_ns, uint64_t end_ns)
{
	const struct costs_request *request = &measurement->request;
	struct bench *bench = &measurement->bench;
	uint64_t most = bench->cost->turns_max ? bench->cost->turns_max : UINT32_MAX, turns = 1;

	if (request->turns)
		return request->turns < most ? request->turns : most;
	(void)run_batch(bench, 1, clock_ns);
	while (turns < most && !is_over(measurement, end_ns)) {
		double ns = run_batch(bench, turns, clock_ns), wanted = (double)request->batch_ns;
		if (ns >= wanted * ENOUGH_OF_BATCH)
			break;
		/* Towards the goal once it can be told, in doublings before. */
		double factor = ns > wanted / 8 ? wanted / ns : 2;
		uint64_t next = (uint64_t)((double)turns * factor) + 1;
		turns = next < most ? next : most;
	}
	return turns;
}

static void take_samples(struct measurement *measurement)
{
	const struct costs_request *request = &measurement->request;
	struct costs_report *report = &measurement->report;
	struct bench *bench = &measurement->bench;
	uint64_t start = now_ns(), deadline = start + request->deadline_ns;

	report->clock_ns = clock_cost_ns();
	report->loop_ns = loop_cost_ns(bench, report->clock_ns);
	report->per_turn = bench->cost->per_turn ? bench->cost->per_turn : 1;
	report->turns = choose_turns(measurement, report->clock_ns, deadline);
	uint64_t end = now_ns() + request->budget_ns;
	while (report->samples < request->batches_max && !is_over(measurement, deadline) &&
	       (report->samples < request->batches_min || now_ns() < end)) {
		double ns = run_batch(bench, report->turns, report->clock_ns);
		if (ns < 0)
			break;
		double loop = bench->cost->times_itself ? 0 : report->loop_ns;
		report->ns[report->samples++] =
			(ns / (double)report->turns - loop) / (double)report->per_turn;
	}
	if (report->samples < request->batches_min && bench_goes_on(bench)) {
		atomic_store(&bench->status, COSTS_OVERDUE);
		snprintf(bench->reason, sizeof(bench->reason), "%u of %u batches by the deadline of %llu ms",
			 report->samples, request->batches_min,
			 (unsigned long long)(request->deadline_ns / NS_PER_MS));
	}
}

/*
 * A table of descriptors of its own, with the same files in it. A filter that forbids unshare(2), as those of
 * containers do, lets close_range(2) do it, which here closes nothing.
 */
static bool unshare_files(struct bench *bench)
{
	if (unshare(CLONE_FILES) == 0 ||
	    syscall(SYS_close_range, UINT32_MAX - 1, UINT32_MAX, CLOSE_RANGE_UNSHARE_FLAG) == 0)
		return true;
	return bench_fail(bench, "unshare(CLONE_FILES)");
}

static void *measure(void *arg)
{
	struct measurement *measurement = arg;
	struct bench *bench = &measurement->bench;
	sigset_t deadline;

	sigemptyset(&deadline);
	sigaddset(&deadline, DEADLINE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &deadline, NULL);
	if (bench->cost->shares_files || unshare_files(bench)) {
		if (!bench->cost->prepare || bench->cost->prepare(bench))
			take_samples(measurement);
		if (bench->cost->finish)
			bench->cost->finish(bench);
	}
	pthread_mutex_lock(&measurement->lock);
	measurement->has_ended = true;
	pthread_cond_signal(&measurement->ended);
	pthread_mutex_unlock(&measurement->lock);
	return NULL;
}

/* Whether the thread has ended by then. */
static bool wait_until(struct measurement *measurement, uint64_t end_ns)
{
	struct timespec end = ns_to_timespec(end_ns);
	int error = 0;

	pthread_mutex_lock(&measurement->lock);
	while (!measurement->has_ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&measurement->ended, &measurement->lock, &end);
	bool has_ended = measurement->has_ended;
	pthread_mutex_unlock(&measurement->lock);
	return has_ended;
}

/* What blocks for longer is interrupted, again and again: the signal may fall between two calls. */
static bool await(struct measurement *measurement, pthread_t thread)
{
	uint64_t deadline = now_ns() + measurement->request.deadline_ns;
	if (wait_until(measurement, deadline))
		return true;
	for (uint64_t now = now_ns(), end = now + GRACE_NS; now < end; now = now_ns()) {
		int expected = COSTS_MEASURED;
		if (atomic_compare_exchange_strong(&measurement->bench.status, &expected, COSTS_OVERDUE))
			snprintf(measurement->bench.reason, sizeof(measurement->bench.reason),
				 "did not end by the deadline of %llu ms",
				 (unsigned long long)(measurement->request.deadline_ns / NS_PER_MS));
		pthread_kill(thread, DEADLINE_SIGNAL);
		if (wait_until(measurement, now + 10 * NS_PER_MS))
			return true;
	}
	return false;
}

static struct measurement *make_measurement(const struct costs_request *request, const struct cost *cost)
{
	struct measurement *measurement = calloc(1, sizeof(*measurement));
	pthread_condattr_t attr;

	if (!measurement)
		return NULL;
	measurement->request = *request;
	if (measurement->request.batches_max > COSTS_SAMPLES_MAX)
		measurement->request.batches_max = COSTS_SAMPLES_MAX;
	measurement->bench.cost = cost;
	measurement->bench.cpu = request->cpu;
	measurement->bench.other_cpu = request->other_cpu;
	measurement->bench.state = calloc(1, cost->state_bytes ? cost->state_bytes : 1);
	if (!measurement->bench.state) {
		free(measurement);
		return NULL;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&measurement->ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&measurement->lock, NULL);
	return measurement;
}

static void report_back(struct measurement *measurement, struct costs_report *report)
{
	*report = measurement->report;
	report->status = atomic_load(&measurement->bench.status);
	memcpy(report->reason, measurement->bench.reason, sizeof(report->reason));
}

static void refuse(struct costs_report *report, int status, const char *reason)
{
	report->status = status;
	snprintf(report->reason, sizeof(report->reason), "%s", reason);
}

void costs_measure(const struct costs_request *request, struct costs_report *report)
{
	struct sigaction action = {.sa_handler = deadline_handler}, before;
	const struct cost *cost = cost_at(request->index);
	pthread_t thread;

	*report = (struct costs_report){.abi_version = COSTS_ABI_VERSION};
	if (request->abi_version != COSTS_ABI_VERSION || !cost || request->batches_min > request->batches_max)
		return refuse(report, COSTS_FAILED, "costs_measure: EINVAL");
	if (cost->takes_two && request->other_cpu < 0)
		return refuse(report, COSTS_UNSUPPORTED, "takes two CPUs, and this process may use one");
	struct measurement *measurement = make_measurement(request, cost);
	if (!measurement)
		return refuse(report, COSTS_FAILED, "calloc(measurement): out of memory");
	atomic_store(&is_stopped, false);
	sigemptyset(&action.sa_mask);
	sigaction(DEADLINE_SIGNAL, &action, &before);
	/* By this thread: the table of the one that measures ends with it. */
	bool is_filled = fill_pool(&measurement->bench);
	int error = is_filled ? pinned_thread(&thread, request->cpu, measure, measurement) : 0;
	if (!is_filled) {
		report_back(measurement, report);
		report->abi_version = COSTS_ABI_VERSION;
	} else if (error) {
		snprintf(report->reason, sizeof(report->reason), "pthread_create(cost): %s", strerror(error));
		report->status = COSTS_FAILED;
	} else if (!await(measurement, thread)) {
		/* Its memory stays: it may still come back. */
		pthread_detach(thread);
		return refuse(report, COSTS_STUCK, "hangs in the kernel, out of reach of signals");
	} else {
		pthread_join(thread, NULL);
		measurement->report.abi_version = COSTS_ABI_VERSION;
		report_back(measurement, report);
	}
	sigaction(DEADLINE_SIGNAL, &before, NULL);
	pthread_cond_destroy(&measurement->ended);
	pthread_mutex_destroy(&measurement->lock);
	free(measurement->bench.state);
	free(measurement);
}

void costs_stop(void)
{
	atomic_store(&is_stopped, true);
}

int32_t costs_try_lock(int32_t fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
}

void costs_unlock(int32_t fd)
{
	(void)flock(fd, LOCK_UN);
}
