/*
 * blocking - a thread for each connection, which sleeps in recv until its bytes come.
 *
 * Loop:    recv, send in the connection's thread; accept4 in the main thread.
 * Kernel:  2.6.28 (accept4).
 * Threads: made when a descriptor number is first used, and kept: after its connection it sleeps in
 *          futex until a new one gets that number. Making one is set-up (mmap, mprotect, clone3 and
 *          more, as libc likes) and not counted; there are as many as there were connections at once.
 * Memory:  the read buffer is on the thread's stack, where only pages that are touched cost anything.
 * Left out: fewer threads than connections (a slow reader would hold up others), SO_RCVTIMEO;
 *          threads that accept for themselves are in blocking_pool.c.
 * By hand: blocking --port=7000
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../server/echo_blocking.h"
#include "../server/limits.h"

/* 64 KiB beside the buffer: room for libc's own data and, on arm64, its PTHREAD_STACK_MIN. */
#define THREAD_STACK_BYTES (SERVER_BUF_BYTES + 65536u)
/* What is not ours to use: mappings of the program itself, tasks that others start meanwhile. */
#define MAPS_RESERVED 256
#define TASKS_RESERVED 64
struct conn {
	uint32_t open;		    /* a futex: 0 while the thread has no connection */
	int fd;			    /* from here on, nothing changes once the thread is made */
	struct counters_slot *slot; /* the thread's; NULL until it is made */
};

struct loop {
	const struct server *server;
	struct counters_slot *slot;
	struct conn *conns; /* by fd */
	pthread_attr_t thread_attr;
	bool said; /* that connections are refused */
};

static void *conn_thread(void *arg);

/* Once the descriptor is closed, the main thread may open it again: so that comes last. */
static void conn_close(struct conn *conn, bool broken)
{
	__atomic_store_n(&conn->open, 0, __ATOMIC_RELEASE);
	net_close(conn->slot, conn->fd, broken);
}

/* Only the main thread handles signals, so the new one starts with all of them blocked. */
static int thread_start(struct loop *loop, struct conn *conn)
{
	pthread_t thread;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, &loop->thread_attr, conn_thread, conn);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* The limits that model_limit knows of may be used up by others. */
static void refuse(struct loop *loop, int fd, int error)
{
	if (!loop->said)
		limit_say_no_task("pthread_create", error, THREAD_STACK_BYTES);
	loop->said = true;
	count(loop->slot, COUNT_REFUSED);
	net_close(loop->slot, fd, false);
}

/* Whether the descriptor's thread is there: it sleeps, or is about to. */
static bool thread_wake(struct loop *loop, struct conn *conn)
{
	if (!conn->slot)
		return false;
	__atomic_store_n(&conn->open, 1, __ATOMIC_RELEASE);
	sys_futex_wake(loop->slot, &conn->open, 1);
	return true;
}

/*
 * No thread could be made for the descriptor, which accept4 took before it waited: meanwhile a lower one
 * may have become free, with its thread.
 */
static bool move_lower(struct loop *loop, int fd)
{
	int lower = (int)sys_fcntl(loop->slot, fd, F_DUPFD_CLOEXEC, 0);
	if (lower < 0)
		return false;
	bool moved = (uint32_t)lower < loop->server->fds_max && thread_wake(loop, &loop->conns[lower]);
	sys_close(loop->slot, moved ? fd : lower);
	return moved;
}

static void conn_open(struct loop *loop, int fd)
{
	struct conn *conn = &loop->conns[fd];

	if (thread_wake(loop, conn))
		return;
	*conn = (struct conn){.open = 1, .fd = fd, .slot = counters_slot_take()};
	int error = thread_start(loop, conn);
	if (!error)
		return;
	counters_slot_return(conn->slot);
	conn->slot = NULL;
	if (!move_lower(loop, fd))
		refuse(loop, fd, error);
}

static void on_accept(struct loop *loop)
{
	int fd = net_accept(loop->server, loop->slot, 0);
	if (fd >= 0)
		conn_open(loop, fd);
}

static void *conn_thread(void *arg)
{
	struct conn *conn = arg;
	char buf[SERVER_BUF_BYTES];

	for (;;) {
		while (!__atomic_load_n(&conn->open, __ATOMIC_ACQUIRE))
			sys_futex_wait(conn->slot, &conn->open, 0);
		conn_close(conn, blocking_echo(conn->slot, conn->fd, buf, sizeof(buf)) == ECHO_BROKEN);
	}
	return NULL;
}

/* Threads are what it runs out of. */
static struct model_limit model_limit(void)
{
	struct model_limit least = {.conns = INT32_MAX};
	limit_lower_by_threads(&least, THREAD_STACK_BYTES,
			       (struct thread_reserve){.tasks = TASKS_RESERVED, .maps = MAPS_RESERVED});
	return least;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	pthread_attr_init(&loop->thread_attr);
	pthread_attr_setdetachstate(&loop->thread_attr, PTHREAD_CREATE_DETACHED);
	errno = pthread_attr_setstacksize(&loop->thread_attr, THREAD_STACK_BYTES);
	if (errno)
		die("pthread_attr_setstacksize(%u)", THREAD_STACK_BYTES);
}

static _Noreturn void model_serve(struct loop *loop)
{
	interrupt_accept();
	for (;;)
		on_accept(loop);
}

MODEL(.name = "blocking", .listen_blocking = true, .limit = model_limit);
