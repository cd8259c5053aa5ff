#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../wire/clock.h"
#include "conns.h"
#include "receive.h"
#include "window.h"

/* Names the first wrong byte; not on the hot path. */
static void fail_corrupt(struct load *lg, const struct conn *c, size_t bytes)
{
	const uint8_t *expected = pattern_at(lg->pattern, c->phase, c->received);
	uint32_t index = conn_number(lg, c);
	uint64_t outstanding = c->sent - c->received;
	size_t i = 0;

	while (i < bytes && i < outstanding && lg->chunk[i] == expected[i])
		i++;
	if (i == outstanding)
		fail(&lg->failure, LOADGEN_CORRUPT,
		     "connection %u: %zu bytes came back beyond the %llu that were sent", index, bytes - i,
		     (unsigned long long)c->sent);
	else
		fail(&lg->failure, LOADGEN_CORRUPT, "connection %u, byte %llu: sent 0x%02x, 0x%02x came back",
		     index, (unsigned long long)(c->received + i), expected[i], lg->chunk[i]);
}

/* Checks bytes of lg->chunk against what was sent. False when they differ: the run has failed. */
static bool verify(struct load *lg, struct conn *c, size_t bytes)
{
	if (bytes > c->sent - c->received ||
	    !pattern_equals(lg->pattern, c->phase, c->received, lg->chunk, bytes)) {
		fail_corrupt(lg, c, bytes);
		return false;
	}
	c->received += bytes;
	lg->counts.bytes_verified += bytes;
	lg->waiting_since_ns = lg->now_ns;
	return true;
}

/* Closes the books on the requests whose last byte is there. */
static void complete(struct load *lg, struct conn *c)
{
	const struct request_times *ring = load_times(lg, c);
	uint64_t message = lg->message_bytes;
	uint32_t done = 0;

	while (c->in_flight > done && c->received >= c->issued - (c->in_flight - done - 1) * message) {
		const struct request_times *t = &ring[c->oldest];

		histogram_record(&lg->response, lg->now_ns - t->due_ns);
		if (lg->open_loop || lg->churn)
			histogram_record(&lg->service, lg->now_ns - t->sent_ns);
		if (++c->oldest == lg->depth)
			c->oldest = 0;
		done++;
	}
	c->in_flight -= done;
	lg->in_flight -= done;
	if (lg->issuing)
		lg->counts.completed += done;
	else
		lg->counts.drained += done;
}

enum received receive_chunk(struct load *lg, struct conn *c, size_t *bytes)
{
	lg->syscalls++;
	ssize_t n = recv(c->fd, lg->chunk, sizeof(lg->chunk), 0);
	if (n < 0) {
		if (errno == EINTR)
			return RECEIVED_INTERRUPTED;
		if (errno == EAGAIN)
			return RECEIVED_NOTHING;
		if (conn_errno_breaks(errno))
			return RECEIVED_BROKEN;
		fail_call(&lg->failure, "recv(%zu bytes)", sizeof(lg->chunk));
		return RECEIVED_NOTHING;
	}
	if (n == 0)
		return RECEIVED_END;
	lg->now_ns = now_ns();
	if (lg->now_ns >= lg->deadline_ns && lg->issuing)
		window_end(lg);
	if (!verify(lg, c, (size_t)n))
		return RECEIVED_NOTHING;
	complete(lg, c);
	*bytes = (size_t)n;
	return RECEIVED_BYTES;
}
