/*
 * file_program.c - a program of c-helpers/files, linked with it: every job that it takes, with its books
 * and its checks; and what must be named when it goes wrong. Each case in a child, without sockets.
 * Exit 0 passed, 1 failed. Argument: a folder to work in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "../job/conduct.h"
#include "../server/net.h"
#include "../wire/uapi.h"
#include "check.h"

#define BLOCKS 128u
#define FILE_BYTES ((uint64_t)BLOCKS * BLOCK_BYTES)
#define LARGE_BLOCK_BYTES (128u << 10)
#define LARGE_DEPTH 128u
#define LARGE_BYTES (LARGE_DEPTH * LARGE_BLOCK_BYTES)
#define PHASE_NS (2 * NS_PER_MS)
#define STALL_NS (20 * NS_PER_S)
/* A phase that only a fault ends. */
#define FAULT_PHASE_NS (30 * NS_PER_S)
#define FAULT_AFTER_US 3000
/* Also what a child may take: machines stall. */
#define CHILD_S 60
#define OPTIONS_MAX 16
/* Of all children together: the page is theirs too. */
#define SLOTS 8192u

static char folder[256], path[300];

/* ---- a job, in the child ---- */

static const struct server server = {.listen_fd = -1, .cpus = 2};

/* The loop of the program, as main.c would hand it over. The conductor is its first member. */
static struct loop *loop_with(const char *const *options)
{
	struct loop *loop = net_slab(1, model.loop_bytes);

	for (uint32_t i = 0; options[i]; i++)
		need(model.option(loop, options[i]), "it does not know %s", options[i]);
	return loop;
}

static struct conduct_answer *take(struct loop *loop, enum conduct_phase phase, uint64_t ns)
{
	struct conductor *conductor = (struct conductor *)loop;
	const struct conduct_ask ask = {
		.version = CONDUCT_VERSION, .phase = phase, .ns = ns, .stall_ns = STALL_NS};

	conductor_take(conductor, &ask, &conductor->answer);
	return &conductor->answer;
}

static bool counts_agree(const struct histogram *h, uint64_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum += h->bucket[i];
	return sum == count && h->count == count && (!count || h->min_ns <= h->max_ns) &&
	       h->sum_ns >= count * (count ? h->min_ns : 0);
}

/* One line for what is wrong with the books of a phase; NULL: nothing. */
static const char *wrong_books(const struct conduct_answer *answer, const struct job_config *config)
{
	bool reads = config->action == JOB_READ;

	if (answer->sent == 0)
		return "it issued nothing";
	if (answer->sent != answer->completed + answer->in_flight)
		return "sent is not completed and in flight";
	if (answer->in_flight > config->depth)
		return "more in flight than its depth";
	if (answer->bytes != answer->completed * config->block_bytes)
		return "bytes are not those of what was completed";
	if (answer->ended_ns <= answer->began_ns)
		return "it ended before it began";
	if (answer->blocks_seen != (reads ? answer->sent : 0))
		return "not every read was looked at";
	if (!counts_agree(&answer->response, answer->completed))
		return "the response times are not those of what was completed";
	if (answer->submit.count && !counts_agree(&answer->submit, answer->submit.count))
		return "the histogram of submits does not add up";
	return NULL;
}

static void expect(const struct conduct_answer *answer, const char *what, const char *wrong)
{
	if (answer->status != CONDUCT_OK)
		die_because("%s: status %u: %s", what, answer->status, answer->message);
	if (wrong)
		die_because("%s: %s", what, wrong);
}

/* What the page cache must hold of the file when a phase begins. */
static const char *wrong_cache(const struct conduct_answer *answer, const struct job_config *config)
{
	if (config->action == JOB_APPEND)
		return NULL;
	if (config->cache == JOB_WARM && answer->pages_cached != answer->pages)
		return "not all of it is in the page cache";
	if (config->cache == JOB_COLD && answer->pages_cached != 0)
		return "some of it is in the page cache";
	return NULL;
}

