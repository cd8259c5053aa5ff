/*
 * test_conduct.c - the load library as the conductor of a file program: against a real one, whose path is the
 * argument, and against fakes that answer what is known, or misbehave in one named way.
 *
 * Build: cc -std=gnu11 -O2 test_conduct.c with all .c files of wire, load, observer, loadlib -lm -lpthread;
 * the program is files/pread.c with all .c files of job, server, wire.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "../wire/conduct.h"
#include "load_run.h"

#define FILE_BLOCKS 64u
#define BLOCK_BYTES CONDUCT_BLOCK_BYTES
#define LINE_BYTES 4096
/* For what must go on until it is ended: nothing waits for this long. */
#define ENDLESS_NS (600 * NS_PER_S)
/* What is not to be waited out is over long before this. */
#define SOON_NS (60 * NS_PER_S)
#define STALL_NS (20 * NS_PER_MS)

#define FAKE_SENT 12u
#define FAKE_COMPLETED 10u
#define FAKE_WINDOW_NS 5000u
#define FAKE_CPU_NS (10 * NS_PER_MS)
#define FAKE_SEEN 7u
#define FAKE_CHECKED 3u

enum fake_fault {
	FAKE_TRUE,
	FAKE_SHORT,	     /* half an answer, and it closes */
	FAKE_OTHER_VERSION,  /* of conduct.h */
	FAKE_NO_STATUS,	     /* one that there is not */
	FAKE_CLOSES,	     /* instead of an answer */
	FAKE_SILENT,	     /* never answers */
	FAKE_DIES,	     /* instead of an answer */
	FAKE_FAILS,	     /* says so, in a message without an end */
	FAKE_CORRUPT,	     /* says so */
	FAKE_STALLED,	     /* says so */
	FAKE_LOSES_ONE,	     /* sent more than completed and in flight */
	FAKE_MOVES_LESS,     /* bytes than it completed */
	FAKE_LOSES_TIMES,    /* fewer response times than completed */
	FAKE_BURNS,	     /* CPU in the phase that is measured, and not in its loop */
	FAKE_KNOWS_NO_PAGES, /* in the cache */
};

static char folder[] = "/tmp/iomb-conduct-XXXXXX";
static char path[64];

/* ---- a program that is none ---- */

static void fake_operate(struct conduct_answer *answer)
{
	answer->began_ns = 1000;
	answer->ended_ns = answer->began_ns + FAKE_WINDOW_NS;
	answer->sent = FAKE_SENT;
	answer->completed = FAKE_COMPLETED;
	answer->in_flight = FAKE_SENT - FAKE_COMPLETED;
	answer->bytes = (uint64_t)FAKE_COMPLETED * BLOCK_BYTES;
	answer->blocks_seen = FAKE_SEEN;
	for (uint32_t i = 1; i <= FAKE_COMPLETED; i++) {
		histogram_record(&answer->response, 100ull * i);
		histogram_record(&answer->submit, i);
	}
}

static void burn(void)
{
	uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns < FAKE_CPU_NS)
		;
}

static void fake_fault_in(enum fake_fault fault, struct conduct_answer *answer)
{
	if (fault == FAKE_OTHER_VERSION)
		answer->version++;
	if (fault == FAKE_NO_STATUS)
		answer->status = 99;
	if (fault == FAKE_LOSES_ONE)
		answer->sent++;
	if (fault == FAKE_MOVES_LESS)
		answer->bytes--;
	if (fault == FAKE_LOSES_TIMES)
		answer->response.bucket[100]--;
	if (fault == FAKE_KNOWS_NO_PAGES)
		answer->pages_cached = UINT64_MAX;
	if (fault == FAKE_BURNS)
		burn();
	if (fault == FAKE_FAILS) {
		answer->status = CONDUCT_FAILED;
		memset(answer->message, 'x', sizeof(answer->message));
	}
	if (fault == FAKE_CORRUPT || fault == FAKE_STALLED) {
		answer->status = fault == FAKE_CORRUPT ? CONDUCT_CORRUPT : CONDUCT_STALLED;
		strcpy(answer->message, "as it was told to say");
	}
}

