/* multishot_accept - how many connections one accept request gives: plain, with IOSQE_ASYNC, and multishot.
 */
#include "process.h"
#include "ring.h"
#include "sockets.h"

enum { CONNECTIONS = 5 };

struct seen {
	uint32_t cqes, more;
	int32_t first;
};

static struct seen look(uint8_t flags, uint16_t ioprio)
{
	struct seen seen = {0};
	struct sockaddr_in address;
	struct uring ring;
	int listener = tcp_listen(0, 16, &address);

	ring_open(&ring, 0);
	struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_ACCEPT, listener, 0);
	sqe->flags = flags;
	sqe->ioprio = ioprio;
	ring_submit(&ring, 0);
	for (int i = 0; i < CONNECTIONS; i++)
		tcp_connect(&address);
	/* Those of one shot have one; a later one of theirs would come as fast as the first. */
	(void)ring_await(&ring, ioprio ? CONNECTIONS : 1, SOON_MS);
	pause_ms(5 * QUIET_MS);
	(void)ring_await(&ring, CONNECTIONS + 1, QUIET_MS);
	while (uring_ready(&ring) > 0) {
		const struct io_uring_cqe *cqe = uring_cqe(&ring);
		if (seen.cqes++ == 0)
			seen.first = cqe->res;
		seen.more += !!(cqe->flags & IORING_CQE_F_MORE);
	}
	uring_close(&ring);
	return seen;
}

static void run(void)
{
	struct seen plain = look(0, 0), async = look(IOSQE_ASYNC, 0);
	struct seen multishot = look(0, IORING_ACCEPT_MULTISHOT);
	struct seen both = look(IOSQE_ASYNC, IORING_ACCEPT_MULTISHOT);

	observe("connections", CONNECTIONS);
	observe("plain", plain.cqes);
	observe("async", async.cqes);
	observe("asyncMore", async.more);
	/* Before 5.19 the flag is refused. */
	if (multishot.first >= 0) {
		observe("multishot", multishot.cqes);
		observe("multishotMore", multishot.more);
	}
	if (both.cqes > 0 && both.first >= 0)
		observe("multishotAsync", both.cqes);
}

PROBE(.id = "multishot-accept", .title = "connections of one accept request", .run = run,
      .values = {
	      NUMBER("connections", "connections that came"),
	      NUMBER("plain", "CQEs of a plain accept request"),
	      NUMBER("async", "CQEs of one with IOSQE_ASYNC"),
	      NUMBER("asyncMore", "of them, those that promise more (IORING_CQE_F_MORE)"),
	      NUMBER_OR_NONE("multishot", "CQEs of one with IORING_ACCEPT_MULTISHOT"),
	      NUMBER_OR_NONE("multishotMore", "of them, those that promise more"),
	      NUMBER_OR_NONE("multishotAsync", "CQEs of one with both"),
      });
