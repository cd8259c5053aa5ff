/* limits.h - what the host allows a process, for models that need more of it than descriptors. */
#ifndef IOMB_LIMITS_H
#define IOMB_LIMITS_H

#include "model.h"

#define LIMIT_NONE UINT64_MAX

/* The number that a file of the kernel starts with; LIMIT_NONE if there is none, or "max". */
uint64_t limit_in_file(const char *path);

/* The soft limit of getrlimit(2), LIMIT_NONE for RLIM_INFINITY. Dies on failure. */
uint64_t limit_of_resource(int resource);

/*
 * Lowers least to what a limit of this name leaves, when used are taken and each connection takes each.
 * A value of LIMIT_NONE leaves it alone.
 */
void limit_lower(struct model_limit *least, const char *name, uint64_t value, uint64_t used, uint32_t each);

/*
 * Lowers least to the connections whose memory the process may lock, when used_bytes are locked beside them.
 * A process with CAP_IPC_LOCK may lock as much as there is.
 */
void limit_lower_by_locked_memory(struct model_limit *least, uint64_t used_bytes, uint32_t each_bytes);

/* What a model with a thread for each connection leaves to others, and to its own process. */
struct thread_reserve {
	uint32_t tasks, maps;
};

/* Lowers least to the threads that may still be started here: each is a task, a stack and a guard page. */
void limit_lower_by_threads(struct model_limit *least, size_t stack_bytes, struct thread_reserve reserve);

/* The same of processes, which bring an address space of their own. */
void limit_lower_by_tasks(struct model_limit *least, uint32_t tasks_reserved);

/* Says that connections are refused because this call could start no task. stack_bytes 0: no thread. */
void limit_say_no_task(const char *call, int error, size_t stack_bytes);

#endif
