#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "../wire/uapi.h"
#include "child.h"
#include "inbox.h"
#include "programs.h"

/* Without a pidfd it is asked this often whether it has ended. */
#define POLL_MS 5
#define WAIT_MS_MAX 1000000

static int wait_ms(uint64_t until_ns)
{
	uint64_t now = now_ns();
	uint64_t ms = now >= until_ns ? 0 : (until_ns - now) / NS_PER_MS + 1;

	return ms > WAIT_MS_MAX ? WAIT_MS_MAX : (int)ms;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* An errno; 0: it runs. A server sees to it itself that it dies with the agent. */
static int spawn(struct child *child, const char *path, char *const *argv, int out_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, pipe_signal;
	int error;

	(void)sigemptyset(&none);
	(void)sigemptyset(&pipe_signal);
	(void)sigaddset(&pipe_signal, SIGPIPE);
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0)
		error = posix_spawnattr_init(&attributes);
	if (error != 0)
		return error;
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, child->err_fd, STDERR_FILENO);
	if (error == 0)
		error = posix_spawn(&child->pid, path, &actions, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return error;
}

bool child_start(struct child *child, const char *program, const char *const *args, char *why)
{
	char path[PROGRAM_PATH_BYTES];
	const char *argv[CHILD_ARGS_MAX + 2] = {path};
	int ends[2] = {-1, -1}, error = 0;

	*child = (struct child){.pid = -1, .pid_fd = -1, .out_fd = -1, .err_fd = -1};
	program_path(program, path);
	for (int i = 0; i < CHILD_ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	child->err_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (child->err_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		error = errno;
	child->out_fd = ends[0];
	if (error == 0)
		error = spawn(child, path, (char *const *)argv, ends[1]);
	close_fd(&ends[1]);
	if (error == 0) {
		child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
		return true;
	}
	(void)snprintf(why, CHILD_WHY_BYTES, "cannot start %s: %s", path, strerror(error));
	child_close(child);
	return false;
}

static bool reap(struct child *child, int flags)
{
	pid_t got;

	if (child->ended)
		return true;
	do
		got = waitpid(child->pid, &child->status, flags);
	while (got < 0 && errno == EINTR);
	child->ended = got == child->pid || got < 0;
	return child->ended;
}

/* Readable, or the end; false: an interruption, where one counts, or the time is over. */
static bool await_fd(int fd, uint64_t until_ns, bool interruptible)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
			       {.fd = interruptible ? inbox_interrupt_fd() : -1, .events = POLLIN}};

	for (;;) {
		int left_ms = wait_ms(until_ns);
		int ready = poll(fds, 2, left_ms);

		if (ready > 0)
			return fds[0].revents != 0;
		if ((ready == 0 && left_ms == 0) || (ready < 0 && errno != EINTR))
			return false;
	}
}

static bool wait_end(struct child *child, uint64_t until_ns, bool interruptible)
{
	if (child->pid_fd >= 0)
		return await_fd(child->pid_fd, until_ns, interruptible) && reap(child, 0);
	while (!reap(child, WNOHANG)) {
		uint64_t soon_ns = now_ns() + POLL_MS * NS_PER_MS;

		if (now_ns() >= until_ns || (interruptible && inbox_interrupted()))
			return false;
		(void)await_fd(-1, soon_ns < until_ns ? soon_ns : until_ns, interruptible);
	}
	return true;
}

bool child_wait(struct child *child, uint64_t until_ns)
{
	return child->ended || wait_end(child, until_ns, true);
}

size_t child_read(const struct child *child, char *to, size_t bytes, bool line, uint64_t until_ns)
{
	size_t used = 0;
	char byte;

	to[0] = '\0';
	/* A byte at a time, so that nothing behind a line is taken with it. */
	while (now_ns() < until_ns && await_fd(child->out_fd, until_ns, true)) {
		ssize_t n = read(child->out_fd, &byte, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || (line && byte == '\n'))
			break;
		if (used + 1 < bytes) {
			to[used] = byte;
			to[used + 1] = '\0';
		}
		used++;
	}
	return used;
}

size_t child_stderr(const struct child *child, char *to, size_t bytes)
{
	struct stat st;
	off_t begin;

	if (fstat(child->err_fd, &st) < 0)
		return 0;
	begin = st.st_size > (off_t)bytes ? st.st_size - (off_t)bytes : 0;
	ssize_t n = pread(child->err_fd, to, bytes, begin);
	return n > 0 ? (size_t)n : 0;
}

void child_stop(struct child *child, uint64_t limit_ns)
{
	if (child->pid <= 0)
		return;
	if (!child->ended && limit_ns > 0) {
		(void)kill(child->pid, SIGTERM);
		(void)wait_end(child, now_ns() + limit_ns, false);
	}
	if (!child->ended) {
		(void)kill(child->pid, SIGKILL);
		(void)reap(child, 0);
	}
	(void)kill(-child->pid, SIGKILL);
}

void child_close(struct child *child)
{
	close_fd(&child->pid_fd);
	close_fd(&child->out_fd);
	close_fd(&child->err_fd);
}

void signal_name(int signal, char *text, size_t bytes)
{
	static const struct {
		int signal;
		const char *name;
	} names[] = {{SIGABRT, "SIGABRT"}, {SIGALRM, "SIGALRM"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
		     {SIGHUP, "SIGHUP"},   {SIGILL, "SIGILL"},	 {SIGINT, "SIGINT"},   {SIGIO, "SIGIO"},
		     {SIGKILL, "SIGKILL"}, {SIGPIPE, "SIGPIPE"}, {SIGQUIT, "SIGQUIT"}, {SIGSEGV, "SIGSEGV"},
		     {SIGSYS, "SIGSYS"},   {SIGTERM, "SIGTERM"}, {SIGTRAP, "SIGTRAP"}, {SIGUSR1, "SIGUSR1"},
		     {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].signal != signal)
			continue;
		(void)snprintf(text, bytes, "%s", names[i].name);
		return;
	}
	(void)snprintf(text, bytes, "signal %d", signal);
}

void child_how_ended(const struct child *child, char *text, size_t bytes)
{
	if (WIFSIGNALED(child->status))
		signal_name(WTERMSIG(child->status), text, bytes);
	else
		(void)snprintf(text, bytes, "exit %d", WEXITSTATUS(child->status));
}
