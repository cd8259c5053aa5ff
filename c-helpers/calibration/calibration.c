/*
 * calibration.c - how fast is this machine now: a loop, a system call and a ping, without any I/O model.
 *
 * The loop is user-space arithmetic whose every step needs the one before, and getppid(2), which does
 * next to nothing in the kernel. The ping is one byte through socketpair(2) and back, between two threads
 * that sleep in read(2): two wakeups. All of it is fixed: change none of it without CALIBRATION_ABI_VERSION,
 * because stored runs are compared by these numbers.
 */
#include "abi.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "samples.h"

#define NS_PER_S 1000000000ull
/* Turns per sample: long against the two readings of the clock, short against an interruption. */
#define TURNS 16
/* Steps of the user-space part of a turn: about half a microsecond on a CPU of 2020. */
#define STEPS 400
/* The share of the time that is not sampled: a CPU that was idle has to come up to its frequency. */
#define WARMUP_SHARE 5
/*
 * So many samples are taken however long that takes: a neighbour that keeps the CPU for all of a short period
 * would leave none, and its own slowness untold.
 */
#define SAMPLES_MIN 16
#define THREAD_STACK_BYTES (256 * 1024)

struct measurement {
	const struct calibration_config *config;
	struct samples spin, syscall, ping;
	int pair[2]; /* 0: the client's end, 1: the server's */
	int error;   /* of the echo */
};

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

double samples_median(struct samples *samples)
{
	uint32_t middle = samples->count / 2;
	if (samples->count == 0)
		return 0;
	qsort(samples->ns, samples->count, sizeof(samples->ns[0]), by_size);
	if (samples->count % 2)
		return samples->ns[middle];
	return (samples->ns[middle - 1] + (double)samples->ns[middle]) / 2;
}

/* The empty asm keeps the compiler from knowing the value, and so from leaving out or joining steps. */
static void spin(void)
{
	uint64_t value = 1;
	for (int step = 0; step < STEPS; step++) {
		value = value * 6364136223846793005ull + 1442695040888963407ull;
		__asm__ volatile("" : "+r"(value));
	}
}

static void trivial_call(void)
{
	syscall(SYS_getppid);
}

static bool goes_on(uint64_t now, uint64_t end, const struct samples *samples)
{
	return now < end || samples->count < SAMPLES_MIN;
}

/* In turns, so that a slow moment falls on both alike. */
static void *measure_loops(void *arg)
{
	struct measurement *measurement = arg;
	uint64_t start = now_ns(), end = start + measurement->config->loop_ns;
	uint64_t sampled_from = start + measurement->config->loop_ns / WARMUP_SHARE;

	for (uint64_t from = start, middle, to; goes_on(from, end, &measurement->spin); from = now_ns()) {
		for (int turn = 0; turn < TURNS; turn++) {
			spin();
			trivial_call();
		}
		middle = now_ns();
		for (int turn = 0; turn < TURNS; turn++)
			trivial_call();
		to = now_ns();
		if (from < sampled_from)
			continue;
		samples_add(&measurement->spin, middle - from);
		samples_add(&measurement->syscall, to - middle);
	}
	return NULL;
}

/* One byte, whatever signals come. 1: moved, 0: the other end is closed, -1: errno. */
static ssize_t move(int fd, char *byte, bool out)
{
	ssize_t n;
	do {
		n = out ? write(fd, byte, 1) : read(fd, byte, 1);
	} while (n < 0 && errno == EINTR);
	return n;
}

static void *echo(void *arg)
{
	struct measurement *measurement = arg;
	char byte;
	ssize_t n;
	do {
		n = move(measurement->pair[1], &byte, false);
		if (n > 0)
			n = move(measurement->pair[1], &byte, true);
	} while (n > 0);
	if (n < 0)
		measurement->error = errno;
	/* Else the client would wait for ever. */
	shutdown(measurement->pair[1], SHUT_RDWR);
	return NULL;
}

