#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "clock.h"
#include "conns.h"
#include "engine.h"
#include "traffic.h"

/* A connection that keeps delivering gives way to the others after so many chunks (1 MiB). */
#define BURST_CHUNKS_MAX 16

void traffic_issue(struct loadgen *lg, struct conn *c, uint64_t due_ns, uint64_t sent_ns)
{
	uint32_t newest = c->oldest + c->in_flight;

	if (newest >= lg->depth)
		newest -= lg->depth;
	lg->times[(size_t)c->slot * lg->depth + newest] =
		(struct request_times){.due_ns = due_ns, .sent_ns = sent_ns};
	c->issued += lg->config.message_bytes;
	c->in_flight++;
	if (lg->in_flight++ == 0)
		lg->waiting_since_ns = sent_ns;
	lg->counts.sent++;
}

bool traffic_flush(struct loadgen *lg, struct conn *c)
{
	while (c->sent < c->issued) {
		uint64_t owed = c->issued - c->sent;
		size_t want = owed < PATTERN_CHUNK_BYTES ? (size_t)owed : PATTERN_CHUNK_BYTES;

		lg->syscalls++;
		ssize_t n = send(c->fd, pattern_at(&lg->pattern, c->phase, c->sent), want, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return true;
			if (conn_errno_breaks(errno))
				conn_break(lg, c, errno);
			else
				generator_fail_call(lg, "send(%zu bytes)", want);
			return false;
		}
		c->sent += (uint64_t)n;
		/* The socket is full: epoll tells when it takes more. */
		if ((size_t)n < want)
			return true;
	}
	return true;
}

/* Names the first wrong byte; not on the hot path. */
static void fail_corrupt(struct loadgen *lg, const struct conn *c, size_t bytes)
{
	const uint8_t *expected = pattern_at(&lg->pattern, c->phase, c->received);
	unsigned int index = (unsigned int)(c - lg->conns);
	uint64_t outstanding = c->sent - c->received;
	size_t i = 0;

	while (i < bytes && i < outstanding && lg->chunk[i] == expected[i])
		i++;
	if (i == outstanding)
		generator_fail(lg, LOADGEN_CORRUPT,
			       "connection %u: %zu bytes came back beyond the %llu that were sent", index,
			       bytes - i, (unsigned long long)c->sent);
	else
		generator_fail(lg, LOADGEN_CORRUPT, "connection %u, byte %llu: sent 0x%02x, 0x%02x came back",
			       index, (unsigned long long)(c->received + i), expected[i], lg->chunk[i]);
}

bool traffic_verify(struct loadgen *lg, struct conn *c, size_t bytes)
{
	if (bytes > c->sent - c->received ||
	    memcmp(lg->chunk, pattern_at(&lg->pattern, c->phase, c->received), bytes) != 0) {
		fail_corrupt(lg, c, bytes);
		return false;
	}
	c->received += bytes;
	lg->counts.bytes_verified += bytes;
	lg->waiting_since_ns = lg->now_ns;
	return true;
}

