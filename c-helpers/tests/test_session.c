/*
 * test_session.c - observer/session.c over a session of our own making: a leader and a child of two threads,
 * beside a process that has left it. What they do is told them through a pipe, so that nothing is a matter of
 * time.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../observer/session.h"
#include "check.h"

#define BUSY_NS 60000000ull
#define NS_PER_S 1000000000ull
/* CPU time of those that ended is told in ticks. */
#define TICK_NS 10000000ull
#define TURNS 50

/* What the leader is asked by a byte; it answers each by one. */
enum deed { BE_BUSY = 'b', HAVE_A_BUSY_CHILD = 'c', TAKE_TURNS = 't', END_THE_CHILD = 'e' };

static int ask_fds[2], answer_fds[2];

static uint64_t own_cpu_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void be_busy(void)
{
	uint64_t end_ns = own_cpu_ns() + BUSY_NS;
	while (own_cpu_ns() < end_ns)
		;
}

static void *sleep_on(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static _Noreturn void child_with_a_thread(int ready_fd)
{
	pthread_t thread;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, sleep_on, NULL) != 0 || write(ready_fd, "", 1) != 1)
		_exit(EXIT_FAILURE);
	(void)sleep_on(NULL);
	_exit(EXIT_FAILURE);
}

/* A child, once it says that it is there. */
static pid_t start_child(void (*run)(int ready_fd))
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		_exit(EXIT_FAILURE);
	pid_t pid = fork();
	if (pid == 0)
		run(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		_exit(EXIT_FAILURE);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static _Noreturn void leave_the_session(int ready_fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setsid() < 0 || write(ready_fd, "", 1) != 1)
		_exit(EXIT_FAILURE);
	(void)sleep_on(NULL);
	_exit(EXIT_FAILURE);
}

static void have_a_busy_child(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		be_busy();
		_exit(EXIT_SUCCESS);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		_exit(EXIT_FAILURE);
}

/* A name as hard to read as may be, which stands in /proc/<pid>/stat. */
static _Noreturn void lead(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, ") R 1 (");
	if (setsid() < 0)
		_exit(EXIT_FAILURE);
	(void)start_child(leave_the_session);
	pid_t child = start_child(child_with_a_thread);
	for (char deed = 0;; deed = 0) {
		if (write(answer_fds[1], "", 1) != 1 || read(ask_fds[0], &deed, 1) != 1)
			_exit(EXIT_FAILURE);
		if (deed == BE_BUSY)
			be_busy();
		else if (deed == HAVE_A_BUSY_CHILD)
			have_a_busy_child();
		else if (deed == END_THE_CHILD &&
			 (kill(child, SIGKILL) < 0 || waitpid(child, NULL, 0) != child))
			_exit(EXIT_FAILURE);
	}
}

static void ask(enum deed deed)
{
	char byte = (char)deed;
	need(write(ask_fds[1], &byte, 1) == 1 && read(answer_fds[0], &byte, 1) == 1, "the leader is gone");
}

static void until_rests(const struct session *s)
{
	const struct timespec pause_ns = {.tv_nsec = 1000000};
	for (int i = 0; !session_rests(s) && i < 10000; i++)
		(void)nanosleep(&pause_ns, NULL);
	check(session_rests(s), "rests once all of its tasks sleep");
}

static bool count_task(int32_t tid, void *context)
{
	(void)tid;
	++*(uint32_t *)context;
	return true;
}

static bool count_first(int32_t tid, void *context)
{
	(void)tid;
	++*(uint32_t *)context;
	return false;
}

/* Tasks of a process; a sanitizer may have one of its own in each. */
static uint32_t tasks_of(int32_t pid)
{
	char path[64];
	uint32_t count = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	need(dir != NULL, "opendir(%s)", path);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

static void check_processes(struct session *s)
{
	uint32_t tasks = 0, firsts = 0;

	bool found = session_find(s);
	need(check(found && s->count == 2, "finds the leader and its child, not who has left: %u", s->count),
	     "there is nothing to look at");
	uint32_t all = tasks_of(s->pid[0]) + tasks_of(s->pid[1]);
	bool any = session_each(s, count_task, &tasks);
	check(any && all >= 3 && tasks == all, "visits all of their %u tasks: %u", all, tasks);
	(void)session_each(s, count_first, &firsts);
	check(firsts == s->count, "goes on with the next process when visit has enough of one: %u", firsts);
	until_rests(s);
}

static void check_cpu(const struct session *s)
{
	uint64_t before_ns = session_cpu_ns(s);

	ask(BE_BUSY);
	uint64_t own_ns = session_cpu_ns(s) - before_ns;
	check(own_ns >= BUSY_NS, "bills what a process does: %llu of %llu ns", (unsigned long long)own_ns,
	      (unsigned long long)BUSY_NS);
	before_ns = session_cpu_ns(s);
	ask(HAVE_A_BUSY_CHILD);
	uint64_t child_ns = session_cpu_ns(s) - before_ns;
	check(child_ns + 2 * TICK_NS >= BUSY_NS,
	      "bills a child that ended and was waited for: %llu of %llu ns", (unsigned long long)child_ns,
	      (unsigned long long)BUSY_NS);
}

static void check_switches(struct session *s, int32_t leader)
{
	uint32_t leaders = tasks_of(leader), all = tasks_of(s->pid[0]) + tasks_of(s->pid[1]);

	session_switches_begin(s);
	for (int i = 0; i < TURNS; i++)
		ask(TAKE_TURNS);
	until_rests(s);
	session_switches_end(s);
	/* Not each: what it is asked may be there before it waits. */
	check(s->voluntary + s->involuntary >= TURNS / 2, "counts the switches of %d turns: %llu and %llu",
	      TURNS, (unsigned long long)s->voluntary, (unsigned long long)s->involuntary);
	check(s->ended == 0 && s->threads == all, "all of its %u tasks are there: %llu, %llu ended", all,
	      (unsigned long long)s->threads, (unsigned long long)s->ended);
	check(s->rss_max_bytes > 2 * 4096, "adds up the memory of its processes: %llu",
	      (unsigned long long)s->rss_max_bytes);
	session_switches_begin(s);
	ask(END_THE_CHILD);
	bool found = session_find(s);
	check(found && s->count == 1 && s->pid[0] == leader, "finds the leader alone: %u", s->count);
	session_switches_end(s);
	check(s->ended == all - leaders && s->threads == leaders,
	      "counts the tasks that ended: %llu, %llu left", (unsigned long long)s->ended,
	      (unsigned long long)s->threads);
}

int main(void)
{
	need(pipe(ask_fds) == 0 && pipe(answer_fds) == 0, "pipe");
	pid_t leader = fork();
	need(leader >= 0, "fork");
	if (leader == 0)
		lead();
	char byte;
	need(read(answer_fds[0], &byte, 1) == 1, "the leader did not start");

	struct session s = {.leader = leader};
	check_processes(&s);
	check_cpu(&s);
	check_switches(&s, leader);
	(void)kill(leader, SIGKILL);
	need(waitpid(leader, NULL, 0) == leader, "waitpid");
	check(!session_find(&s) && s.count == 0, "finds nothing once all are gone");
	session_free(&s);
	check(s.pid == NULL && s.before.task == NULL, "is empty when it is freed");
	return checks_exit();
}