static void *ping(void *arg)
{
	struct measurement *measurement = arg;
	uint64_t start = now_ns(), end = start + measurement->config->ping_ns;
	uint64_t sampled_from = start + measurement->config->ping_ns / WARMUP_SHARE;
	char byte = 'p';

	for (uint64_t from = start, to; goes_on(from, end, &measurement->ping); from = to) {
		if (move(measurement->pair[0], &byte, true) <= 0 ||
		    move(measurement->pair[0], &byte, false) <= 0)
			break;
		to = now_ns();
		if (from >= sampled_from)
			samples_add(&measurement->ping, to - from);
	}
	shutdown(measurement->pair[0], SHUT_RDWR);
	return NULL;
}

/*
 * All signals blocked: they are for the threads of whoever loaded this library. The affinity is
 * inherited too, because pthread_attr_setaffinity_np is not in every C library.
 */
static int start_thread(pthread_t *thread, int cpu, void *(*work)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	cpu_set_t cpus, cpus_before;
	int error = pthread_attr_init(&attr);
	if (error)
		return error;
	error = pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	if (!error && cpu >= 0) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		if (sched_getaffinity(0, sizeof(cpus_before), &cpus_before) < 0 ||
		    sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
			error = errno;
	}
	if (!error) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		error = pthread_create(thread, &attr, work, arg);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		if (cpu >= 0)
			(void)sched_setaffinity(0, sizeof(cpus_before), &cpus_before);
	}
	pthread_attr_destroy(&attr);
	return error;
}

static void fail(struct calibration_report *report, int error, const char *what)
{
	report->error = error;
	snprintf(report->message, sizeof(report->message), "%s: %s", what, strerror(error));
}

static bool run_loops(struct measurement *measurement, struct calibration_report *report)
{
	pthread_t thread;
	int error = start_thread(&thread, measurement->config->server_cpu, measure_loops, measurement);
	if (error) {
		fail(report, error, "pthread_create(loops)");
		return false;
	}
	pthread_join(thread, NULL);
	return true;
}

static bool run_pings(struct measurement *measurement, struct calibration_report *report)
{
	pthread_t server, client;
	const char *what = "socketpair(AF_UNIX, SOCK_STREAM)";
	int error = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, measurement->pair) < 0) {
		fail(report, errno, what);
		return false;
	}
	what = "pthread_create(echo)";
	error = start_thread(&server, measurement->config->server_cpu, echo, measurement);
	if (error)
		goto close_pair;
	what = "pthread_create(ping)";
	error = start_thread(&client, measurement->config->client_cpu, ping, measurement);
	if (error)
		shutdown(measurement->pair[0], SHUT_RDWR);
	else
		pthread_join(client, NULL);
	pthread_join(server, NULL);
	if (!error) {
		what = "echo";
		error = measurement->error;
	}
close_pair:
	close(measurement->pair[0]);
	close(measurement->pair[1]);
	if (error)
		fail(report, error, what);
	return !error;
}

uint32_t calibration_abi_version(void)
{
	return CALIBRATION_ABI_VERSION;
}

void calibration_measure(const struct calibration_config *config, struct calibration_report *report)
{
	*report = (struct calibration_report){.abi_version = CALIBRATION_ABI_VERSION};
	if (config->abi_version != CALIBRATION_ABI_VERSION || config->server_cpu >= CPU_SETSIZE ||
	    config->client_cpu >= CPU_SETSIZE) {
		fail(report, EINVAL, "calibration_measure");
		return;
	}
	struct measurement *measurement = calloc(1, sizeof(*measurement));
	if (!measurement) {
		fail(report, errno, "calloc(measurement)");
		return;
	}
	measurement->config = config;
	if (run_loops(measurement, report) && run_pings(measurement, report)) {
		report->loops = measurement->spin.count;
		report->pings = measurement->ping.count;
		report->spin_ns = samples_median(&measurement->spin) / TURNS;
		report->syscall_ns = samples_median(&measurement->syscall) / TURNS;
		report->ping_ns = samples_median(&measurement->ping);
		if (!report->pings)
			fail(report, EPIPE, "ping");
	}
	free(measurement);
}
