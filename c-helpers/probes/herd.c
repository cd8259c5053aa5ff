/*
 * herd - how many of 8 processes wake for one connection: in accept(2), in epoll sets of their own (level,
 * edge, EPOLLEXCLUSIVE, a listener each by SO_REUSEPORT), in one set that all share, and with two processes.
 *
 * A connection is made when all of them sleep, and the next when all sleep again. Who woke is told by the
 * times that each gave up its CPU to wait: a process whose epoll_wait finds nothing sleeps on without
 * returning from it.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"
#include "trace.h"

enum { WORKERS = 8, CONNECTIONS = 16, BACKLOG = 64 };

enum waiting { IN_ACCEPT, OWN_SETS, SHARED_SET, OWN_LISTENERS };

struct kind {
	const char *woken, *returns; /* values */
	enum waiting waiting;
	uint32_t workers, trigger;
};

static const struct kind kinds[] = {
	{"accept", NULL, IN_ACCEPT, WORKERS, 0},
	{"level", "levelReturns", OWN_SETS, WORKERS, 0},
	{"edge", "edgeReturns", OWN_SETS, WORKERS, EPOLLET},
	{"exclusive", "exclusiveReturns", OWN_SETS, WORKERS, EPOLLEXCLUSIVE},
	{"reuseport", NULL, OWN_LISTENERS, WORKERS, 0},
	{"levelTwo", NULL, OWN_SETS, 2, 0},
	{"edgeTwo", NULL, OWN_SETS, 2, EPOLLET},
	{"sharedLevel", NULL, SHARED_SET, WORKERS, 0},
	{"sharedEdge", NULL, SHARED_SET, WORKERS, EPOLLET},
};

static uint32_t *returns;

static _Noreturn void serve(const struct kind *kind, int listener, int ep)
{
	struct epoll_event event;

	for (;;) {
		if (ep >= 0 && epoll_wait(ep, &event, 1, -1) < 0)
			_exit(EXIT_FAILURE);
		__atomic_fetch_add(returns, 1, __ATOMIC_RELAXED);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && kind->waiting == IN_ACCEPT)
			_exit(EXIT_FAILURE);
		if (fd >= 0)
			close(fd);
	}
}

static uint64_t total_switches(const pid_t *pids, uint32_t count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++)
		total += switches_of(pids[i], pids[i]);
	return total;
}

/* All asleep, and nobody woke in between. */
static uint64_t settle_workers(const pid_t *pids, uint32_t count)
{
	uint64_t before, after = UINT64_MAX;

	do {
		before = after;
		for (uint32_t i = 0; i < count; i++)
			wait_asleep(pids[i], pids[i]);
		pause_ms(1);
		after = total_switches(pids, count);
	} while (after != before);
	return after;
}

static void start(const struct kind *kind, pid_t *pids, struct sockaddr_in *address)
{
	int flags = kind->waiting == IN_ACCEPT ? 0 : SOCK_NONBLOCK;
	int listeners[WORKERS] = {0}, ep = -1;

	memset(address, 0, sizeof(*address));
	for (uint32_t i = 0; i < kind->workers; i++)
		listeners[i] = i == 0 || kind->waiting == OWN_LISTENERS
				       ? tcp_listen_shared(flags, BACKLOG, address)
				       : listeners[0];
	if (kind->waiting == SHARED_SET) {
		ep = epoll_open();
		epoll_watch(ep, listeners[0], EPOLLIN | kind->trigger);
	}
	for (uint32_t i = 0; i < kind->workers; i++) {
		pids[i] = fork_helper();
		if (pids[i] != 0)
			continue;
		if (kind->waiting == OWN_SETS || kind->waiting == OWN_LISTENERS) {
			ep = epoll_open();
			epoll_watch(ep, listeners[i], EPOLLIN | kind->trigger);
		}
		serve(kind, listeners[i], ep);
	}
	for (uint32_t i = 0; i < kind->workers; i++)
		if (i == 0 || listeners[i] != listeners[0])
			close(listeners[i]);
	if (ep >= 0)
		close(ep);
}

static void look(const struct kind *kind)
{
	struct sockaddr_in address;
	pid_t pids[WORKERS];
	double woken[CONNECTIONS];

	start(kind, pids, &address);
	uint64_t before = settle_workers(pids, kind->workers);
	*returns = 0;
	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = tcp_connect(&address);
		take(fd, 1); /* until a worker closed it */
		uint64_t after = settle_workers(pids, kind->workers);
		woken[i] = (double)(after - before);
		before = after;
		close(fd);
	}
	observe(kind->woken, median(woken, CONNECTIONS));
	if (kind->returns)
		observe(kind->returns, (double)*returns / CONNECTIONS);
	for (uint32_t i = 0; i < kind->workers; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

static void run(void)
{
	returns = shared_memory(sizeof(*returns));
	observe("workers", WORKERS);
	observe("connections", CONNECTIONS);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		look(&kinds[i]);
}

PROBE(.id = "herd", .title = "processes that wake for one connection", .run = run, .deadline_ms = 30000,
      .values = {
	      NUMBER("workers", "processes that wait"),
	      NUMBER("connections", "connections, one after the other; medians over them"),
	      NUMBER("accept", "woken in blocking accept"),
	      NUMBER("level", "woken, an epoll set each, level-triggered"),
	      NUMBER("levelReturns", "returns of epoll_wait per connection then"),
	      NUMBER("edge", "woken, an epoll set each, EPOLLET"),
	      NUMBER("edgeReturns", "returns of epoll_wait per connection then"),
	      NUMBER("exclusive", "woken, an epoll set each, EPOLLEXCLUSIVE"),
	      NUMBER("exclusiveReturns", "returns of epoll_wait per connection then"),
	      NUMBER("reuseport", "woken, a listener and a set each, SO_REUSEPORT"),
	      NUMBER("levelTwo", "woken of two with a set each, level-triggered"),
	      NUMBER("edgeTwo", "woken of two with a set each, EPOLLET"),
	      NUMBER("sharedLevel", "woken, all in one set, level-triggered"),
	      NUMBER("sharedEdge", "woken, all in one set, EPOLLET"),
      });
