/*
 * main.c - `probes <id> [deadline in ms]` runs one probe and prints one line of JSON; `probes --list` prints
 * a line for each, with its deadline on this machine, which is also the one that a probe is given without a
 * word.
 *
 * The probe runs in a child with a process group of its own. This process waits for its line or its deadline,
 * and then ends the group: a probe may crash, hang or leave children behind, and there is an answer all the
 * same. Exit: 0 observed, 77 unsupported, 1 failed, 2 usage.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "result.h"
#include "slowness.h"

enum { EXIT_USAGE = 2, EXIT_UNSUPPORTED = 77 };
/* On an idle machine a probe takes a tenth of it; slower ones get as much more. */
enum { DEADLINE_MS = 15000, DEADLINE_MS_MAX = 24 * 3600 * 1000 };
enum { LINE_BYTES = 8192 };

static uint32_t deadline_of(const struct probe *probe, double times)
{
	return (uint32_t)((probe->deadline_ms ? probe->deadline_ms : DEADLINE_MS) * times);
}

static void list(void)
{
	static const char *const types[] = {"number", "boolean", "string"};
	double times = slowness();

	for (const struct probe *probe = probes_first(); probe; probe = probe->next) {
		printf("{\"id\":");
		json_string(stdout, probe->id);
		printf(",\"title\":");
		json_string(stdout, probe->title);
		printf(",\"deadlineMs\":%u,\"values\":[", deadline_of(probe, times));
		for (int i = 0; i < PROBE_VALUES_MAX && probe->values[i].name; i++) {
			const struct probe_value *value = &probe->values[i];
			printf("%s{\"name\":\"%s\",\"type\":\"%s\",\"optional\":%s,\"text\":", i ? "," : "",
			       value->name, types[value->type], value->optional ? "true" : "false");
			json_string(stdout, value->text);
			putchar('}');
		}
		printf("]}\n");
	}
}

static _Noreturn void child(const struct probe *probe, int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0)
		_exit(EXIT_FAILURE);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
	signal(SIGPIPE, SIG_IGN);
	result_run(probe, fd);
}

/* The line, without its end; false: none came in time. */
static bool read_line(int fd, char *line, uint64_t until_ns)
{
	size_t bytes = 0;

	for (;;) {
		uint64_t now = now_ns();
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		int ready = now < until_ns ? poll(&readable, 1, (int)((until_ns - now) / NS_PER_MS) + 1) : 0;
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t n = ready > 0 ? read(fd, line + bytes, LINE_BYTES - 1 - bytes) : 0;
		if (n <= 0)
			return false;
		bytes += (size_t)n;
		line[bytes] = '\0';
		char *end = strchr(line, '\n');
		if (end) {
			*end = '\0';
			return true;
		}
	}
}

static int supervise(const struct probe *probe, uint32_t deadline_ms)
{
	char line[LINE_BYTES] = "", reason[128];
	int fds[2], status;
	uint64_t until_ns = now_ns() + deadline_ms * NS_PER_MS;
	pid_t self = getpid();

	if (pipe2(fds, O_CLOEXEC) < 0)
		return EXIT_FAILURE;
	pid_t pid = fork();
	if (pid < 0)
		return EXIT_FAILURE;
	if (pid == 0)
		child(probe, fds[1], self);
	close(fds[1]);
	setpgid(pid, pid);
	bool answered = read_line(fds[0], line, until_ns);
	bool late = now_ns() >= until_ns;
	if (!answered && !late)
		waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (answered) {
		puts(line);
		return strstr(line, "\"outcome\":\"observed\"")	     ? EXIT_SUCCESS
		       : strstr(line, "\"outcome\":\"unsupported\"") ? EXIT_UNSUPPORTED
								     : EXIT_FAILURE;
	}
	if (late)
		snprintf(reason, sizeof(reason), "it did not end within %u ms", deadline_ms);
	else if (WIFSIGNALED(status))
		snprintf(reason, sizeof(reason), "it was ended by signal %d", WTERMSIG(status));
	else
		snprintf(reason, sizeof(reason), "it ended with code %d and no answer", WEXITSTATUS(status));
	result_print(stdout, probe, "failed", reason);
	return EXIT_FAILURE;
}

/* 0: it is none. */
static uint32_t deadline_read(const char *text)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);
	return end == text || *end || ms > DEADLINE_MS_MAX ? 0 : (uint32_t)ms;
}

int main(int argc, char **argv)
{
	uint32_t deadline_ms = argc == 3 ? deadline_read(argv[2]) : 0;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list();
		return EXIT_SUCCESS;
	}
	for (const struct probe *probe = probes_first(); (argc == 2 || deadline_ms) && probe;
	     probe = probe->next)
		if (!strcmp(probe->id, argv[1]))
			return supervise(probe, deadline_ms ? deadline_ms : deadline_of(probe, slowness()));
	fprintf(stderr, "usage: probes --list | probes <id> [deadline in ms]\n");
	return EXIT_USAGE;
}
