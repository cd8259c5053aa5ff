/* workers.c - see workers.h. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "die.h"
#include "net.h"
#include "workers.h"

/* Stops a worker. All other signals are blocked in threads beside the main one. */
#define STOP_SIGNAL SIGUSR2
#define STOP_POLL_NS 50000
/* Generous: a virtual CPU may be away for seconds. */
#define STOP_POLLS_MAX 200000u

struct worker {
	const struct workers_plan *plan;
	struct server server;
	struct loop *loop;
	pthread_t thread;
};

static struct worker *workers; /* [workers_count]: worker 1 and up */
static uint32_t workers_count;
static uint32_t workers_stopped;
static _Thread_local struct worker *own;

static pthread_mutex_t prepared_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t prepared_changed = PTHREAD_COND_INITIALIZER;
static uint32_t prepared;

int workers_cpu(const struct workers_plan *plan, uint32_t worker)
{
	if (!plan->pinned)
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &plan->cpus) && worker-- == 0)
			return cpu;
	return -1;
}

void workers_pin(const struct workers_plan *plan, uint32_t worker)
{
	int cpu = workers_cpu(plan, worker);
	cpu_set_t one;

	if (cpu < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		die("sched_setaffinity(worker %u, CPU %d)", worker, cpu);
}

/* The worker never goes on: its counters are what they are. */
static void on_stop_worker(int sig)
{
	(void)sig;
	if (model.stopping)
		model.stopping(own->loop);
	__atomic_add_fetch(&workers_stopped, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static void take_stop_signal(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, STOP_SIGNAL);
	errno = pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (errno)
		die("pthread_sigmask(SIG_UNBLOCK)");
}

static void *worker_thread(void *arg)
{
	own = arg;
	workers_pin(own->plan, own->server.worker);
	if (!own->server.listen_shared) {
		uint16_t port = own->plan->port;
		own->server.listen_fd =
			net_listen(own->plan->host, &port, !model.listen_blocking, NET_REUSEPORT);
	}
	model.prepare(own->loop, &own->server);
	pthread_mutex_lock(&prepared_lock);
	prepared++;
	pthread_cond_signal(&prepared_changed);
	pthread_mutex_unlock(&prepared_lock);
	take_stop_signal();
	model.serve(own->loop);
	return NULL; /* it does not return */
}

/* One at a time: a model's prepare need not stand another beside it, and slots are dealt in order. */
static void start(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&worker->thread, NULL, worker_thread, worker);
	if (errno)
		die("pthread_create(worker %u)", worker->server.worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_lock(&prepared_lock);
	while (prepared < worker->server.worker)
		pthread_cond_wait(&prepared_changed, &prepared_lock);
	pthread_mutex_unlock(&prepared_lock);
}

static void handle_stop(void)
{
	struct sigaction action = {.sa_handler = on_stop_worker};
	sigfillset(&action.sa_mask);
	if (sigaction(STOP_SIGNAL, &action, NULL) < 0)
		die("sigaction(%d)", STOP_SIGNAL);
}

void workers_start(const struct workers_plan *plan, const struct server *first,
		   const struct loop *options_only)
{
	uint32_t count = plan->count - 1;

	if (count == 0)
		return;
	handle_stop();
	workers = calloc(count, sizeof(*workers));
	if (!workers)
		die("calloc(%u workers)", count);
	for (uint32_t i = 0; i < count; i++) {
		struct worker *worker = &workers[i];
		worker->plan = plan;
		worker->server = *first;
		worker->server.worker = i + 1;
		worker->server.slot = counters_slot_take();
		worker->loop = net_slab(1, model.loop_bytes);
		memcpy(worker->loop, options_only, model.loop_bytes);
		start(worker);
	}
	workers_count = count;
}

/* Also while they start: then there are none yet, and the process ends without having served. */
void workers_stop(void)
{
	const struct timespec pause_time = {.tv_nsec = STOP_POLL_NS};

	for (uint32_t i = 0; i < workers_count; i++)
		(void)pthread_kill(workers[i].thread, STOP_SIGNAL);
	for (uint32_t polls = 0; __atomic_load_n(&workers_stopped, __ATOMIC_ACQUIRE) < workers_count;) {
		if (polls++ == STOP_POLLS_MAX)
			die_because("%u of %u workers did not stop", workers_count - workers_stopped,
				    workers_count);
		(void)nanosleep(&pause_time, NULL);
	}
}

uint32_t workers_running(void)
{
	return workers_count + 1;
}

const struct counters_slot *workers_slot(uint32_t worker)
{
	return worker == 0 ? counters_slot(0) : workers[worker - 1].server.slot;
}