__attribute__((noreturn)) static void fake_serve(enum fake_fault fault, enum conduct_phase in, int listen_fd)
{
	static struct conduct_answer answer;
	struct conduct_ask ask;
	struct pollfd coming = {.fd = listen_fd, .events = POLLIN};

	need(poll(&coming, 1, -1) == 1, "poll: %s", strerror(errno));
	int fd = accept(listen_fd, NULL, NULL);
	need(fd >= 0, "accept: %s", strerror(errno));
	while (recv(fd, &ask, sizeof(ask), MSG_WAITALL) == (ssize_t)sizeof(ask)) {
		enum fake_fault now = ask.phase == in ? fault : FAKE_TRUE;

		memset(&answer, 0, sizeof(answer));
		histogram_reset(&answer.response);
		histogram_reset(&answer.submit);
		answer.version = CONDUCT_VERSION;
		answer.pages = 4;
		answer.pages_cached = ask.phase == CONDUCT_CHECK ? 3 : 1;
		if (ask.phase == CONDUCT_SETTLE || ask.phase == CONDUCT_CHECK)
			answer.blocks_checked = FAKE_CHECKED;
		else
			fake_operate(&answer);
		if (now == FAKE_CLOSES || now == FAKE_DIES)
			break;
		if (now == FAKE_SILENT)
			continue;
		fake_fault_in(now, &answer);
		size_t bytes = now == FAKE_SHORT ? sizeof(answer) / 2 : sizeof(answer);
		need(send(fd, &answer, bytes, MSG_NOSIGNAL) == (ssize_t)bytes, "send: %s", strerror(errno));
		if (now == FAKE_SHORT)
			break;
	}
	if (fault == FAKE_DIES)
		_exit(EXIT_FAILURE);
	(void)close(fd);
	for (;;)
		(void)pause();
}

static struct echo_child start_fake(enum fake_fault fault, enum conduct_phase in)
{
	struct echo_child child = {.counters_fd = -1};
	int listen_fd = echo_listen(&child.port);

	(void)fflush(stdout);
	child.pid = fork();
	need(child.pid >= 0, "fork: %s", strerror(errno));
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fake_serve(fault, in, listen_fd);
	}
	(void)close(listen_fd);
	return child;
}

static void end_child(const struct echo_child *child)
{
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
}

static struct loadgen_config conduct_config(const struct echo_child *child)
{
	struct loadgen_config config = config_for(child, 1);

	config.mode = LOADGEN_CONDUCT;
	config.message_bytes = BLOCK_BYTES;
	config.kernel_threads = 1;
	return config;
}

static void check_told(void)
{
	const struct loadgen_report *r = &out.report;

	check(r->window_ns == FAKE_WINDOW_NS && r->sent == FAKE_SENT && r->completed == FAKE_COMPLETED &&
		      r->in_flight_at_deadline == 2 && r->drained == 2 && r->errors == 0 &&
		      r->warmup_completed == FAKE_SENT && r->connections_opened == 1,
	      "a report has the program's books");
	check(r->response_sum_ns == 5500 && r->response_min_ns == 100 && r->response_max_ns == 1000 &&
		      r->service_sum_ns == 5500 && r->service_min_ns == 100 && r->service_max_ns == 1000 &&
		      r->submit_sum_ns == 55 && r->submit_min_ns == 1 && r->submit_max_ns == 10,
	      "... and its times");
	check(total(out.response) == FAKE_COMPLETED && total(out.submit) == FAKE_COMPLETED &&
		      memcmp(out.response, out.service, sizeof(out.response)) == 0 && out.submit[10] == 1 &&
		      out.response[100] == 1,
	      "... and its histograms");
	check(r->bytes_moved == FAKE_COMPLETED * BLOCK_BYTES && r->blocks_seen == FAKE_SEEN &&
		      r->blocks_checked == 2 * FAKE_CHECKED &&
		      r->bytes_verified == 2ull * FAKE_CHECKED * BLOCK_BYTES,
	      "... what was moved in the window, and what was checked around it");
	check(r->pages == 4 && r->pages_cached[LOADGEN_EDGE_START] == 1 &&
		      r->pages_cached[LOADGEN_EDGE_END] == 3,
	      "... and the cache at both edges");
}

static void test_told(void)
{
	struct echo_child child = start_fake(FAKE_TRUE, CONDUCT_SETTLE);
	struct loadgen_config config = conduct_config(&child);

	run(&config);
	check(out.status == LOADGEN_OK, "a program that does all that is asked: status %d, %s", out.status,
	      out.report.message);
	check_told();
	end_child(&child);
	child = start_fake(FAKE_KNOWS_NO_PAGES, CONDUCT_CHECK);
	config = conduct_config(&child);
	config.warmup_ns = 0;
	run(&config);
	check(out.status == LOADGEN_OK && out.report.warmup_completed == 0 &&
		      out.report.pages_cached[LOADGEN_EDGE_START] == 1 &&
		      out.report.pages_cached[LOADGEN_EDGE_END] == UINT64_MAX,
	      "no warm-up is asked for where it takes no time; pages that are not known stay so");
	end_child(&child);
}