/* At least. */
static uint64_t blocks_to_check(const struct job_config *config)
{
	uint64_t blocks = config->file_bytes / BLOCK_BYTES;

	if (config->action == JOB_APPEND)
		return config->block_bytes / BLOCK_BYTES;
	return blocks < 256 ? blocks : 256;
}

static void run_job(const char *const *options)
{
	struct loop *loop = loop_with(options);
	const struct job_config *config = &((struct conductor *)loop)->config;
	const struct conduct_answer *answer;

	model.prepare(loop, &server);
	answer = take(loop, CONDUCT_SETTLE, 0);
	expect(answer, "settle", wrong_cache(answer, config));
	answer = take(loop, CONDUCT_WARM_UP, PHASE_NS);
	expect(answer, "warm-up", wrong_books(answer, config));
	answer = take(loop, CONDUCT_SETTLE, 0);
	expect(answer, "settle again", wrong_cache(answer, config));
	answer = take(loop, CONDUCT_MEASURE, PHASE_NS);
	expect(answer, "measure", wrong_books(answer, config));
	answer = take(loop, CONDUCT_CHECK, 0);
	expect(answer, "check",
	       answer->blocks_checked < blocks_to_check(config) ? "too few blocks were checked" : NULL);
	bool direct = config->cache == JOB_DIRECT && config->action == JOB_READ;
	if (direct && answer->pages_cached)
		die_because("O_DIRECT left %llu pages in the page cache",
			    (unsigned long long)answer->pages_cached);
}

/* ---- children ---- */

struct outcome {
	int code; /* of its exit; -1: a signal, or too slow */
	char said[1024];
};

static struct outcome in_child(void (*act)(const char *const *options), const char *const *options)
{
	struct outcome outcome = {.code = -1};
	size_t used = 0;
	ssize_t n;
	int said[2], status = 0;

