/* child.h - a program that the agent starts: its output, and its end, within a time. */
#ifndef IOMB_AGENT_CHILD_H
#define IOMB_AGENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_WHY_BYTES 256
#define CHILD_ARGS_MAX 64

struct child {
	pid_t pid;
	int pid_fd; /* readable when it has ended; -1: the kernel has none (before 5.3) */
	int out_fd; /* its stdout: the end of a pipe, or a file */
	int err_fd; /* its stderr: a file, so that nobody has to drain it */
	bool ended;
	int status; /* of waitpid */
};

enum child_output { CHILD_PIPE, CHILD_FILE };

/*
 * Starts a program of the agent's folder. False with the reason; nothing has to be closed then. It dies
 * with the thread that calls this.
 */
bool child_start(struct child *child, const char *program, const char *const *args, enum child_output output,
		 char *why);
/* Waits until it has ended (true), an interruption, or until_ns. */
bool child_wait(struct child *child, uint64_t until_ns);
/*
 * Waits until out_fd is readable or at its end (true), an interruption, or until_ns.
 */
bool child_await_output(const struct child *child, uint64_t until_ns);
/* SIGTERM, and SIGKILL where it has not ended within the time; what it has started itself is killed. */
void child_stop(struct child *child, uint64_t limit_ns);
void child_close(struct child *child);
/* "exit 1" or "SIGSEGV". */
void child_how_ended(const struct child *child, char *text, size_t bytes);
/* "SIGSEGV"; of a signal without a name, its number. */
void signal_name(int signal, char *text, size_t bytes);

#endif
