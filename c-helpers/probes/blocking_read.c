/* blocking_read - whether a read of a socket gives up the CPU: with data there, and without; and how it
 * waits. */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { ROUNDS = 50 };

struct reader {
	int fd;
	pid_t tid;
};

static void *serve(void *arg)
{
	struct reader *reader = arg;
	char byte;

	__atomic_store_n(&reader->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (read(reader->fd, &byte, 1) == 1)
		;
	return NULL;
}

/* Of a thread that sleeps in read: one byte, and it sleeps again. */
static void look_empty(void)
{
	struct reader reader = {0};
	double switches[ROUNDS];
	char state[2] = "?";
	pthread_t thread;
	int fds[2];

	tcp_pair(fds);
	reader.fd = fds[1];
	if (pthread_create(&thread, NULL, serve, &reader) != 0)
		probe_broken("pthread_create");
	while (__atomic_load_n(&reader.tid, __ATOMIC_ACQUIRE) == 0)
		pause_ms(1);
	for (int i = 0; i < ROUNDS; i++) {
		wait_asleep(getpid(), reader.tid);
		uint64_t before = switches_of(getpid(), reader.tid);
		put(fds[0], 1);
		/* It sleeps again when it has read. */
		while (switches_of(getpid(), reader.tid) == before)
			pause_ms(0);
		wait_asleep(getpid(), reader.tid);
		switches[i] = (double)(switches_of(getpid(), reader.tid) - before);
		state[0] = state_of(getpid(), reader.tid);
	}
	observe("emptySwitches", median(switches, ROUNDS));
	observe_text("waitingState", state);
}

static void look_ready(void)
{
	double switches[ROUNDS];
	int fds[2];
	pid_t tid = (pid_t)syscall(SYS_gettid);

	tcp_pair(fds);
	for (int i = 0; i < ROUNDS; i++) {
		put(fds[0], 1);
		settle(fds[1], 1);
		uint64_t before = switches_of(getpid(), tid);
		take(fds[1], 1);
		switches[i] = (double)(switches_of(getpid(), tid) - before);
	}
	observe("readySwitches", median(switches, ROUNDS));
}

static void run(void)
{
	observe("rounds", ROUNDS);
	look_ready();
	look_empty();
}

PROBE(.id = "blocking-read", .title = "whether a blocking read gives up the CPU", .run = run,
      .values = {
	      NUMBER("rounds", "reads of each; medians over them"),
	      NUMBER("readySwitches", "voluntary context switches of a read with data there"),
	      NUMBER("emptySwitches", "of a read that waits for it"),
	      STRING("waitingState", "the state of the thread that waits: S interruptible, D not"),
      });