	need(pipe2(said, O_CLOEXEC) == 0, "pipe2");
	pid_t pid = fork();
	need(pid >= 0, "fork");
	if (pid == 0) {
		need(dup2(said[1], STDERR_FILENO) >= 0, "dup2");
		/* SIGALRM is the harness's; a clock of the CPU would not see what sleeps. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		act(options);
		_exit(0);
	}
	close(said[1]);
	alarm(CHILD_S);
	while (used < sizeof(outcome.said) - 1 &&
	       (n = read(said[0], outcome.said + used, sizeof(outcome.said) - 1 - used)) > 0)
		used += (size_t)n;
	outcome.said[used] = '\0';
	if (used && outcome.said[used - 1] == '\n')
		outcome.said[used - 1] = '\0';
	close(said[0]);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	alarm(0);
	if (WIFEXITED(status))
		outcome.code = WEXITSTATUS(status);
	else
		(void)snprintf(outcome.said + strlen(outcome.said),
			       sizeof(outcome.said) - strlen(outcome.said), "signal %d", WTERMSIG(status));
	return outcome;
}

/* ---- the command line of a case ---- */

struct words {
	const char *word[OPTIONS_MAX];
	char text[OPTIONS_MAX][320];
	uint32_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	va_list args;

	need(words->count < OPTIONS_MAX - 1, "too many options");
	va_start(args, format);
	(void)vsnprintf(words->text[words->count], sizeof(words->text[0]), format, args);
	va_end(args);
	words->word[words->count] = words->text[words->count];
	words->word[++words->count] = NULL;
}

static struct words *common(struct words *words, uint64_t file_bytes, uint32_t block_bytes, uint32_t depth)
{
	words->count = 0;
	words->word[0] = NULL;
	add(words, "--file=%s", path);
	add(words, "--file-bytes=%llu", (unsigned long long)file_bytes);
	add(words, "--block-bytes=%u", block_bytes);
	add(words, "--depth=%u", depth);
	return words;
}

static void lay_out(const char *const *options)
{
	struct loop *loop = loop_with(options);

	(void)model.option(loop, "--lay-out");
	model.prepare(loop, &server);
}

static void make_file(void)
{
	struct words words;

	common(&words, FILE_BYTES, BLOCK_BYTES, 1);
	struct outcome outcome = in_child(lay_out, words.word);
	need(outcome.code == 0, "no layout: %s", outcome.said);
}

/* ---- every job ---- */

static const char *const variants[][3] = {
	{"io_uring_file", "--fixed", NULL},
	{"io_uring_file", "--taskrun=defer", NULL},
	{"io_uring_file", "--taskrun=coop", NULL},
	{"io_uring_file", "--sqpoll", NULL},
	/* The SQ is full all the time: an SQE is waited for. */
	{"io_uring_file", "--sqpoll", "--sq-entries=2"},
	{"io_uring_file", "--sq-entries=2", NULL},
};
static const char *const actions[] = {"read", "write", "append", "synced"};
static const char *const caches[] = {"warm", "cold", "direct"};

/* What a program refuses: said in its usage error, and told here from what it should take. */
static bool takes(enum job_action action, enum job_cache cache, uint32_t depth)
{
	if (!strcmp(model.name, "mmap_file"))
		return depth == 1 && cache != JOB_DIRECT && action != JOB_APPEND;
	if (!strcmp(model.name, "preadv2_nowait"))
		return action == JOB_READ;
	return true;
}

struct tally {
	uint32_t ran, refused, failed, lacking;
	char first[1200];
};

static void try_job(struct tally *tally, const char *const *own, enum job_action action, enum job_cache cache,
		    uint32_t depth)
{
	struct words words;
	bool odd = (action + cache + depth) & 1;

	common(&words, FILE_BYTES, BLOCK_BYTES, depth);
	add(&words, "--action=%s", actions[action]);
	add(&words, "--cache=%s", caches[cache]);
	add(&words, "--order=%s", odd ? "random" : "sequential");
	add(&words, "--refill=%s", odd == (depth == 1) ? "batch" : "single");
	for (uint32_t i = 0; own && i < 2 && own[i]; i++)
		add(&words, "%s", own[i]);
	if (!strcmp(model.name, "pread") && depth > 1)
		add(&words, "--threads");
	/* What was appended is another file. */
	if (action == JOB_APPEND)
		(void)snprintf(words.text[0], sizeof(words.text[0]), "--file=%s.append", path);
	struct outcome outcome = in_child(run_job, words.word);
	(void)unlink(action == JOB_APPEND ? words.word[0] + strlen("--file=") : "");
	bool taken = takes(action, cache, depth);
	if (outcome.code == EXIT_UNSUPPORTED) {
		tally->lacking++;
		return;
	}
	if (taken && outcome.code == 0)
		tally->ran++;
	else if (!taken && outcome.code == EXIT_USAGE && outcome.said[0])
		tally->refused++;
	else if (!tally->failed++)
		(void)snprintf(tally->first, sizeof(tally->first), "%s %s depth %u: exit %d: %s",
			       actions[action], caches[cache], depth, outcome.code, outcome.said);
}

static void try_jobs(const char *const *own)
{
	struct tally tally = {0};

	make_file();
	for (enum job_action action = JOB_READ; action <= JOB_SYNCED; action++)
		for (enum job_cache cache = JOB_WARM; cache <= JOB_DIRECT; cache++) {
			/* An operation alone is the same in all variants. */
			if (!own)
				try_job(&tally, own, action, cache, 1);
			try_job(&tally, own, action, cache, 8);
		}
	const char *options = own && own[0] ? own[0] : "no options";
	if (tally.lacking && !tally.failed) {
		printf("skipped - %s with %s: %u jobs cannot run here\n", model.name, options, tally.lacking);
		return;
	}
	check(tally.failed == 0, "%s with %s %s: %u jobs run and %u are refused; %s", model.name, options,
	      own && own[0] && own[1] ? own[1] : "", tally.ran, tally.refused, tally.first);
}

static void test_jobs(void)
{
	try_jobs(NULL);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (!strcmp(variants[i][0], model.name))
			try_jobs(&variants[i][1]);
}

/* ---- faults ---- */

static void expect_exit(const char *what, const struct outcome *outcome, int code, const char *says)
{
	check(outcome->code == code && strstr(outcome->said, says), "%s: exit %d: %s", what, outcome->code,
	      outcome->said);
}

/* Mounts are seen by the child alone, and end with it. */
static void mount_here(const char *type, const char *data)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(type, folder, type, 0, data) < 0)
		_exit(EXIT_SKIPPED);
}

