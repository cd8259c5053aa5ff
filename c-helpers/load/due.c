#include "../wire/clock.h"
#include "due.h"
#include "send.h"

static bool may_send(const struct load *lg, const struct conn *c)
{
	/* A request is sent when its first byte is: not behind bytes that the kernel still refuses. */
	return c->state == CONN_OPEN && c->in_flight < lg->depth && c->sent == c->issued;
}

void due_send_of(struct load *lg, struct conn *c, uint64_t until_ns)
{
	struct schedule *s = &lg->schedule;
	uint64_t now = lg->now_ns;

	if (!may_send(lg, c))
		return;
	while (c->in_flight < lg->depth && s->stream[c->slot].due_ns <= until_ns) {
		send_issue(lg, c, s->stream[c->slot].due_ns, now);
		schedule_advance(s, c->slot);
	}
	if (send_flush(lg, c) && may_send(lg, c))
		schedule_push(s, c->slot);
}

void due_send(struct load *lg, uint64_t until_ns)
{
	while (schedule_next_ns(&lg->schedule) <= until_ns && lg->failure.status == LOADGEN_OK) {
		uint32_t slot = schedule_pop(&lg->schedule);

		/* Every send takes its time; the next one's actual send is not this one's. */
		lg->now_ns = now_ns();
		due_send_of(lg, &lg->conns[lg->active_conn[slot]], until_ns);
	}
}
