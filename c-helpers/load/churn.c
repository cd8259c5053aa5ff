#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "churn.h"
#include "../wire/clock.h"
#include "conns.h"
#include "receive.h"
#include "send.h"
#include "window.h"

/* More than there are source addresses, so that one of them without a free port ends nothing. */
#define FAILURES_IN_ROW_MAX 200

/* A connection broke, or could not even begin. A server that refuses them all ends the run. */
static void note_failure(struct load *lg, int error)
{
	if (++lg->failures_in_row < FAILURES_IN_ROW_MAX)
		return;
	fail(&lg->failure, lg->opened == 0 ? LOADGEN_CONNECT_FAILED : LOADGEN_SERVER_GONE,
	     "%d connections in a row broke; the last: %s", FAILURES_IN_ROW_MAX,
	     error ? strerror(error) : "closed by the server before the whole echo");
}

/*
 * Sends the request as far as the socket takes it. On loopback the connect has usually ended before
 * the call returned, so the first try succeeds and saves a turn of the loop. False: it broke.
 */
static bool send_request(struct load *lg, struct conn *c)
{
	bool first = c->sent == 0;

	if (first)
		lg->now_ns = now_ns();
	if (!send_flush(lg, c))
		return false;
	if (first && c->sent > 0)
		c->times.sent_ns = lg->now_ns;
	if (c->state == CONN_CONNECTING && c->sent > 0) {
		c->state = CONN_OPEN;
		lg->opened++;
		lg->connected++;
	}
	return true;
}

/* The request of a connection that did not even begin: sent and failed at once. */
static void count_unopened(struct load *lg, int error)
{
	if (!conn_errno_breaks(error) && error != EADDRNOTAVAIL) {
		errno = error;
		fail_call(&lg->failure, "socket, bind or connect");
		return;
	}
	lg->counts.sent++;
	lg->counts.errors++;
	lg->connection_errors++;
	note_failure(lg, error);
}

static void begin(struct load *lg, struct conn *c)
{
	while (lg->issuing && lg->failure.status == LOADGEN_OK) {
		uint64_t due_ns = lg->now_ns = now_ns();

		if (due_ns >= lg->deadline_ns) {
			window_end(lg);
			return;
		}
		if (!conn_open(lg, c)) {
			count_unopened(lg, errno);
			continue;
		}
		send_issue(lg, c, due_ns, due_ns);
		if (send_request(lg, c)) {
			uint32_t out = c->sent < c->issued ? EPOLLOUT : 0;

			(void)conn_watch(lg, c, EPOLLIN | out);
			return;
		}
		note_failure(lg, lg->last_error);
	}
}

void churn_start(struct load *lg)
{
	for (uint32_t i = 0; i < lg->config.connections && lg->issuing; i++)
		begin(lg, &lg->conns[i]);
}

static void broke(struct load *lg, struct conn *c, int error)
{
	conn_break(lg, c, error);
	note_failure(lg, error);
	begin(lg, c);
}

/* The last echoed byte is here: say that no more comes, and wait for the server to say the same. */
static bool half_close(struct load *lg, struct conn *c)
{
	lg->failures_in_row = 0;
	lg->syscalls++;
	if (shutdown(c->fd, SHUT_WR) < 0) {
		broke(lg, c, errno);
		return false;
	}
	c->state = CONN_CLOSING;
	lg->closing++;
	return true;
}

static void end_of_stream(struct load *lg, struct conn *c)
{
	if (c->state != CONN_CLOSING) {
		broke(lg, c, 0);
		return;
	}
	conn_close(lg, c);
	if (lg->issuing)
		lg->counts.churned++;
	begin(lg, c);
}

/* Takes one chunk in. False when there is no more to read, or the connection or the run has ended. */
static bool take_chunk(struct load *lg, struct conn *c, bool to_the_end)
{
	size_t bytes = 0;

	switch (receive_chunk(lg, c, &bytes)) {
	case RECEIVED_INTERRUPTED:
		return true;
	case RECEIVED_NOTHING:
		return false;
	case RECEIVED_END:
		end_of_stream(lg, c);
		return false;
	case RECEIVED_BROKEN:
		broke(lg, c, errno);
		return false;
	case RECEIVED_BYTES:
		break;
	}
	if (c->in_flight == 0 && c->state == CONN_OPEN && !half_close(lg, c))
		return false;
	return bytes == sizeof(lg->chunk) || to_the_end;
}

void churn_on_event(struct load *lg, struct conn *c, uint32_t events)
{
	if (c->state == CONN_CONNECTING && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) &&
	    !conn_established(lg, c, events)) {
		broke(lg, c, errno);
		return;
	}
	if ((events & EPOLLOUT) && c->sent < c->issued && !send_request(lg, c)) {
		note_failure(lg, lg->last_error);
		begin(lg, c);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
		return;
	bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	while (take_chunk(lg, c, to_the_end))
		;
}
