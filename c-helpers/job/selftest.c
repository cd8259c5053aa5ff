/* selftest.c - see selftest.h. */
#include "selftest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Generous: machines stall for seconds. What cannot run ends or fails at once. */
#define SELFTEST_MS 15000
#define PHASE_NS (2 * NS_PER_MS)

static _Noreturn void try_it(struct conductor *conductor, struct loop *loop, int said_fd)
{
	const struct conduct_ask settle = {.version = CONDUCT_VERSION, .phase = CONDUCT_SETTLE};
	const struct conduct_ask measure = {.version = CONDUCT_VERSION,
					    .phase = CONDUCT_MEASURE,
					    .ns = PHASE_NS,
					    .stall_ns = 10 * NS_PER_S};

	if (dup2(said_fd, STDERR_FILENO) < 0)
		die("dup2(pipe)");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	conductor_open(conductor, loop, -1);
	conductor_take(conductor, &settle, &conductor->answer);
	conductor_take(conductor, &measure, &conductor->answer);
	if (conductor->answer.status != CONDUCT_OK)
		die_because("%s", conductor->answer.message);
	if (conductor->answer.sent == 0)
		die_because("it issued nothing");
	_exit(EXIT_SERVED);
}

/* What the child said last, as one line for a JSON string. */
static void read_words(int fd, char *text, size_t bytes)
{
	size_t used = 0;
	ssize_t n;

	while (used < bytes - 1 && (n = read(fd, text + used, bytes - 1 - used)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = '\0';
	while (used > 0 && text[used - 1] == '\n')
		text[--used] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			*at = ' ';
	size_t prefix = strlen(model.name);
	if (!strncmp(text, model.name, prefix) && !strncmp(text + prefix, ": ", 2))
		memmove(text, text + prefix + 2, strlen(text + prefix + 2) + 1);
}

enum exit_code job_selftest(struct conductor *conductor, struct loop *loop, struct probe *probe)
{
	struct job_config *config = &conductor->config;
	char path[4096];
	int said[2], status = 0;

	if (!config->path)
		die_usage("--probe wants --file=PATH: a small file beside it is tried");
	if ((size_t)snprintf(path, sizeof(path), "%s.probe-%d", config->path, getpid()) >= sizeof(path))
		die_usage("--file= is too long");
	config->path = path;
	if (!config->block_bytes)
		config->block_bytes = BLOCK_BYTES;
	config->file_bytes = (uint64_t)config->block_bytes * config->depth * 2;
	file_lay_out(config);
	if (pipe2(said, O_CLOEXEC) < 0)
		die("pipe2");
	(void)fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0)
		try_it(conductor, loop, said[1]);
	close(said[1]);
	struct pollfd ended = {.fd = said[0]};
	bool over = poll(&ended, 1, SELFTEST_MS) > 0;
	if (!over)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	read_words(said[0], probe->reason, sizeof(probe->reason));
	close(said[0]);
	(void)unlink(path);
	if (over && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SERVED) {
		probe->reason[0] = '\0';
		return EXIT_SERVED;
	}
	if (!over)
		(void)snprintf(probe->reason, sizeof(probe->reason), "no operation ended within %d s",
			       SELFTEST_MS / 1000);
	else if (WIFSIGNALED(status))
		(void)snprintf(probe->reason, sizeof(probe->reason), "it ended by signal %d when tried",
			       WTERMSIG(status));
	return EXIT_UNSUPPORTED;
}
