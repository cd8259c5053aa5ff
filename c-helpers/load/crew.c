#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "crew.h"

/* Whoever is awaited usually comes within this time: yield, do not sleep. */
#define MEET_YIELD_NS (50 * NS_PER_US)

bool crew_init(struct crew *crew)
{
	struct meeting *m = &crew->meeting;
	pthread_condattr_t attr;
	int error;

	atomic_init(&crew->shared.stop_fd, -1);
	error = pthread_condattr_init(&attr);
	if (error == 0) {
		error = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		if (error == 0)
			error = pthread_cond_init(&m->met, &attr);
		(void)pthread_condattr_destroy(&attr);
	}
	if (error == 0) {
		error = pthread_mutex_init(&m->lock, NULL);
		if (error != 0)
			(void)pthread_cond_destroy(&m->met);
	}
	errno = error;
	return error == 0;
}

void crew_destroy(struct crew *crew)
{
	(void)pthread_cond_destroy(&crew->meeting.met);
	(void)pthread_mutex_destroy(&crew->meeting.lock);
}

uint32_t crew_share(const struct crew *crew, uint32_t number, uint32_t things)
{
	return things / crew->threads + (number < things % crew->threads);
}

struct member {
	pthread_t thread;
	struct load *lg;
	void (*body)(struct load *lg);
};

static void *run_member(void *argument)
{
	struct member *member = argument;

	member->body(member->lg);
	return NULL;
}

void crew_run(struct crew *crew, void (*body)(struct load *lg))
{
	struct member member[LOADGEN_THREADS_MAX];
	uint32_t started = 1;

	for (; started < crew->threads; started++) {
		member[started] = (struct member){.lg = &crew->load[started], .body = body};
		int error = pthread_create(&member[started].thread, NULL, run_member, &member[started]);

		if (error == 0)
			continue;
		errno = error;
		fail_call(&crew->load[0].failure, "pthread_create(client thread %u of %u)", started + 1,
			  crew->threads);
		break;
	}
	body(&crew->load[0]);
	for (uint32_t i = 1; i < started; i++)
		(void)pthread_join(member[i].thread, NULL);
}

/* False when it is over for all, and this thread has not come further than to wait. */
static bool await(const struct meeting *m, unsigned int round, bool *met)
{
	*met = atomic_load(&m->round) != round;
	return !*met && atomic_load(&m->failed) == 0;
}

static void fail_absent(struct load *lg, unsigned int round)
{
	const struct crew *crew = lg->crew;

	for (uint32_t i = 0; i < crew->threads; i++)
		if (atomic_load(&crew->load[i].meetings) <= round) {
			fail(&lg->failure, LOADGEN_STALLED, "has waited for client thread %u for %.3f s",
			     i + 1, (double)crew->patience_ns / (double)NS_PER_S);
			return;
		}
}

static bool wait_met(struct load *lg, unsigned int round)
{
	struct meeting *m = &lg->crew->meeting;
	uint64_t begin_ns = now_ns();
	struct timespec until = ns_to_timespec(begin_ns + lg->crew->patience_ns);
	bool met;
	int error = 0;

	while (await(m, round, &met) && now_ns() - begin_ns < MEET_YIELD_NS)
		(void)sched_yield();
	(void)pthread_mutex_lock(&m->lock);
	while (await(m, round, &met) && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&m->met, &m->lock, &until);
	(void)pthread_mutex_unlock(&m->lock);
	if (met)
		return true;
	if (atomic_load(&m->failed) == 0)
		fail_absent(lg, round);
	fail(&lg->failure, LOADGEN_STOPPED, "another thread of the load has failed");
	return false;
}

bool crew_meet(struct load *lg)
{
	struct crew *crew = lg->crew;
	struct meeting *m = &crew->meeting;

	if (lg->failure.status != LOADGEN_OK)
		return false;
	if (crew->threads == 1)
		return true;
	unsigned int round = atomic_load(&m->round);
	atomic_fetch_add(&lg->meetings, 1);
	if (atomic_fetch_add(&m->arrived, 1) + 1 < crew->threads)
		return wait_met(lg, round);
	atomic_store(&m->arrived, 0);
	atomic_store(&m->met_ns, now_ns());
	(void)pthread_mutex_lock(&m->lock);
	atomic_fetch_add(&m->round, 1);
	(void)pthread_cond_broadcast(&m->met);
	(void)pthread_mutex_unlock(&m->lock);
	return true;
}

uint64_t crew_met_ns(const struct load *lg)
{
	return lg->crew->threads == 1 ? now_ns() : atomic_load(&lg->crew->meeting.met_ns);
}

void crew_leave(struct load *lg)
{
	struct meeting *m = &lg->crew->meeting;
	unsigned int none = 0;
	uint64_t one = 1;

	if (lg->failure.status == LOADGEN_OK ||
	    !atomic_compare_exchange_strong(&m->failed, &none, lg->number + 1) || lg->crew->threads == 1)
		return;
	(void)pthread_mutex_lock(&m->lock);
	(void)pthread_cond_broadcast(&m->met);
	(void)pthread_mutex_unlock(&m->lock);
	/* Its counter being full would mean that it is readable. */
	if (write(atomic_load(&lg->crew->shared.stop_fd), &one, sizeof(one)) < 0)
		return;
}

const struct load *crew_first_failed(const struct crew *crew)
{
	unsigned int failed = atomic_load(&crew->meeting.failed);

	return &crew->load[failed ? failed - 1 : 0];
}

uint64_t crew_opened(const struct load *lg)
{
	const struct crew *crew = lg->crew;
	uint64_t opened = lg->opened;

	for (uint32_t i = 0; i < crew->threads; i++)
		if (i != lg->number)
			opened += atomic_load_explicit(&crew->load[i].progress.connections_opened,
						       memory_order_relaxed);
	return opened;
}

bool crew_accepted(struct load *lg, uint64_t *accepted)
{
	struct crew *crew = lg->crew;

	if (crew->threads == 1)
		return crew->reader.accepted(crew->reader.context, accepted);
	(void)pthread_mutex_lock(&crew->meeting.lock);
	bool known = crew->reader.accepted(crew->reader.context, accepted);
	(void)pthread_mutex_unlock(&crew->meeting.lock);
	return known;
}

struct load_totals crew_totals(const struct crew *crew)
{
	struct load_totals totals = {.exact = true};

	for (uint32_t i = 0; i < crew->threads; i++) {
		const struct load *lg = &crew->load[i];

		totals.opened += lg->opened;
		totals.echoed += lg->warmup_bytes + lg->counts.bytes_verified;
		totals.exact = totals.exact && lg->connection_errors == 0;
	}
	return totals;
}
