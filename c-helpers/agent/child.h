/* child.h - a program that the agent starts: its output, and its end, within a time. */
#ifndef IOMB_AGENT_CHILD_H
#define IOMB_AGENT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_WHY_BYTES 1280
#define CHILD_ARGS_MAX 64

struct child {
	pid_t pid;
	int pid_fd; /* readable when it has ended; -1: the kernel has none (before 5.3) */
	int out_fd; /* its stdout: the end of a pipe */
	int err_fd; /* its stderr: a file, so that nobody has to drain it */
	bool ended;
	int status; /* of waitpid */
};

/* Starts a program of the agent's folder, in a group of its own. False with the reason. */
bool child_start(struct child *child, const char *program, const char *const *args, char *why);
/*
 * Reads its stdout: up to the end of a line if `line`, else up to its end. Returns the bytes, the first
 * `bytes` - 1 of which are in `to`, ended by a NUL; less than there are after an interruption, or at
 * until_ns.
 */
size_t child_read(const struct child *child, char *to, size_t bytes, bool line, uint64_t until_ns);
/* Waits until it has ended (true), an interruption, or until_ns. */
bool child_wait(struct child *child, uint64_t until_ns);
/*
 * SIGTERM, and SIGKILL where it has not ended within the time; what it has started itself is killed. Its
 * output may be read after that.
 */
void child_stop(struct child *child, uint64_t limit_ns);
void child_close(struct child *child);
/* The last `bytes` of its stderr. Returns how many there are. */
size_t child_stderr(const struct child *child, char *to, size_t bytes);
/* "exit 1" or "SIGSEGV". */
void child_how_ended(const struct child *child, char *text, size_t bytes);
/* "SIGSEGV"; of a signal without a name, its number. */
void signal_name(int signal, char *text, size_t bytes);

#endif