static void lay_out_on_small(const char *const *options)
{
	mount_here("tmpfs", "size=256k");
	lay_out(options);
}

static void lay_out_read_only(const char *const *options)
{
	mount_here("tmpfs", NULL);
	if (mount("none", folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		_exit(EXIT_SKIPPED);
	lay_out(options);
}

static void limit_file_bytes(void)
{
	const struct rlimit limit = {.rlim_cur = FILE_BYTES / 2, .rlim_max = FILE_BYTES / 2};

	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(EXIT_SKIPPED);
}

static void lay_out_over_limit(const char *const *options)
{
	limit_file_bytes();
	lay_out(options);
}

static void open_on_ramfs(const char *const *options)
{
	struct words words;

	mount_here("ramfs", NULL);
	common(&words, FILE_BYTES, BLOCK_BYTES, 1);
	pid_t pid = fork();
	if (pid == 0)
		lay_out(words.word);
	(void)waitpid(pid, NULL, 0);
	model.prepare(loop_with(options), &server);
}

static void open_it(const char *const *options)
{
	model.prepare(loop_with(options), &server);
}

/* Ends well where the phase failed, and says how. */
static void end_by(const struct conduct_answer *answer)
{
	fprintf(stderr, "status %u: %s", answer->status, answer->message);
	_exit(answer->status == CONDUCT_OK ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void truncate_it(int sig)
{
	(void)sig;
	(void)truncate(path, 0);
}

/* By a clock of the CPU: it comes when the program works, and not while it starts. */
static void run_truncated(const char *const *options)
{
	struct loop *loop = loop_with(options);
	const struct itimerval once = {.it_value.tv_usec = FAULT_AFTER_US};
	const struct sigaction action = {.sa_handler = truncate_it, .sa_flags = SA_RESTART};

	model.prepare(loop, &server);
	expect(take(loop, CONDUCT_SETTLE, 0), "settle", NULL);
	need(sigaction(SIGPROF, &action, NULL) == 0 && setitimer(ITIMER_PROF, &once, NULL) == 0, "setitimer");
	end_by(take(loop, CONDUCT_MEASURE, FAULT_PHASE_NS));
}

/* A write makes the file long again: what is gone is found by the check. */
static void run_truncated_writes(const char *const *options)
{
	struct loop *loop = loop_with(options);
	const struct conduct_answer *answer;

	model.prepare(loop, &server);
	expect(take(loop, CONDUCT_SETTLE, 0), "settle", NULL);
	expect(take(loop, CONDUCT_MEASURE, PHASE_NS), "measure", NULL);
	truncate_it(0);
	answer = take(loop, CONDUCT_CHECK, 0);
	end_by(answer);
}

static void append_until_full(const char *const *options)
{
	struct loop *loop = loop_with(options);

	model.prepare(loop, &server);
	expect(take(loop, CONDUCT_SETTLE, 0), "settle", NULL);
	end_by(take(loop, CONDUCT_MEASURE, FAULT_PHASE_NS));
}

static void append_on_small(const char *const *options)
{
	mount_here("tmpfs", "size=256k");
	append_until_full(options);
}

static void append_over_limit(const char *const *options)
{
	limit_file_bytes();
	append_until_full(options);
}

static void without(uint32_t number, uint32_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		_exit(EXIT_SKIPPED);
}

/* As if others had all of fs.aio-max-nr: to take it would disturb them. */
static void open_without_aio(const char *const *options)
{
	without(SYS_io_setup, EAGAIN);
	open_it(options);
}

static void run_with_eio(const char *const *options)
{
	struct loop *loop = loop_with(options);

	model.prepare(loop, &server);
	expect(take(loop, CONDUCT_SETTLE, 0), "settle", NULL);
	without(SYS_pread64, EIO);
	end_by(take(loop, CONDUCT_MEASURE, FAULT_PHASE_NS));
}

/* With 8 MiB to lock. */
static void open_with_little_memory(const char *const *options)
{
	const struct rlimit limit = {.rlim_cur = 8u << 20, .rlim_max = 8u << 20};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || syscall(SYS_capset, &header, data) < 0)
		_exit(EXIT_SKIPPED);
	need(truncate(path, LARGE_BYTES) == 0, "truncate");
	open_it(options);
}

static void probe_it(const char *const *options)
{
	struct loop *loop = loop_with(options);
	struct probe probe = {0};
	enum exit_code code = model.selftest(loop, &server, &probe);

	fprintf(stderr, "%s", probe.reason);
	_exit((int)code);
}

struct fault {
	const char *what;
	void (*act)(const char *const *options);
	const char *own[3]; /* options */
	int code;
	const char *says;
	const char *program; /* NULL: all */
	const char *not_program;
};

static const struct fault faults[] = {
	{"no space", lay_out_on_small, {0}, 1, "room for 524288 bytes", NULL, NULL},
	{"a limit of the file's size", lay_out_over_limit, {0}, 1, "File too large", NULL, NULL},
	{"a read-only directory", lay_out_read_only, {0}, 1, "Read-only file system", NULL, NULL},
	{"a file system without O_DIRECT",
	 open_on_ramfs,
	 {"--cache=direct"},
	 EXIT_UNSUPPORTED,
	 "does not take O_DIRECT",
	 NULL,
	 "mmap_file"},
	{"no space behind the end",
	 append_on_small,
	 {"--action=append"},
	 0,
	 "status 1: write of 4096 bytes at 262144",
	 "pread",
	 NULL},
	{"no space behind the end",
	 append_on_small,
	 {"--action=append"},
	 0,
	 "No space left",
	 "io_uring_file",
	 NULL},
	{"no space behind the end",
	 append_on_small,
	 {"--action=append"},
	 0,
	 "No space left",
	 "native_aio_file",
	 NULL},
	{"no space behind the end",
	 append_on_small,
	 {"--action=append"},
	 0,
	 "No space left",
	 "posix_aio_file",
	 NULL},
	{"a limit while it grows",
	 append_over_limit,
	 {"--action=append"},
	 0,
	 "File too large",
	 "pread",
	 NULL},
	{"a limit while it grows",
	 append_over_limit,
	 {"--action=append"},
	 0,
	 "File too large",
	 "io_uring_file",
	 NULL},
	{"a file that becomes shorter", run_truncated, {"--order=random"}, 0, "shorter", NULL, NULL},
	{"a file that becomes shorter, direct",
	 run_truncated,
	 {"--cache=direct"},
	 0,
	 "shorter",
	 NULL,
	 "mmap_file"},
	{"a file that becomes shorter under writes",
	 run_truncated_writes,
	 {"--action=write", "--order=random"},
	 0,
	 "status 2: ",
	 NULL,
	 "preadv2_nowait"},
	{"an error of the disk", run_with_eio, {0}, 0, "Input/output error", "pread", NULL},
	{"a limit of AIO",
	 open_without_aio,
	 {0},
	 1,
	 "/proc/sys/fs/aio-max-nr allows ",
	 "native_aio_file",
	 NULL},
	{"a limit of locked memory",
	 open_with_little_memory,
	 {"--fixed"},
	 1,
	 "RLIMIT_MEMLOCK allows 8192 KiB",
	 "io_uring_file",
	 NULL},
};

/* Whether a fault concerns the program that is linked; and what differs in it. */
static bool concerns(const struct fault *fault)
{
	return (!fault->program || !strcmp(fault->program, model.name)) &&
	       (!fault->not_program || strcmp(fault->not_program, model.name));
}

static void test_faults(void)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault *fault = &faults[i];
		struct words words;
		bool large = fault->act == open_with_little_memory;
		if (!concerns(fault))
			continue;
		make_file();
		if (large)
			common(&words, LARGE_BYTES, LARGE_BLOCK_BYTES, LARGE_DEPTH);
		else
			common(&words, FILE_BYTES, BLOCK_BYTES, 1);
		for (uint32_t own = 0; own < 2 && fault->own[own]; own++)
			add(&words, "%s", fault->own[own]);
		struct outcome outcome = in_child(fault->act, words.word);
		if (outcome.code == EXIT_SKIPPED && fault->code != EXIT_UNSUPPORTED)
			printf("skipped - %s: cannot be brought about here\n", fault->what);
		else
			expect_exit(fault->what, &outcome, fault->code, fault->says);
	}
}

/* Neither the file nor its folder needs to be there any more. */
static void test_lost_files(void)
{
	struct words words;
	struct outcome outcome;

	make_file();
	outcome = in_child(open_it, common(&words, FILE_BYTES * 2, BLOCK_BYTES, 1)->word);
	expect_exit("a file of another size", &outcome, EXIT_USAGE, "has 524288 bytes, and not 1048576");
	(void)unlink(path);
	outcome = in_child(open_it, common(&words, FILE_BYTES, BLOCK_BYTES, 1)->word);
	expect_exit("no file", &outcome, EXIT_FAILED, "No such file");
	need(rmdir(folder) == 0, "rmdir(%s): %s", folder, strerror(errno));
	outcome = in_child(lay_out, common(&words, FILE_BYTES, BLOCK_BYTES, 1)->word);
	expect_exit("a directory that has vanished", &outcome, EXIT_FAILED, "No such file");
	need(mkdir(folder, 0700) == 0, "mkdir(%s)", folder);
	need(mkdir(path, 0700) == 0, "mkdir(%s)", path);
	outcome = in_child(open_it, common(&words, FILE_BYTES, BLOCK_BYTES, 1)->word);
	expect_exit("a directory instead of a file", &outcome, EXIT_FAILED, "Is a directory");
	need(rmdir(path) == 0 && symlink("elsewhere", path) == 0, "symlink(%s)", path);
	outcome = in_child(lay_out, common(&words, FILE_BYTES, BLOCK_BYTES, 1)->word);
	expect_exit("a link instead of a file", &outcome, EXIT_FAILED, "symbolic links");
	(void)unlink(path);
}

static void test_probe(void)
{
	struct words words;

	common(&words, FILE_BYTES, BLOCK_BYTES, 1);
	struct outcome outcome = in_child(probe_it, words.word);
	check(outcome.code == EXIT_SERVED || (outcome.code == EXIT_UNSUPPORTED && outcome.said[0]),
	      "a probe tells whether it can run: exit %d %s", outcome.code, outcome.said);
	if (!strcmp(model.name, "io_uring_file")) {
		add(&words, "--iopoll");
		add(&words, "--cache=direct");
		outcome = in_child(probe_it, words.word);
		check(outcome.code == EXIT_SERVED || (outcome.code == EXIT_UNSUPPORTED &&
						      strstr(outcome.said, "read of 4096 bytes")),
		      "that of --iopoll issues a read: exit %d %s", outcome.code, outcome.said);
	}
	need(rmdir(folder) == 0, "a probe leaves files in %s", folder);
	check(true, "and it leaves nothing");
	need(mkdir(folder, 0700) == 0, "mkdir(%s)", folder);
}

int main(int argc, char **argv)
{
	(void)snprintf(folder, sizeof(folder), "%s/iomodels-bench-test-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	need(mkdtemp(folder), "mkdtemp(%s)", folder);
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	(void)counters_open(SLOTS);
	test_jobs();
	test_faults();
	test_lost_files();
	test_probe();
	(void)unlink(path);
	need(rmdir(folder) == 0, "files are left in %s", folder);
	return checks_exit();
}
