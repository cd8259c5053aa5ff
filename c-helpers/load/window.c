#include "due.h"
#include "window.h"

/*
 * The books, checked against the connections themselves: what a connection has in flight follows
 * from the bytes it has issued and received, and what has been sent must be somewhere.
 */
static uint64_t count_in_flight(const struct load *lg)
{
	uint64_t message = lg->message_bytes;
	uint64_t in_flight = 0;

	for (uint32_t slot = 0; slot < lg->active; slot++) {
		const struct conn *c = &lg->conns[lg->active_conn[slot]];

		if (c->state != CONN_CLOSED)
			in_flight += (c->issued - c->received + message - 1) / message;
	}
	return in_flight;
}

/* It has waited for so long at least; left out, a server that stands still would look fast. */
static void record_unsent(void *context, uint64_t due_ns)
{
	struct load *lg = context;

	histogram_record(&lg->response, lg->ended_ns - due_ns);
}

void window_end(struct load *lg)
{
	const struct counts *n = &lg->counts;
	uint64_t observed_ns = lg->now_ns;

	/* What fell due in time and is sent a moment late is still this window's. */
	if (lg->open_loop && observed_ns >= lg->deadline_ns)
		due_send(lg, lg->deadline_ns);
	lg->now_ns = observed_ns;
	lg->issuing = false;
	lg->ended_ns = observed_ns;
	lg->in_flight_at_deadline = count_in_flight(lg);
	if (lg->failure.status == LOADGEN_OK &&
	    (n->sent != n->completed + n->errors + lg->in_flight_at_deadline ||
	     lg->in_flight != lg->in_flight_at_deadline))
		fail(&lg->failure, LOADGEN_UNBALANCED,
		     "sent %llu, but completed %llu + errors %llu + in flight %llu (%llu)",
		     (unsigned long long)n->sent, (unsigned long long)n->completed,
		     (unsigned long long)n->errors, (unsigned long long)lg->in_flight_at_deadline,
		     (unsigned long long)lg->in_flight);
	if (lg->open_loop) {
		uint64_t until_ns = observed_ns < lg->deadline_ns ? observed_ns : lg->deadline_ns;

		lg->due_unsent = schedule_each_due(&lg->schedule, until_ns, record_unsent, lg);
	}
}
