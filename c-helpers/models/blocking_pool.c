/*
 * blocking_pool - threads that share the listener: each sleeps in accept4, serves the connection that it
 * gets until it ends, and goes back.
 *
 * Loop:    accept4, then recv, send, recv, ... and close, all in one thread.
 * Kernel:  2.6.28 (accept4). It wakes one of the threads that sleep in accept4, not all.
 * Threads: the pool grows on demand, for one that is smaller than the number of connections serves some of
 *          them only when others end, and one that is always as large as --conns-max pays for
 *          thousands of threads where ten are used. Who takes a connection and leaves nobody waiting starts
 *          one more thread first; threads are kept. So there is one more than there were connections at
 *          once, which is also who refuses the one connection too many. The main thread only handles signals.
 * Counters: futex calls of libc are not counted: those of its own locks, and of the one that two threads
 *          want which start one more at once.
 * Fds:     accept4 reserves a descriptor before it sleeps, so each waiting thread has one that /proc does not
 *          show.
 * Left out: an upper bound below --conns-max (a queue in front of the pool), threads that end.
 * By hand: blocking_pool --port=7000
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
	struct loop *loop;
	struct counters_slot *slot; /* the thread's */
};

struct loop {
	const struct server *server;
	pthread_attr_t thread_attr;
	struct conn *conns; /* by thread */
	pthread_mutex_t growing;
	uint32_t threads; /* only in grow */
	uint32_t waiting; /* threads that wait for a connection, or are about to */
	bool said;	  /* that connections are refused */
};

static void *pool_thread(void *arg);

/* Only the main thread handles signals, so the new one starts with all of them blocked. */
static int thread_start(struct loop *loop)
{
	struct conn *conn = &loop->conns[loop->threads];
	pthread_t thread;
	sigset_t all, before;

	conn->loop = loop;
	conn->slot = counters_slot_take();
	__atomic_add_fetch(&loop->waiting, 1, __ATOMIC_RELAXED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&thread, &loop->thread_attr, pool_thread, conn);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		__atomic_sub_fetch(&loop->waiting, 1, __ATOMIC_RELAXED);
		counters_slot_return(conn->slot);
		return error;
	}
	loop->threads++;
	return 0;
}

/* The limits that model_limit knows of may be used up by others. */
static void refuse(struct loop *loop, struct counters_slot *slot, int fd, int error)
{
	if (!__atomic_exchange_n(&loop->said, true, __ATOMIC_RELAXED))
		limit_say_no_task("pthread_create", error, THREAD_STACK_BYTES);
	count(slot, COUNT_REFUSED);
	net_close(slot, fd, false);
}

/* One more thread, unless somebody waits by now. The new one may want to grow the pool before this returns.
 */
static int grow(struct loop *loop)
{
	int error = 0;

	pthread_mutex_lock(&loop->growing);
	if (loop->threads <= loop->server->conns_max &&
	    __atomic_load_n(&loop->waiting, __ATOMIC_RELAXED) == 0)
		error = thread_start(loop);
	pthread_mutex_unlock(&loop->growing);
	return error;
}

static bool conn_open(struct loop *loop, struct counters_slot *slot, int fd)
{
	if (__atomic_sub_fetch(&loop->waiting, 1, __ATOMIC_RELAXED) > 0)
		return true;
	int error = grow(loop);
	if (!error)
		return true;
	__atomic_add_fetch(&loop->waiting, 1, __ATOMIC_RELAXED);
	refuse(loop, slot, fd, error);
	return false;
}

static int on_accept(struct loop *loop, struct counters_slot *slot)
{
	for (;;) {
		int fd = net_accept(loop->server, slot, 0);
		if (fd >= 0 && conn_open(loop, slot, fd))
			return fd;
	}
}

static void *pool_thread(void *arg)
{
	const struct conn *conn = arg;
	struct loop *loop = conn->loop;
	char buf[SERVER_BUF_BYTES];

	for (;;) {
		int fd = on_accept(loop, conn->slot);
		enum echo_result result = blocking_echo(conn->slot, fd, buf, sizeof(buf));
		/* Before the close, after which the client's next connection may be here. */
		__atomic_add_fetch(&loop->waiting, 1, __ATOMIC_RELAXED);
		net_close(conn->slot, fd, result == ECHO_BROKEN);
	}
	return NULL;
}

/* Threads are what it runs out of; one waits while all others serve. */
static struct model_limit model_limit(void)
{
	struct model_limit least = {.conns = INT32_MAX};
	limit_lower_by_threads(&least, THREAD_STACK_BYTES,
			       (struct thread_reserve){.tasks = TASKS_RESERVED + 1, .maps = MAPS_RESERVED});
	return least;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->conns = net_slab(server->conns_max + 1, sizeof(*loop->conns));
	pthread_mutex_init(&loop->growing, NULL);
	pthread_attr_init(&loop->thread_attr);
	pthread_attr_setdetachstate(&loop->thread_attr, PTHREAD_CREATE_DETACHED);
	errno = pthread_attr_setstacksize(&loop->thread_attr, THREAD_STACK_BYTES);
	if (errno)
		die("pthread_attr_setstacksize(%u)", THREAD_STACK_BYTES);
}

static _Noreturn void model_serve(struct loop *loop)
{
	sigset_t none;

	sigemptyset(&none);
	errno = grow(loop);
	if (errno)
		die("pthread_create(first thread)");
	for (;;)
		(void)sigsuspend(&none);
}

MODEL(.name = "blocking_pool", .listen_blocking = true, .threads_accept = true, .limit = model_limit);
