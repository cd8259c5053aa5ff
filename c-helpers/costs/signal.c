/*
 * signal.c - being told that there is something to read, by each way that there is: a byte into a unix
 * socket, the news of it, and the byte read, all in one thread. What an event costs without any news is what
 * to subtract.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../costlib/pairs.h"

enum how { PLAIN, EPOLL, SIGIO_HANDLER, RT_HANDLER, SIGWAIT, SIGNALFD, SELF };

struct state {
	struct pairs pairs;
	int epoll, signalfd;
	bool has_handler;
	int signal;
	sigset_t set;
	struct sigaction before;
};

/* Of the thread that measures. */
static volatile sig_atomic_t handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static int signal_of(enum how how)
{
	return how == SIGIO_HANDLER ? SIGIO : SIGRTMIN + 2;
}

static bool install_handler(struct bench *bench)
{
	struct state *state = bench->state;
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	if (sigaction(state->signal, &action, &state->before) < 0)
		return bench_fail(bench, "sigaction");
	state->has_handler = true;
	pthread_sigmask(SIG_UNBLOCK, &state->set, NULL);
	return true;
}

/* To this thread alone: its process is the orchestrator's. */
static bool ask_for_signals(struct bench *bench, int fd)
{
	struct state *state = bench->state;
	struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = (pid_t)syscall(SYS_gettid)};

	if (fcntl(fd, F_SETOWN_EX, &owner) < 0)
		return bench_fail(bench, "fcntl(F_SETOWN_EX)");
	if (state->signal != SIGIO && fcntl(fd, F_SETSIG, state->signal) < 0)
		return bench_fail(bench, "fcntl(F_SETSIG)");
	return fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0 || bench_fail(bench, "fcntl(F_SETFL, O_ASYNC)");
}

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	enum how how = bench->cost->arg;
	struct epoll_event event = {.events = EPOLLIN};

	state->signal = signal_of(how);
	sigemptyset(&state->set);
	sigaddset(&state->set, state->signal);
	if (!pairs_open(bench, &state->pairs, PAIR_UNIX, 1))
		return false;
	int fd = state->pairs.near_read[0];
	switch (how) {
	case PLAIN:
		return true;
	case EPOLL:
		state->epoll = epoll_create1(EPOLL_CLOEXEC);
		return (state->epoll >= 0 && epoll_ctl(state->epoll, EPOLL_CTL_ADD, fd, &event) == 0) ||
		       bench_fail(bench, "epoll_ctl(ADD)");
	case SELF:
		return install_handler(bench);
	case SIGIO_HANDLER:
	case RT_HANDLER:
		return install_handler(bench) && ask_for_signals(bench, fd);
	case SIGNALFD:
		state->signalfd = signalfd(-1, &state->set, SFD_CLOEXEC | SFD_NONBLOCK);
		if (state->signalfd < 0)
			return bench_fail(bench, "signalfd");
		return ask_for_signals(bench, fd);
	case SIGWAIT:
		return ask_for_signals(bench, fd);
	}
	return false;
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	struct timespec none = {0};

	pairs_close(&state->pairs);
	pthread_sigmask(SIG_BLOCK, &state->set, NULL);
	while (sigtimedwait(&state->set, NULL, &none) > 0)
		;
	if (state->has_handler)
		(void)sigaction(state->signal, &state->before, NULL);
	if (state->epoll > 0)
		close(state->epoll);
	if (state->signalfd > 0)
		close(state->signalfd);
}

static inline bool put(struct state *state)
{
	char byte = 1;
	return write(state->pairs.far_write[0], &byte, 1) == 1;
}

static inline bool get(struct state *state)
{
	char byte;
	return read(state->pairs.near_read[0], &byte, 1) == 1;
}

static void run_plain(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	if (!put(state) || !get(state)) {
		bench_fail(bench, "write and read");
		return;
	}
}

static void run_epoll(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct epoll_event event;
	TURNS(turns)
	if (!put(state) || epoll_wait(state->epoll, &event, 1, -1) != 1 || !get(state)) {
		bench_fail(bench, "write, epoll_wait and read");
		return;
	}
}

/* A signal of its own thread is delivered before write returns. */
static void run_handler(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	sig_atomic_t before = handled;
	TURNS(turns)
	if (!put(state) || !get(state)) {
		bench_fail(bench, "write and read");
		return;
	}
	if ((uint64_t)(handled - before) < turns)
		bench_wrong(bench, "%lld signals for %llu events", (long long)(handled - before),
			    (unsigned long long)turns);
}

static void run_sigwait(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct timespec none = {0};
	TURNS(turns)
	{
		if (!put(state) || sigtimedwait(&state->set, NULL, &none) != state->signal || !get(state)) {
			bench_fail(bench, "write, sigtimedwait and read");
			return;
		}
	}
}

static void run_signalfd(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct signalfd_siginfo info;
	TURNS(turns)
	if (!put(state) || read(state->signalfd, &info, sizeof(info)) != sizeof(info) || !get(state)) {
		bench_fail(bench, "write, read(signalfd) and read");
		return;
	}
}

static void run_self(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	pid_t pid = getpid(), tid = (pid_t)syscall(SYS_gettid);
	sig_atomic_t before = handled;
	TURNS(turns)
	if (syscall(SYS_tgkill, pid, tid, state->signal) < 0) {
		bench_fail(bench, "tgkill");
		return;
	}
	if ((uint64_t)(handled - before) != turns)
		bench_wrong(bench, "%lld signals of %llu", (long long)(handled - before),
			    (unsigned long long)turns);
}

#define COMMON(how)                                                                                          \
	.group = "signal", .state_bytes = sizeof(struct state), .arg = (how), .prepare = prepare,            \
	.finish = finish
#define EVENT(how) COMMON(how), .unit = "event"

COSTS({EVENT(PLAIN), .id = "event-plain", .title = "event that nobody is told of", .run = run_plain,
       .measures = "write(2) of 1 byte into a unix socket and read(2) of it, in one thread"},
      {EVENT(EPOLL), .id = "event-epoll", .title = "event told by epoll", .run = run_epoll,
       .measures = "write(2), epoll_wait(2) with one ready, read(2), in one thread"},
      {EVENT(SIGIO_HANDLER), .id = "event-sigio", .title = "event told by SIGIO", .run = run_handler,
       .measures = "write(2) with O_ASYNC at the other end, the handler of SIGIO, read(2), in one thread"},
      {EVENT(RT_HANDLER), .id = "event-rt", .title = "event told by a real-time signal", .run = run_handler,
       .measures = "write(2) with F_SETSIG at the other end, the handler of a real-time signal, read(2), in "
		   "one thread"},
      {EVENT(SIGWAIT), .id = "event-sigwait", .title = "event told by sigtimedwait", .run = run_sigwait,
       .measures = "write(2) with F_SETSIG at the other end, sigtimedwait(2) of a real-time signal, read(2), "
		   "in one thread"},
      {EVENT(SIGNALFD), .id = "event-signalfd", .title = "event told by signalfd", .run = run_signalfd,
       .measures = "write(2) with F_SETSIG at the other end, read(2) of a signalfd, read(2), in one thread"},
      {COMMON(SELF), .unit = "signal", .id = "signal-self", .title = "signal to oneself", .run = run_self,
       .measures = "tgkill(2) of the own thread, the handler, and the return from it"});