static void test_helpers(void)
{
	struct echo_child child = start_fake(FAKE_BURNS, CONDUCT_MEASURE);
	struct loadgen_config config = conduct_config(&child);
	const struct loadgen_report *r = &out.report;

	run(&config);
	uint64_t server_ns =
		r->edge[LOADGEN_EDGE_END].server_cpu_ns - r->edge[LOADGEN_EDGE_START].server_cpu_ns;
	check(out.status == LOADGEN_OK && r->loop_cpu_ns == 0 && r->helper_cpu_ns >= FAKE_CPU_NS &&
		      r->helper_cpu_ns == server_ns,
	      "CPU that is not the loop's is the helpers': %llu of %llu ns",
	      (unsigned long long)r->helper_cpu_ns, (unsigned long long)server_ns);
	end_child(&child);
}

/* Whatever happens in a phase has a name, and an end. */
static void check_fault(const char *name, enum fake_fault fault, enum conduct_phase in,
			enum loadgen_status status, const char *says)
{
	static const char *const phases[] = {"settle", "warm-up", "measure", "check"};
	struct echo_child child = start_fake(fault, in);
	struct loadgen_config config = conduct_config(&child);

	if (fault == FAKE_SILENT)
		config.stall_timeout_ns = STALL_NS;
	run(&config);
	check(out.status == (int)status && out.report.status == status && strstr(out.report.message, says) &&
		      (fault == FAKE_DIES || strstr(out.report.message, phases[in])) && out.took_ns < SOON_NS,
	      "%s, in %s: status %d, %s", name, phases[in], out.status, out.report.message);
	check((out.report.completed > 0) == (in == CONDUCT_CHECK),
	      "%s, in %s: what was measured before is told, and nothing else", name, phases[in]);
	end_child(&child);
}

static void test_faults(void)
{
	for (int i = CONDUCT_SETTLE; i <= CONDUCT_CHECK; i++) {
		enum conduct_phase in = (enum conduct_phase)i;

		check_fault("half an answer", FAKE_SHORT, in, LOADGEN_SERVER_GONE, "closed");
		check_fault("a closed connection", FAKE_CLOSES, in, LOADGEN_SERVER_GONE, "closed");
		check_fault("a program that ends", FAKE_DIES, in, LOADGEN_SERVER_GONE, "");
		check_fault("another version", FAKE_OTHER_VERSION, in, LOADGEN_SYSTEM, "version 2");
		check_fault("a status that is none", FAKE_NO_STATUS, in, LOADGEN_SYSTEM, "status 99");
		check_fault("an operation that failed", FAKE_FAILS, in, LOADGEN_OPERATION_FAILED, "xxx");
		check_fault("a wrong block", FAKE_CORRUPT, in, LOADGEN_CORRUPT, "as it was told");
		check_fault("a stall that the program sees", FAKE_STALLED, in, LOADGEN_STALLED,
			    "as it was told");
	}
	check_fault("no answer", FAKE_SILENT, CONDUCT_SETTLE, LOADGEN_STALLED, "nothing has come");
	check_fault("no answer", FAKE_SILENT, CONDUCT_WARM_UP, LOADGEN_STALLED, "nothing has come");
	check_fault("an operation that nobody has", FAKE_LOSES_ONE, CONDUCT_MEASURE, LOADGEN_UNBALANCED,
		    "sent 13");
	check_fault("bytes that were not moved", FAKE_MOVES_LESS, CONDUCT_WARM_UP, LOADGEN_UNBALANCED,
		    "moved");
	check_fault("a time that is missing", FAKE_LOSES_TIMES, CONDUCT_MEASURE, LOADGEN_UNBALANCED,
		    "response times are 9 of 10");
}

static void test_refused(void)
{
	struct echo_child nobody = {.port = 9};
	char message[LOADGEN_MESSAGE_BYTES];
	struct loadgen_config config[5];

	for (int i = 0; i < 5; i++) {
		config[i] = conduct_config(&nobody);
		config[i].kernel_threads = 0;
	}
	config[0].connections = 2;
	config[1].connections = config[1].active = 2;
	config[2].depth = 2;
	config[3].client_threads = 2;
	config[4].message_bytes = 100;
	for (int i = 0; i < 5; i++) {
		struct loadgen *lg = loadgen_create(&config[i], message);

		check(lg == NULL && strstr(message, "conduct"), "is refused: %s", message);
		loadgen_destroy(lg);
	}
}

