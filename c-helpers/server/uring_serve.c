/* uring_serve.c - see uring_serve.h. */
#include "uring_serve.h"

/* Looks at an empty CQ: for 0.5 to 1 ms. */
#define SPINS_MAX 20000u

void uring_open_or_die(struct uring *ring, const struct uring_wants *wants)
{
	struct probe probe = {0};
	if (uring_open(ring, wants, &probe) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
}

void uring_size(struct uring_wants *wants, const struct server *server, uint32_t sq_entries, uint32_t cq_min)
{
	uint32_t cq_entries =
		server->conns_max < URING_CQ_ENTRIES_MAX / 2 ? server->conns_max * 2 : URING_CQ_ENTRIES_MAX;

	wants->sq_entries = sq_entries;
	wants->cq_entries = cq_entries > cq_min ? cq_entries : cq_min;
}

/* To wait for the SQ thread the SQ has to be full to the last entry. */
void uring_make_room(struct uring *ring, struct counters_slot *slot, uint32_t sqes, uint64_t filler)
{
	count(slot, COUNT_SQ_FULL);
	while (uring_has_sqpoll(ring) && uring_sq_space(ring))
		uring_queue(ring, IORING_OP_NOP, -1, filler);
	for (;;) {
		uring_submit_or_die(ring, slot, 0);
		if (uring_sq_refresh(ring) >= sqes)
			return;
		if (uring_has_sqpoll(ring))
			uring_wait_sq(ring, slot);
	}
}

uint32_t uring_spins(const struct uring *ring, const struct server *server)
{
	return uring_has_sqpoll(ring) && server->cpus > 1 ? SPINS_MAX : 0;
}

struct io_uring_sqe *uring_queue_accept(struct uring *ring, int listen_fd, enum uring_accept next,
					uint64_t user_data)
{
	static const struct __kernel_timespec delay = {.tv_nsec = URING_ACCEPT_LATER_MS * 1000000};
	struct io_uring_sqe *sqe = NULL;

	switch (next) {
	case URING_ACCEPT_NOW:
		sqe = uring_queue(ring, IORING_OP_ACCEPT, listen_fd, user_data);
		sqe->accept_flags = SOCK_CLOEXEC;
		break;
	case URING_ACCEPT_LATER:
		sqe = uring_queue(ring, IORING_OP_TIMEOUT, -1, user_data);
		sqe->addr = (uint64_t)(uintptr_t)&delay;
		sqe->len = 1;
		break;
	case URING_ACCEPT_WHEN_THERE:
		sqe = uring_queue_poll(ring, listen_fd, POLLIN, user_data);
		break;
	}
	return sqe;
}
