/*
 * blocking_fork - a process for each connection, forked when it is accepted.
 *
 * Loop:    recv, send in the connection's process; accept4, fork and wait4 in the first one.
 * Kernel:  2.6.28 (accept4).
 * Children: count into the shared counters page, each into a slot of its own, and end with their
 *          connection. Their CPU and context switches are the server's: those of children that ended come
 * from getrusage(RUSAGE_CHILDREN), those of the others from the kernel's clocks of them. All signals but
 *          SIGKILL are blocked in a child, and it dies with the server (PR_SET_PDEATHSIG). SIGCHLD reaps it
 *          at once.
 * Memory:  the read buffer is on the child's stack; a child has pages of its own only where it writes.
 * Left out: children that are kept for the next connection (prefork). What libc does in a fork beside it is
 *          not counted.
 * By hand: blocking_fork --port=7000
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../server/echo_blocking.h"
#include "../server/limits.h"

/* Tasks that others start meanwhile. */
#define TASKS_RESERVED 64
/* Children that have closed their connection and not ended yet, beside conns_max of them. */
#define ENDING_MAX 16u

struct conn {
	pid_t pid; /* 0: none */
	struct counters_slot *slot;
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct conn *conns; /* [children_max] */
	uint32_t *free;	    /* stack of indices into conns */
	uint32_t *of_pid;   /* index into conns */
	uint32_t children, children_max;
	pid_t self;
	bool said; /* that connections are refused */
};

static void reap(struct loop *loop, pid_t pid)
{
	uint32_t index = loop->of_pid[pid];

	counters_slot_return(loop->conns[index].slot);
	loop->conns[index].pid = 0;
	loop->free[--loop->children] = index;
}

/* In the handler of SIGCHLD, which the main thread keeps out where it changes the same. */
static void model_child_ended(struct loop *loop)
{
	pid_t pid;

	do {
		count(loop->slot, COUNT_SYS_WAIT4);
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			reap(loop, pid);
	} while (pid > 0);
}

/* The child: its end is that of the connection. */
static _Noreturn void conn_process(struct loop *loop, struct counters_slot *slot, int fd)
{
	char buf[SERVER_BUF_BYTES];

	count(slot, COUNT_SYS_PRCTL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("prctl(PR_SET_PDEATHSIG)");
	count(slot, COUNT_SYS_GETPPID);
	if (getppid() != loop->self) /* it ended in between */
		_exit(EXIT_FAILED);
	sys_close(slot, loop->server->listen_fd);
	enum echo_result result = blocking_echo(slot, fd, buf, sizeof(buf));
	net_close(slot, fd, result == ECHO_BROKEN);
	_exit(EXIT_SERVED);
}

/* The limits that model_limit knows of may be used up by others. */
static void refuse(struct loop *loop, int fd, int error)
{
	if (!loop->said)
		limit_say_no_task("fork", error, 0);
	loop->said = true;
	count(loop->slot, COUNT_REFUSED);
	net_close(loop->slot, fd, false);
}

/* With all signals blocked, which they stay in the child. */
static void conn_open(struct loop *loop, int fd)
{
	uint32_t index = loop->free[loop->children];
	struct counters_slot *slot = counters_slot_take();

	count(loop->slot, COUNT_SYS_FORK);
	pid_t pid = fork();
	if (pid == 0)
		conn_process(loop, slot, fd);
	if (pid < 0) {
		int error = errno;
		counters_slot_return(slot);
		refuse(loop, fd, error);
		return;
	}
	loop->conns[index] = (struct conn){.pid = pid, .slot = slot};
	loop->of_pid[pid] = index;
	loop->children++;
	sys_close(loop->slot, fd); /* the child has it */
}

static void on_accept(struct loop *loop)
{
	sigset_t all, before;
	int fd = net_accept(loop->server, loop->slot, 0);

	if (fd < 0)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (loop->children == loop->children_max)
		(void)sigsuspend(&before);
	conn_open(loop, fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Processes are what it runs out of. */
static struct model_limit model_limit(void)
{
	struct model_limit least = {.conns = INT32_MAX};
	limit_lower_by_tasks(&least, TASKS_RESERVED + ENDING_MAX);
	return least;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	uint64_t pids = limit_in_file("/proc/sys/kernel/pid_max");

	if (pids == LIMIT_NONE)
		pids = 1u << 22; /* PID_MAX_LIMIT of 64-bit kernels */
	loop->server = server;
	loop->slot = server->slot;
	loop->self = getpid();
	loop->children_max = server->conns_max + ENDING_MAX;
	loop->conns = net_slab(loop->children_max, sizeof(*loop->conns));
	loop->free = net_slab(loop->children_max, sizeof(*loop->free));
	for (uint32_t i = 0; i < loop->children_max; i++)
		loop->free[i] = i;
	loop->of_pid = net_slab(pids + 1, sizeof(*loop->of_pid));
}

static _Noreturn void model_serve(struct loop *loop)
{
	interrupt_accept();
	for (;;)
		on_accept(loop);
}

/* So that the counters stand still while they are summed, and nobody is left. */
static void model_stopping(struct loop *loop)
{
	for (uint32_t i = 0; i < loop->children_max; i++)
		if (loop->conns[i].pid > 0)
			(void)kill(loop->conns[i].pid, SIGKILL);
	for (pid_t pid = 0; pid >= 0;) {
		count(loop->slot, COUNT_SYS_WAIT4);
		pid = waitpid(-1, NULL, 0);
	}
}

MODEL(.name = "blocking_fork", .listen_blocking = true, .processes = true, .limit = model_limit,
      .stopping = model_stopping, .child_ended = model_child_ended);
