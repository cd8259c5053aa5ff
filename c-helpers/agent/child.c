#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "../wire/uapi.h"
#include "child.h"
#include "inbox.h"
#include "programs.h"

/* Without a pidfd it is asked this often whether it has ended. */
#define POLL_MS 5
#define EXIT_NO_EXEC 127

static int wait_ms(uint64_t until_ns)
{
	uint64_t now = now_ns();

	if (now >= until_ns)
		return 0;
	uint64_t ms = (until_ns - now) / NS_PER_MS + 1;
	return ms > 1000000 ? 1000000 : (int)ms;
}

/* In the new process: only what is safe beside a thread that may have held a lock. */
static _Noreturn void become(const char *path, char *const *argv, const int *fds, pid_t parent)
{
	sigset_t none;
	int error;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_NO_EXEC);
	if (dup2(fds[0], STDIN_FILENO) >= 0 && dup2(fds[1], STDOUT_FILENO) >= 0 &&
	    dup2(fds[2], STDERR_FILENO) >= 0)
		(void)execv(path, argv);
	error = errno;
	if (write(fds[3], &error, sizeof(error)) < 0)
		_exit(EXIT_NO_EXEC);
	_exit(EXIT_NO_EXEC);
}

/* The errno of an exec that failed; 0: it did not. */
static int exec_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

static bool open_output(enum child_output output, int *ours, int *theirs)
{
	int ends[2];

	if (output == CHILD_PIPE) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return false;
		*ours = ends[0];
		*theirs = ends[1];
		return true;
	}
	*ours = memfd_create("output", MFD_CLOEXEC);
	*theirs = *ours < 0 ? -1 : fcntl(*ours, F_DUPFD_CLOEXEC, 0);
	return *theirs >= 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void fork_child(struct child *child, const char *path, char *const *argv, const int *fds)
{
	pid_t parent = getpid();

	child->pid = fork();
	if (child->pid == 0)
		become(path, argv, fds, parent);
	if (child->pid > 0)
		child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
}

bool child_start(struct child *child, const char *program, const char *const *args, enum child_output output,
		 char *why)
{
	char path[PROGRAM_PATH_BYTES];
	const char *argv[CHILD_ARGS_MAX + 2] = {path};
	int fds[] = {-1, -1, -1, -1}; /* of the child: stdin, stdout, stderr, the pipe for exec's errno */
	int error_fd = -1, error;

	*child = (struct child){.pid = -1, .pid_fd = -1, .out_fd = -1, .err_fd = -1};
	program_path(program, path);
	for (int i = 0; i < CHILD_ARGS_MAX && args[i]; i++)
		argv[i + 1] = args[i];
	fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fds[0] >= 0 && open_output(output, &child->out_fd, &fds[1]) &&
	    open_output(CHILD_FILE, &child->err_fd, &fds[2]) && open_output(CHILD_PIPE, &error_fd, &fds[3]))
		fork_child(child, path, (char *const *)argv, fds);
	error = errno;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close_fd(&fds[i]);
	if (child->pid > 0) {
		error = exec_error(error_fd);
		if (error != 0)
			child_stop(child, 0);
	}
	close_fd(&error_fd);
	if (child->pid > 0 && error == 0)
		return true;
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

bool child_await_output(const struct child *child, uint64_t until_ns)
{
	return await_fd(child->out_fd, until_ns, true);
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
