#include <sched.h>
#include <time.h>

#include "../wire/clock.h"
#include "agreement.h"
#include "observer.h"

/* Generous: a virtual CPU may be away for a second. Only a server that lacks something costs it. */
#define AGREE_TIMEOUT_NS (5 * NS_PER_S)
/* Usually there is nothing to wait for, or next to nothing: yield, do not sleep. */
#define AGREE_YIELD_NS (100 * NS_PER_US)
#define AGREE_POLL_NS (50 * NS_PER_US)

static bool read_served(const struct observer *o, struct served *now)
{
	const struct edges *e = &o->edges;
	uint64_t refused;

	if (!edges_counter(e, "accepted", &now->connections) || !edges_counter(e, "refused", &refused) ||
	    !edges_counter(e, "bytes_out", &now->bytes_out) || !edges_counter(e, "bytes_in", &now->bytes_in))
		return false;
	now->connections += refused;
	return true;
}

static bool read_growth(const struct observer *o, struct served *grown)
{
	const struct served *base = &o->agreement.base;

	if (!o->agreement.known || !read_served(o, grown))
		return false;
	grown->connections -= base->connections;
	grown->bytes_in -= base->bytes_in;
	grown->bytes_out -= base->bytes_out;
	return true;
}

void agreement_begin(struct observer *o)
{
	o->agreement.known = read_served(o, &o->agreement.base);
}

static bool complete(const struct served *grown, const struct load_totals *totals)
{
	return grown->connections >= totals->opened && grown->bytes_in >= totals->echoed &&
	       grown->bytes_out >= totals->echoed;
}

void agreement_await(struct observer *o, const struct load_totals *totals)
{
	uint64_t begin_ns = now_ns();
	struct timespec pause = ns_to_timespec(AGREE_POLL_NS);
	struct served grown;

	while (totals->exact && read_growth(o, &grown) && !complete(&grown, totals)) {
		uint64_t waited_ns = now_ns() - begin_ns;

		if (waited_ns > AGREE_TIMEOUT_NS)
			return;
		if (waited_ns < AGREE_YIELD_NS)
			(void)sched_yield();
		else
			(void)nanosleep(&pause, NULL);
	}
}

void agreement_check(struct observer *o, const struct load_totals *totals)
{
	struct served grown;

	if (!totals->exact || !read_growth(o, &grown))
		return;
	if (grown.connections == totals->opened && grown.bytes_in == totals->echoed &&
	    grown.bytes_out == totals->echoed)
		return;
	fail(o->failure, LOADGEN_COUNTS_DIFFER,
	     "the load opened %llu connections and echoed %llu bytes; the server counted %llu connections, "
	     "%llu bytes in and %llu out: %s",
	     (unsigned long long)totals->opened, (unsigned long long)totals->echoed,
	     (unsigned long long)grown.connections, (unsigned long long)grown.bytes_in,
	     (unsigned long long)grown.bytes_out,
	     complete(&grown, totals) ? "another client talks to it" : "it does not count what it does");
}
