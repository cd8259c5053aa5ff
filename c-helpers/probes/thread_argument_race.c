/*
 * thread_argument_race - the guide's "one thread per connection" hands each thread the address of the
 * variable that the next accept writes. Connections that wait are accepted as fast as it goes, by its lines
 * and by ones that hand over the value.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { CONNECTIONS = 300, ROUNDS = 3, FD_MAX = 4096 };

static uint32_t served[FD_MAX];
static uint32_t begun;

static void serve(int fd)
{
	if (fd >= 0 && fd < FD_MAX)
		__atomic_fetch_add(&served[fd], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&begun, 1, __ATOMIC_RELEASE);
}

static void *by_address(void *arg)
{
	serve(*(volatile int *)arg);
	return NULL;
}

static void *by_value(void *arg)
{
	serve((int)(intptr_t)arg);
	return NULL;
}

static void create(void *(*start)(void *), void *arg)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, start, arg) != 0)
		probe_broken("pthread_create");
	pthread_attr_destroy(&attr);
}

static void look(bool handing_address, double *lost, double *doubled)
{
	struct sockaddr_in address;
	int listener = tcp_listen(0, CONNECTIONS, &address), clients[CONNECTIONS], accepted[CONNECTIONS];
	/* Threads may still read it later. */
	static int conn_fd;

	memset(served, 0, sizeof(served));
	begun = 0;
	for (int i = 0; i < CONNECTIONS; i++)
		clients[i] = tcp_connect(&address);
	if (!settle_accepts(listener, CONNECTIONS))
		probe_unsupported("net.core.somaxconn lets fewer than %d connections wait", CONNECTIONS);
	for (int i = 0; i < CONNECTIONS; i++) {
		conn_fd = accept(listener, NULL, NULL);
		accepted[i] = conn_fd;
		if (conn_fd < 0 || conn_fd >= FD_MAX)
			probe_broken("accept");
		if (handing_address)
			create(by_address, &conn_fd);
		else
			create(by_value, (void *)(intptr_t)conn_fd);
	}
	while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) < CONNECTIONS)
		pause_ms(1);
	for (int i = 0; i < CONNECTIONS; i++) {
		*lost += served[accepted[i]] == 0;
		*doubled += served[accepted[i]] > 1;
		close(accepted[i]);
		close(clients[i]);
	}
	close(listener);
}

static void run(void)
{
	double lost = 0, doubled = 0, control_lost = 0, control_doubled = 0;

	needs_descriptors(3 * CONNECTIONS);
	for (int i = 0; i < ROUNDS; i++) {
		look(true, &lost, &doubled);
		look(false, &control_lost, &control_doubled);
	}
	observe("connections", ROUNDS * CONNECTIONS);
	observe("lost", lost);
	observe("doubled", doubled);
	observe("controlLost", control_lost);
	observe("controlDoubled", control_doubled);
}

PROBE(.id = "thread-argument-race", .title = "a thread that is handed the address of conn_fd", .run = run,
      .deadline_ms = 60000,
      .values = {
	      NUMBER("connections", "connections accepted with each"),
	      NUMBER("lost", "of them, those that no thread served"),
	      NUMBER("doubled", "those that several threads served"),
	      NUMBER("controlLost", "that no thread served, with the value handed over"),
	      NUMBER("controlDoubled", "that several served, with the value handed over"),
      });
