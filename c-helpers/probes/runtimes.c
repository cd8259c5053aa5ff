/*
 * runtimes - what installed runtimes wait with: Node.js with a server that listens (its listener is looked
 * for in the epoll sets that its process has), and Python's default selector.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"

enum { NOT_FOUND = 127 };

/* Starts it with a pipe as its output. The name comes from a variable, else from the path. */
static pid_t start(const char *variable, const char *name, const char *option, const char *script,
		   FILE **output)
{
	const char *named = getenv(variable), *command = named && *named ? named : name;
	int fds[2];

	if (pipe(fds) < 0)
		probe_broken("pipe");
	pid_t pid = fork_helper();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execlp(command, command, option, script, (char *)NULL);
		_exit(NOT_FOUND);
	}
	close(fds[1]);
	*output = fdopen(fds[0], "r");
	if (!*output)
		probe_broken("fdopen");
	return pid;
}

static void end(pid_t pid, FILE *output)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(output);
}

/* Whether an epoll set of the process watches its descriptor. */
static bool watches(pid_t pid, const char *set, int fd)
{
	char path[128], line[256];
	int watched;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.20s", pid, set);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		found |= sscanf(line, "tfd: %d", &watched) == 1 && watched == fd;
	if (file)
		fclose(file);
	return found;
}

static bool is_in_a_set(pid_t pid, int fd)
{
	char path[64];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *fds = opendir(path);
	if (!fds)
		probe_broken("opendir(%s)", path);
	for (struct dirent *entry = readdir(fds); entry; entry = readdir(fds))
		found |= watches(pid, entry->d_name, fd);
	closedir(fds);
	return found;
}

static void look_node(void)
{
	static const char script[] = "const s = require('net').createServer();"
				     "s.listen(0, '127.0.0.1', () => setImmediate(() => setTimeout(() => "
				     "console.log(s._handle.fd), 1)));";
	FILE *output;
	int fd;
	pid_t pid = start("IOMB_NODE", "node", "-e", script, &output);

	if (fscanf(output, "%d", &fd) == 1)
		observe_is("nodeListenerInEpoll", is_in_a_set(pid, fd));
	end(pid, output);
}

static void look_python(void)
{
	FILE *output;
	char name[64];
	pid_t pid = start("IOMB_PYTHON", "python3", "-c",
			  "import selectors; print(type(selectors.DefaultSelector()).__name__)", &output);

	if (fscanf(output, "%63s", name) == 1)
		observe_text("python", name);
	end(pid, output);
}

static void run(void)
{
	look_node();
	look_python();
}

PROBE(.id = "runtimes", .title = "what runtimes that are installed here wait with", .run = run,
      .values = {
	      BOOLEAN_OR_NONE("nodeListenerInEpoll", "the listener of a Node.js server is in an epoll set"),
	      STRING_OR_NONE("python", "the class of selectors.DefaultSelector() of Python"),
      });
