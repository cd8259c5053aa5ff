/* process.h - processes and threads of a probe, and what /proc says of them. */
#ifndef IOMB_PROBES_PROCESS_H
#define IOMB_PROBES_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* fork(2); the child ends when this one does. */
pid_t fork_helper(void);
/* The state letter of /proc/<pid>/task/<tid>/stat; '?' where it is gone. */
char state_of(pid_t pid, pid_t tid);
/* Waits until it sleeps (S or D); ends the probe where it does not. */
void wait_asleep(pid_t pid, pid_t tid);
/* Times that it gave up its CPU to wait. */
uint64_t switches_of(pid_t pid, pid_t tid);
/* The number behind "key:" in a file of that form, -1 where there is none. */
int64_t proc_number(const char *path, const char *key);
/* The one number in a file, -1 where there is none. */
int64_t proc_value(const char *path);
struct named_thread {
	pid_t tid;
	char name[32];
};
/* Threads of this process whose names begin so; the last goes to last, if that is not NULL. */
uint32_t threads_named(const char *prefix, struct named_thread *last);
/* What a thread of this process has run, and waited for a CPU, ns; false: the kernel does not say. */
bool thread_times(pid_t tid, uint64_t *run_ns, uint64_t *wait_ns);
/* Entries of a file of /proc/self/fdinfo of an epoll set with this descriptor. */
uint32_t watches_of(int ep, int fd);
/* Becomes a user without capabilities, where this one has some. */
bool drop_privileges(void);
/* Raises the soft limit where that is lower; the probe is unsupported where the hard one is. */
void needs_descriptors(uint32_t count);
/* Sleeps. */
void pause_ms(uint32_t ms);

#endif
