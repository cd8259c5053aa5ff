/* sigio_realtime - F_SETSIG with real-time signals: queued, with their descriptor, to one thread; and on
 * which edges. */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sigio.h"
#include "sockets.h"

enum { FDS = 20, NUMBERS = 8 };

/* All on one number, blocked: how many are queued, and how many name the descriptor in whose order they came.
 */
static void look_queue(void)
{
	struct announced fds[FDS];
	siginfo_t info;
	int delivered = 0, right = 0;

	block(SIGRTMIN);
	for (int i = 0; i < FDS; i++)
		fds[i] = announce(SIGRTMIN);
	for (int i = 0; i < FDS; i++)
		put(fds[i].write_fd, 1);
	while (take_signal(SIGRTMIN, &info, QUIET_MS)) {
		right += delivered < FDS && info.si_fd == fds[delivered].read_fd;
		delivered++;
	}
	observe("fds", FDS);
	observe("delivered", delivered);
	observe("siFdRight", right);
}

static void look_edges(void)
{
	struct announced fd = announce(SIGRTMIN);
	siginfo_t info;

	put(fd.write_fd, 1);
	if (!take_signal(SIGRTMIN, &info, SOON_MS))
		probe_odd("no signal for the first data");
	observe("unreadAgain", take_signal(SIGRTMIN, &info, QUIET_MS));
	put(fd.write_fd, 1);
	observe("unreadNewData", take_signal(SIGRTMIN, &info, SOON_MS));
}

static void look_numbers(void)
{
	struct announced fds[NUMBERS];
	siginfo_t info;
	int right = 0;

	for (int i = 0; i < NUMBERS; i++) {
		block(SIGRTMIN + 1 + i);
		fds[i] = announce(SIGRTMIN + 1 + i);
	}
	for (int i = 0; i < NUMBERS; i++)
		put(fds[i].write_fd, 1);
	for (int i = 0; i < NUMBERS; i++)
		right += take_signal(SIGRTMIN + 1 + i, &info, SOON_MS) && info.si_fd == fds[i].read_fd;
	observe("numbers", NUMBERS);
	observe("perFdNumbers", right);
}

static pid_t handler_tid, thread_tid;

static void on_signal(int signal)
{
	(void)signal;
	__atomic_store_n(&handler_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static void *wait_here(void *arg)
{
	__atomic_store_n(&thread_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	while (__atomic_load_n(&handler_tid, __ATOMIC_ACQUIRE) == 0)
		pause_ms(1);
	return arg;
}

static void look_owner(void)
{
	const int number = SIGRTMIN + 1 + NUMBERS;
	struct sigaction action = {.sa_handler = on_signal};
	struct announced fd = announce(number);
	pthread_t thread;

	sigaction(number, &action, NULL);
	if (pthread_create(&thread, NULL, wait_here, NULL) != 0)
		probe_broken("pthread_create");
	while (__atomic_load_n(&thread_tid, __ATOMIC_ACQUIRE) == 0)
		pause_ms(1);
	announce_to_thread(fd.read_fd, thread_tid);
	put(fd.write_fd, 1);
	pthread_join(thread, NULL);
	observe_is("ownerThread", handler_tid == thread_tid);
}

static void run(void)
{
	look_queue();
	look_edges();
	look_numbers();
	look_owner();
}

PROBE(.id = "sigio-realtime", .title = "real-time signals instead of SIGIO (F_SETSIG)", .run = run,
      .values = {
	      NUMBER("fds",
		     "descriptors that became readable while the signal was blocked, all with one number"),
	      NUMBER("delivered", "signals that were delivered then"),
	      NUMBER("siFdRight", "of them, those whose si_fd is the descriptor in whose turn they came"),
	      NUMBER("unreadAgain", "signals without new data, the first unread"),
	      NUMBER("unreadNewData", "signals for new data while older is unread"),
	      NUMBER("numbers", "descriptors with a signal number of their own"),
	      NUMBER("perFdNumbers", "of them, those that announced themselves by it"),
	      BOOLEAN("ownerThread", "with F_OWNER_TID the handler ran in that thread"),
      });