void traffic_complete(struct loadgen *lg, struct conn *c)
{
	const struct request_times *ring = &lg->times[(size_t)c->slot * lg->depth];
	uint64_t message = lg->config.message_bytes;
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

static bool may_send(const struct loadgen *lg, const struct conn *c)
{
	/* A request is sent when its first byte is: not behind bytes that the kernel still refuses. */
	return c->state == CONN_OPEN && c->in_flight < lg->depth && c->sent == c->issued;
}

/* Open loop: sends what is due on a connection that is not queued, and queues it if it may go on. */
static void send_due_of(struct loadgen *lg, struct conn *c, uint64_t until_ns)
{
	struct schedule *s = &lg->schedule;
	uint64_t now = lg->now_ns;

	if (!may_send(lg, c))
		return;
	while (c->in_flight < lg->depth && s->stream[c->slot].due_ns <= until_ns) {
		traffic_issue(lg, c, s->stream[c->slot].due_ns, now);
		schedule_advance(s, c->slot);
	}
	if (traffic_flush(lg, c) && may_send(lg, c))
		schedule_push(s, c->slot);
}

void traffic_send_due(struct loadgen *lg, uint64_t until_ns)
{
	while (schedule_next_ns(&lg->schedule) <= until_ns && lg->status == LOADGEN_OK) {
		uint32_t slot = schedule_pop(&lg->schedule);

		/* Every send takes its time; the next one's actual send is not this one's. */
		lg->now_ns = now_ns();
		send_due_of(lg, &lg->conns[lg->active_conn[slot]], until_ns);
	}
}

/* The connection has room again, or the kernel took what was owed: start what may be started. */
static void go_on(struct loadgen *lg, struct conn *c)
{
	if (!lg->issuing || c->slot == SLOT_IDLE)
		return;
	if (!lg->open_loop) {
		if (c->in_flight == lg->depth)
			return;
		while (c->in_flight < lg->depth)
			traffic_issue(lg, c, lg->now_ns, lg->now_ns);
		(void)traffic_flush(lg, c);
	} else if (!lg->schedule.stream[c->slot].queued) {
		send_due_of(lg, c, lg->now_ns < lg->deadline_ns ? lg->now_ns : lg->deadline_ns);
	}
}

void traffic_start(struct loadgen *lg, uint64_t start_ns)
{
	if (lg->open_loop) {
		schedule_start(&lg->schedule, start_ns);
		return;
	}
	for (uint32_t slot = 0; slot < lg->active && lg->status == LOADGEN_OK; slot++) {
		struct conn *c = &lg->conns[lg->active_conn[slot]];

		if (c->state != CONN_OPEN)
			continue;
		lg->now_ns = now_ns();
		go_on(lg, c);
	}
}

/* Edge-triggered: asks epoll to report the connection once more although nothing new came. */
static void report_again(struct loadgen *lg, struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 .data.u32 = (uint32_t)(c - lg->conns)};

	lg->syscalls++;
	if (epoll_ctl(lg->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		generator_fail_call(lg, "epoll_ctl(EPOLL_CTL_MOD, connection %u)", ev.data.u32);
}

/* One chunk in. False when there is no more to read, or the connection or the run has ended. */
static bool receive_chunk(struct loadgen *lg, struct conn *c, bool to_the_end)
{
	lg->syscalls++;
	ssize_t n = recv(c->fd, lg->chunk, sizeof(lg->chunk), 0);
	if (n < 0) {
		if (errno == EINTR)
			return true;
		if (errno == EAGAIN)
			return false;
		if (conn_errno_breaks(errno))
			conn_break(lg, c, errno);
		else
			generator_fail_call(lg, "recv(%zu bytes)", sizeof(lg->chunk));
		return false;
	}
	if (n == 0) {
		conn_break(lg, c, 0);
		return false;
	}
	lg->now_ns = now_ns();
	if (lg->now_ns >= lg->deadline_ns && lg->issuing)
		engine_end_load(lg);
	if (!traffic_verify(lg, c, (size_t)n))
		return false;
	traffic_complete(lg, c);
	/* A short read emptied the socket; so did one that brought all there was to come. */
	bool emptied = (size_t)n < sizeof(lg->chunk) || c->received == c->sent;
	go_on(lg, c);
	return (!emptied || to_the_end) && c->state == CONN_OPEN && lg->status == LOADGEN_OK;
}

void traffic_on_event(struct loadgen *lg, struct conn *c, uint32_t events)
{
	if ((events & EPOLLOUT) && c->sent < c->issued) {
		if (!traffic_flush(lg, c))
			return;
		if (lg->open_loop) {
			lg->now_ns = now_ns();
			go_on(lg, c);
		}
	}
	if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) || c->state != CONN_OPEN)
		return;
	/* The end of the stream is reported once: behind the last data, so read up to it. */
	bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	for (int chunks = 0; receive_chunk(lg, c, to_the_end); chunks++) {
		if (chunks == BURST_CHUNKS_MAX) {
			report_again(lg, c);
			return;
		}
	}
}
