/*
 * spawn.c - starts a server without a copy of the process that starts it: fork(2) of an orchestrator of a
 * hundred megabytes takes some milliseconds for its page tables, for every trial, and makes every page that
 * it touches afterwards fault.
 */
#define _GNU_SOURCE 1 /* POSIX_SPAWN_SETSID, pipe2 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/abi.h"

extern char **environ;

/* The words of a text in which each ends with a NUL; NULL without memory. */
static char **words_of(char *text, uint32_t count)
{
	char **words = calloc(count + 1ull, sizeof(*words));

	for (uint32_t i = 0; words && i < count; i++) {
		words[i] = text;
		text += strlen(text) + 1;
	}
	return words;
}

/* A session of its own, so that a Ctrl-C in the terminal does not reach it; no signal blocked or ignored. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	int error = posix_spawnattr_setsigmask(attr, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attr, &all);
	if (error == 0)
		error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							       POSIX_SPAWN_SETSIGDEF);
	return error;
}

static int spawn_with(char **words, const int *out, const int *err, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attr);
	if (error == 0) {
		error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
		if (error == 0)
			error = set_attributes(&attr);
		if (error == 0)
			error = posix_spawnp(pid, words[0], &actions, &attr, words, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

int32_t loadgen_spawn(char *text, uint32_t count, struct loadgen_spawned *spawned)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1};
	char **words = words_of(text, count);
	pid_t pid = -1;
	int error;

	memset(spawned, 0, sizeof(*spawned));
	if (!words || count == 0)
		error = words ? EINVAL : ENOMEM;
	else if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		error = errno;
	else
		error = spawn_with(words, out, err, &pid);
	free(words);
	for (int end = 0; end < 2; end++) {
		/* The ends to write belong to the server; those to read to the caller, if there is one. */
		if (out[end] >= 0 && (end == 1 || error != 0))
			(void)close(out[end]);
		if (err[end] >= 0 && (end == 1 || error != 0))
			(void)close(err[end]);
	}
	if (error != 0)
		return error;
	*spawned = (struct loadgen_spawned){
		.abi_version = LOADGEN_ABI_VERSION, .pid = pid, .stdout_fd = out[0], .stderr_fd = err[0]};
	return 0;
}

int32_t loadgen_wait(int32_t pid)
{
	int status;
	pid_t ended;

	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return -errno;
	return WIFSIGNALED(status) ? LOADGEN_WAIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

uint64_t loadgen_children_cpu_ns(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_CHILDREN, &used) < 0)
		return 0;
	return ((uint64_t)used.ru_utime.tv_sec + (uint64_t)used.ru_stime.tv_sec) * 1000000000u +
	       ((uint64_t)used.ru_utime.tv_usec + (uint64_t)used.ru_stime.tv_usec) * 1000u;
}