static void test_nobody(void)
{
	struct echo_child nobody = {0};
	int fd = echo_listen(&nobody.port);

	(void)close(fd);
	struct loadgen_config config = conduct_config(&nobody);
	config.kernel_threads = 0;
	run(&config);
	check(out.status == LOADGEN_CONNECT_FAILED, "a port where nobody listens: %s", out.report.message);
}

/* ---- a real one ---- */

static pid_t start_program(char *const words[], int *said_fd)
{
	int said[2];

	need(pipe(said) == 0, "pipe: %s", strerror(errno));
	(void)fflush(stdout);
	pid_t pid = fork();
	need(pid >= 0, "fork: %s", strerror(errno));
	if (pid == 0) {
		(void)dup2(said[1], STDOUT_FILENO);
		(void)close(said[0]);
		(void)close(said[1]);
		(void)execv(words[0], words);
		_exit(127);
	}
	(void)close(said[1]);
	*said_fd = said[0];
	return pid;
}

static uint32_t number_of(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	need(at != NULL, "%s is not in the ready line: %s", name, line);
	return (uint32_t)strtoul(at + strlen(name), NULL, 10);
}

static struct echo_child start_real(const char *program)
{
	char file[80], bytes[32];
	char *words[] = {(char *)(uintptr_t)program, file, bytes, "--block-bytes=4096", "--depth=1",
			 "--order=random",	     NULL, NULL};
	char line[LINE_BYTES] = "";
	struct echo_child child = {0};
	int said_fd, status;

	(void)snprintf(file, sizeof(file), "--file=%s", path);
	(void)snprintf(bytes, sizeof(bytes), "--file-bytes=%u", FILE_BLOCKS * BLOCK_BYTES);
	words[6] = "--lay-out";
	pid_t pid = start_program(words, &said_fd);
	(void)close(said_fd);
	need(waitpid(pid, &status, 0) == pid && status == 0, "%s did not lay the file out", program);
	words[6] = NULL;
	child.pid = start_program(words, &said_fd);
	for (size_t n = 0; !strchr(line, '\n') && n < sizeof(line) - 1;) {
		ssize_t got = read(said_fd, line + n, sizeof(line) - 1 - n);

		need(got > 0, "%s did not become ready", program);
		n += (size_t)got;
	}
	child.port = (uint16_t)number_of(line, "\"port\":");
	child.counters_fd = said_fd; /* kept, so that it may say what it has counted */
	(void)snprintf(child.counters_path, sizeof(child.counters_path), "/proc/%d/fd/%u", (int)child.pid,
		       number_of(line, "\"countersFd\":"));
	return child;
}

static void end_real(const struct echo_child *child)
{
	end_child(child);
	(void)close(child->counters_fd);
}

static uint64_t counter_growth(const char *name)
{
	for (uint32_t i = 0; i < out.report.counters; i++)
		if (strcmp(out.names[i], name) == 0)
			return out.sums[LOADGEN_EDGE_END][i] - out.sums[LOADGEN_EDGE_START][i];
	return UINT64_MAX;
}

static void test_real(const char *program)
{
	struct echo_child child = start_real(program);
	struct loadgen_config config = conduct_config(&child);
	const struct loadgen_report *r = &out.report;
	const struct loadgen_edge *start = &r->edge[LOADGEN_EDGE_START], *end = &r->edge[LOADGEN_EDGE_END];

	run(&config);
	check(out.status == LOADGEN_OK, "a real program: status %d, %s", out.status, r->message);
	check(r->completed > 0 && r->sent == r->completed + r->in_flight_at_deadline &&
		      r->drained == r->in_flight_at_deadline && total(out.response) == r->completed &&
		      r->window_ns >= config.measure_ns && end->time_ns - start->time_ns > r->window_ns,
	      "its books balance: %llu reads", (unsigned long long)r->completed);
	check(counter_growth("sys.pread64") == r->sent, "its counters are those of the phase: %llu calls",
	      (unsigned long long)counter_growth("sys.pread64"));
	check(r->blocks_seen == r->sent && r->bytes_moved == r->completed * BLOCK_BYTES &&
		      r->blocks_checked == 2 * FILE_BLOCKS &&
		      r->pages * (uint64_t)sysconf(_SC_PAGESIZE) == (uint64_t)FILE_BLOCKS * BLOCK_BYTES,
	      "it looks at every block that it reads");
	check(r->pages_cached[0] == UINT64_MAX ||
		      (r->pages_cached[0] == r->pages && r->pages_cached[1] == r->pages),
	      "its file lies in the page cache");
	uint64_t server_ns = end->server_cpu_ns - start->server_cpu_ns;
	check(r->loop_cpu_ns > 0 && r->loop_cpu_ns + r->helper_cpu_ns == server_ns && start->sampled &&
		      end->sampled && out.file_bytes[0] > 0 && out.file_bytes[1] > 0,
	      "its CPU is that of its loop, and of the answer: %llu of %llu ns",
	      (unsigned long long)r->loop_cpu_ns, (unsigned long long)server_ns);
	end_real(&child);
}

