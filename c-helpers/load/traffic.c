#include <errno.h>
#include <sys/epoll.h>

#include "../wire/clock.h"
#include "conns.h"
#include "due.h"
#include "receive.h"
#include "send.h"
#include "traffic.h"

/* A connection that keeps delivering gives way to the others after so many chunks (1 MiB). */
#define BURST_CHUNKS_MAX 16

/* The connection has room again, or the kernel took what was owed: start what may be started. */
static void go_on(struct load *lg, struct conn *c)
{
	if (!lg->issuing || c->slot == SLOT_IDLE)
		return;
	if (!lg->open_loop) {
		if (c->in_flight == lg->depth)
			return;
		while (c->in_flight < lg->depth)
			send_issue(lg, c, lg->now_ns, lg->now_ns);
		(void)send_flush(lg, c);
	} else if (!lg->schedule.stream[c->slot].queued) {
		due_send_of(lg, c, lg->now_ns < lg->deadline_ns ? lg->now_ns : lg->deadline_ns);
	}
}

void traffic_start(struct load *lg, uint64_t start_ns)
{
	if (lg->open_loop) {
		schedule_start(&lg->schedule, start_ns);
		return;
	}
	for (uint32_t slot = 0; slot < lg->active && lg->failure.status == LOADGEN_OK; slot++) {
		struct conn *c = &lg->conns[lg->active_conn[slot]];

		if (c->state != CONN_OPEN)
			continue;
		lg->now_ns = now_ns();
		go_on(lg, c);
	}
}

/* Edge-triggered: asks epoll to report the connection once more although nothing new came. */
static void report_again(struct load *lg, struct conn *c)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 .data.u32 = (uint32_t)(c - lg->conns)};

	lg->syscalls++;
	if (epoll_ctl(lg->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		fail_call(&lg->failure, "epoll_ctl(EPOLL_CTL_MOD, connection %u)", conn_number(lg, c));
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
		conn_break(lg, c, 0);
		return false;
	case RECEIVED_BROKEN:
		conn_break(lg, c, errno);
		return false;
	case RECEIVED_BYTES:
		break;
	}
	/* A short read emptied the socket; so did one that brought all there was to come. */
	bool emptied = bytes < sizeof(lg->chunk) || c->received == c->sent;
	go_on(lg, c);
	return (!emptied || to_the_end) && c->state == CONN_OPEN && lg->failure.status == LOADGEN_OK;
}

void traffic_on_event(struct load *lg, struct conn *c, uint32_t events)
{
	if ((events & EPOLLOUT) && c->sent < c->issued) {
		if (!send_flush(lg, c))
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
	for (int chunks = 0; take_chunk(lg, c, to_the_end); chunks++) {
		if (chunks == BURST_CHUNKS_MAX) {
			report_again(lg, c);
			return;
		}
	}
}
