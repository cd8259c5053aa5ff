/* conduct.c - the phases, as they are asked for over the one connection that there is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file_check.h"
#include "conduct.h"

/* Seeded blocks that are checked whole before and after the operations. */
#define BLOCKS_CHECKED 256u

static bool read_ask(int fd, struct conduct_ask *ask)
{
	size_t done = 0;

	while (done < sizeof(*ask)) {
		ssize_t n = read(fd, (char *)ask + done, sizeof(*ask) - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool write_answer(int fd, const struct conduct_answer *answer)
{
	size_t done = 0;

	while (done < sizeof(*answer)) {
		ssize_t n = send(fd, (const char *)answer + done, sizeof(*answer) - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void run_phase(struct conductor *conductor, struct job *job, const struct conduct_ask *ask)
{
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	job_begin(job, now_ns(), ask->ns, ask->stall_ns);
	program.run(conductor->loop, job);
	job->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
}

static void check(struct job *job, struct conduct_answer *answer, uint64_t seed)
{
	bool whole;
	char why[CONDUCT_MESSAGE_BYTES] = "";

	answer->blocks_checked = file_check(job->file, BLOCKS_CHECKED, seed, &whole, why);
	if (whole)
		return;
	job_fail(job, "%s", why);
	job->status = CONDUCT_CORRUPT;
}

/*
 * What is measured has the room of the whole file: what was appended to warm up is checked, and goes, before
 * there is anything to measure.
 */
static void make_room(struct job *job, struct conduct_answer *answer)
{
	char why[CONDUCT_MESSAGE_BYTES] = "";

	check(job, answer, job->config->seed);
	if (job->status == CONDUCT_OK && !file_empty(job->file, why))
		job_fail(job, "%s", why);
}

static void take_phase(struct conductor *conductor, const struct conduct_ask *ask,
		       struct conduct_answer *answer)
{
	struct job *job = &conductor->job;
	char why[CONDUCT_MESSAGE_BYTES] = "";

	switch (ask->phase) {
	case CONDUCT_SETTLE:
		check(job, answer, job->config->seed);
		if (job->status == CONDUCT_OK && !file_settle(job->file, why))
			job_fail(job, "%s", why);
		return;
	case CONDUCT_WARM_UP:
		run_phase(conductor, job, ask);
		if (job->status == CONDUCT_OK && job->config->action == JOB_APPEND)
			make_room(job, answer);
		return;
	case CONDUCT_MEASURE:
		run_phase(conductor, job, ask);
		return;
	case CONDUCT_CHECK:
		check(job, answer, job->config->seed + 1);
		return;
	default:
		job_fail(job, "phase %u is not known", ask->phase);
		return;
	}
}

static void fill(struct conductor *conductor, struct conduct_answer *answer)
{
	const struct job *job = &conductor->job;

	answer->version = CONDUCT_VERSION;
	answer->status = job->status;
	answer->began_ns = job->began_ns;
	answer->ended_ns = job->ended_ns;
	answer->sent = job->sent;
	answer->completed = job->completed;
	answer->in_flight = job->in_flight_at_end;
	answer->bytes = job->completed * job->config->block_bytes;
	answer->blocks_seen = job->blocks_seen;
	answer->loop_cpu_ns = job->cpu_ns;
	answer->pages = job->file->blocks * BLOCK_BYTES / (uint64_t)sysconf(_SC_PAGESIZE);
	answer->response = job->response;
	answer->submit = job->submit;
	memcpy(answer->message, job->message, sizeof(answer->message));
}

/* Where it costs nothing that is measured: looking at every page of a file may take half a millisecond. */
static void look_at_cache(struct conductor *conductor, struct conduct_answer *answer)
{
	if (!file_cached(conductor->job.file, &answer->pages_cached))
		answer->pages_cached = UINT64_MAX;
}

void conductor_take(struct conductor *conductor, const struct conduct_ask *ask, struct conduct_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->pages_cached = UINT64_MAX;
	if (ask->phase == CONDUCT_CHECK)
		look_at_cache(conductor, answer);
	if (ask->version == CONDUCT_VERSION)
		take_phase(conductor, ask, answer);
	else
		job_fail(&conductor->job, "conduct.h: version %u was asked for, and this is %u", ask->version,
			 CONDUCT_VERSION);
	if (ask->phase == CONDUCT_SETTLE || ask->phase == CONDUCT_WARM_UP)
		look_at_cache(conductor, answer);
	fill(conductor, answer);
}

static _Noreturn void verify(struct file *file)
{
	char why[CONDUCT_MESSAGE_BYTES] = "";
	bool whole;
	uint64_t blocks = file_check(file, UINT64_MAX, 0, &whole, why);

	if (!whole)
		die_because("%s", why);
	printf("{\"event\":\"verified\",\"blocks\":%llu}\n", (unsigned long long)blocks);
	(void)fflush(stdout);
	exit(EXIT_SERVED);
}

void conductor_open(struct conductor *conductor, struct loop *loop, int listen_fd)
{
	struct job_config *config = &conductor->config;

	job_check_options(config);
	/* Over RLIMIT_FSIZE: EFBIG says it better. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (config->lay_out) {
		file_lay_out(config);
		exit(EXIT_SERVED);
	}
	conductor->loop = loop;
	job_tick();
	conductor->listen_fd = listen_fd;
	file_open(&conductor->file, config);
	if (config->verify)
		verify(&conductor->file);
	job_open(&conductor->job, config, &conductor->file, counters_slot(0));
	if (program.open)
		program.open(loop, &conductor->job);
}

static void serve(struct conductor *conductor, int fd)
{
	struct conduct_ask ask;

	while (read_ask(fd, &ask)) {
		conductor_take(conductor, &ask, &conductor->answer);
		if (!write_answer(fd, &conductor->answer))
			return;
	}
}

void conduct(struct conductor *conductor)
{
	for (;;) {
		int fd = accept4(conductor->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			serve(conductor, fd);
			close(fd);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			die("accept4");
		}
	}
}
