/*
 * blocking_guide - the guide's "Classic blocking echo server: one thread per connection" (chapter 1), with
 * its mistakes; the row blocking shows the same mechanism without them.
 *
 * Loop:    read, write in the connection's thread; accept and pthread_create in the main thread.
 * Kernel:  any.
 * As there: the buffer of 1024 bytes, the default stack, the calls and their order.
 * Mistakes kept:
 *  - The thread is handed the address of conn_fd. When the next connection is accepted before the thread has
 *    read it, two threads serve that one, and nobody the first.
 *  - Threads are neither joined nor detached: the stack of each stays behind.
 *  - accept and pthread_create are not checked: out of descriptors it starts threads for descriptor -1 as
 *    fast as it can, out of threads it leaves connections without one.
 *  - write is not checked, and SIGPIPE not ignored: a client that resets its connection ends the server.
 * Left out: what handle_client would do beside the echo, as there.
 * By hand: blocking_guide --port=7000
 */
#include "../server/guide.h"

#define BUF_BYTES 1024

struct loop {
	const struct server *server;
	struct counters_slot *slot;
};

static void *handle_client(void *arg)
{
	int fd = *(int *)arg;
	struct counters_slot *slot = counters_slot_take();
	char buf[BUF_BYTES];
	ssize_t n;

	for (;;) {
		n = guide_read(slot, fd, buf, sizeof(buf));
		count(slot, COUNT_WAKEUPS);
		count(slot, COUNT_EVENTS);
		if (n <= 0)
			break;
		guide_write(slot, fd, buf, (size_t)n);
	}
	guide_close(slot, fd, n < 0);
	counters_slot_return(slot);
	return NULL;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	loop->server = server;
	loop->slot = server->slot;
	guide_leave_signals();
}

static _Noreturn void model_serve(struct loop *loop)
{
	guide_keep_sigpipe(loop->slot);
	for (;;) {
		int conn_fd = guide_accept(loop->slot, loop->server->listen_fd);
		if (conn_fd >= 0 && !net_admit(loop->server, loop->slot, conn_fd))
			continue;
		pthread_t t;
		pthread_create(&t, NULL, handle_client, &conn_fd);
	}
}

MODEL(.name = "blocking_guide", .listen_blocking = true);
