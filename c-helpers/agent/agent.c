/*
 * agent.c - the load generator, its observer and the start of servers in one program without libraries, which
 * speaks JSON, a line each, on stdin and stdout, or on the second serial port of a guest whose init it is.
 * The lines are described in src/place/agent/protocol.ts.
 *
 * Each file calls only those below it:
 *   agent.c     the loop over what is asked
 *   trial.c     a server under load    probe.c    a program run to its end    texts.c  files and symbols
 *   features.c  what the kernel has: uring_features.c and wait_features.c try it, feature.c tells it
 *   report.c    what a load has found  preflight.c  the echo check            command.c  what is to be run
 *   child.c     a program within a time
 *   programs.c  which there are        inbox.c    what is asked, and interruptions
 *   answer.c    JSON out               json.c     JSON in
 *   guest.c     what only an init does
 *
 * By hand: ./agent, then {"ask":"files","id":1,"paths":["/proc/version"]}
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "answer.h"
#include "features.h"
#include "guest.h"
#include "inbox.h"
#include "json.h"
#include "probe.h"
#include "programs.h"
#include "texts.h"
#include "trial.h"

#define PROTOCOL 2
#ifndef IOMB_VERSION
#define IOMB_VERSION "unknown"
#endif
#define PROBLEMS_MAX 16
#define SETTLE_MS_MAX 3600000

static char problems[PROBLEMS_MAX][256];
static unsigned int problem_count;

static void note_problem(const char *text)
{
	if (problem_count < PROBLEMS_MAX)
		(void)snprintf(problems[problem_count++], sizeof(problems[0]), "%s", text);
}

static void say_hello(bool init)
{
	struct utsname name = {.release = "unknown", .machine = "unknown"};
	struct rlimit limit = {0};
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	(void)uname(&name);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	(void)sched_getaffinity(0, sizeof(cpus), &cpus);
	answer_begin("hello");
	put_member_uint("protocol", PROTOCOL);
	put_member_string("version", IOMB_VERSION);
	put_member_uint("abi", LOADGEN_ABI_VERSION);
	put_member_string("kernel", name.release);
	put_member_string("arch", name.machine);
	put_member_bool("init", init);
	put_member_uint("cpus", (uint64_t)CPU_COUNT(&cpus));
	put_name("programs");
	put_array();
	programs_put();
	put_array_end();
	put_member_uint("nofile", limit.rlim_cur > INT32_MAX ? INT32_MAX : limit.rlim_cur);
	put_name("problems");
	put_array();
	for (unsigned int i = 0; i < problem_count; i++)
		put_string(problems[i]);
	put_array_end();
	answer_end();
}

/* Sleeps, and nothing else. */
static void settle(const struct ask *ask)
{
	uint64_t ms;

	if (!json_uint(json_member(ask->json, "ms"), SETTLE_MS_MAX, &ms)) {
		answer_refused(ask->id, "settle: \"ms\" is not within 0..%d", SETTLE_MS_MAX);
		return;
	}
	inbox_sleep(ms);
	answer_begin_to(ask->id, "settled");
	answer_end();
}

static bool is_asked(const struct ask *ask, const char *name)
{
	return strcmp(ask->name, name) == 0;
}

/* Until a stop, or the end of what is asked. */
static void serve(bool init)
{
	struct ask ask;

	while (inbox_next(&ask)) {
		if (is_asked(&ask, "trial")) {
			trial(&ask);
		} else if (is_asked(&ask, "probe")) {
			probe(&ask);
		} else if (is_asked(&ask, "files")) {
			files(&ask);
		} else if (is_asked(&ask, "features")) {
			features(&ask);
		} else if (is_asked(&ask, "symbols")) {
			symbols(&ask);
		} else if (is_asked(&ask, "settle")) {
			settle(&ask);
		} else if (is_asked(&ask, "stop")) {
			answer_begin_to(ask.id, "stopped");
			answer_end();
			return;
		} else {
			answer_refused(ask.id, "nothing is called \"%s\" that could be asked", ask.name);
		}
		if (init)
			guest_reap();
	}
}

static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			note_problem("could not raise RLIMIT_NOFILE to its maximum");
	}
}

/* False with errno. Nothing is read before the hello: it comes first. */
static bool open_lines(int in, int out_fd, bool init)
{
	FILE *out = fdopen(out_fd, "w");

	if (!out || setvbuf(out, NULL, _IOFBF, BUFSIZ) != 0)
		return false;
	answer_to(out);
	if (!programs_open())
		return false;
	say_hello(init);
	return inbox_open(in);
}

int main(int argc, char **argv)
{
	bool init = argc > 0 && guest_is_init(argv[0]);
	int wire_fd = init ? guest_open(note_problem) : -1;
	int in = init ? wire_fd : STDIN_FILENO, out = init ? wire_fd : STDOUT_FILENO;

	(void)signal(SIGPIPE, SIG_IGN);
	raise_fd_limit();
	if (in < 0 || !open_lines(in, out, init)) {
		perror("agent");
		if (init)
			guest_close(wire_fd);
		return EXIT_FAILURE;
	}
	serve(init);
	if (init)
		guest_close(wire_fd);
	return EXIT_SUCCESS;
}