static void test_real_wrong_file(const char *program)
{
	struct echo_child child = start_real(program);
	struct loadgen_config config = conduct_config(&child);
	char wrong[BLOCK_BYTES] = {0};
	int fd = open(path, O_WRONLY);

	need(fd >= 0, "open(%s): %s", path, strerror(errno));
	for (uint32_t i = 0; i < FILE_BLOCKS; i++)
		need(pwrite(fd, wrong, sizeof(wrong), (off_t)i * BLOCK_BYTES) == (ssize_t)sizeof(wrong),
		     "pwrite: %s", strerror(errno));
	(void)close(fd);
	run(&config);
	check(out.status == LOADGEN_CORRUPT && strstr(out.report.message, "settle") &&
		      strstr(out.report.message, "is not whole"),
	      "a file that was written over: status %d, %s", out.status, out.report.message);
	end_real(&child);
	child = start_real(program);
	config = conduct_config(&child);
	need(truncate(path, FILE_BLOCKS / 2 * BLOCK_BYTES + 100) == 0, "truncate: %s", strerror(errno));
	run(&config);
	check(out.status == LOADGEN_CORRUPT && strstr(out.report.message, "the block at 131072 ") &&
		      strstr(out.report.message, "the file ends before it"),
	      "a file that has become shorter: status %d, %s", out.status, out.report.message);
	end_real(&child);
}

/* Waits from another thread until a phase has begun; progress must never go back. */
static void watch_phase(const struct loadgen *lg, uint32_t phase)
{
	struct timespec pause = {.tv_nsec = 1000000};
	struct loadgen_progress now, last = {0};
	bool forward = true;

	do {
		(void)nanosleep(&pause, NULL);
		loadgen_progress(lg, &now);
		forward &= now.phase >= last.phase && now.completed >= last.completed &&
			   now.elapsed_ns >= last.elapsed_ns;
		last = now;
	} while (now.phase < phase);
	check(forward && now.phase == phase && now.connections_opened == 1 && now.completed > 0,
	      "progress goes forward, to phase %u", now.phase);
}

enum interruption { STOP, KILL, TRUNCATE };

static void test_real_interrupted(const char *program, enum interruption how, enum loadgen_status status)
{
	struct echo_child child = start_real(program);
	struct loadgen_config config = conduct_config(&child);
	struct runner runner = {0};
	char message[LOADGEN_MESSAGE_BYTES];
	pthread_t thread;

	config.measure_ns = ENDLESS_NS;
	runner.lg = loadgen_create(&config, message);
	need(runner.lg != NULL, "loadgen_create: %s", message);
	need(pthread_create(&thread, NULL, run_thread, &runner) == 0, "pthread_create");
	watch_phase(runner.lg, 2);
	uint64_t begin_ns = now_ns();
	if (how == STOP)
		loadgen_stop(runner.lg);
	if (how == KILL)
		(void)kill(child.pid, SIGKILL);
	if (how == TRUNCATE)
		need(truncate(path, 0) == 0, "truncate: %s", strerror(errno));
	(void)pthread_join(thread, NULL);
	collect(runner.lg);
	check(runner.status == (int)status && now_ns() - begin_ns < SOON_NS, "%s: status %d, %s",
	      how == STOP   ? "stopped"
	      : how == KILL ? "killed"
			    : "its file cut off",
	      runner.status, out.report.message);
	loadgen_destroy(runner.lg);
	end_real(&child);
}

int main(int argc, char **argv)
{
	need(argc == 2, "usage: test_conduct PROGRAM");
	need(mkdtemp(folder) != NULL, "mkdtemp: %s", strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	test_refused();
	test_nobody();
	test_told();
	test_helpers();
	test_faults();
	test_real(argv[1]);
	test_real_wrong_file(argv[1]);
	test_real_interrupted(argv[1], STOP, LOADGEN_STOPPED);
	test_real_interrupted(argv[1], KILL, LOADGEN_SERVER_GONE);
	test_real_interrupted(argv[1], TRUNCATE, LOADGEN_OPERATION_FAILED);
	(void)unlink(path);
	(void)rmdir(folder);
	return checks_exit();
}
