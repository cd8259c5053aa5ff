/* multishot_recv - one receive request with a ring of buffers: a CQE for each arrival, until there is no
 * buffer. */
#include "ring.h"
#include "sockets.h"

enum { SENDS = 5, BUFS = 8, BUF_BYTES = 64, GROUP = 0 };

static void run(void)
{
	static char memory[BUFS][BUF_BYTES];
	struct uring ring;
	struct uring_bufs bufs = {0};
	int fds[2];
	uint32_t cqes = 0, more = 0;
	int32_t last = 0;

	ring_open(&ring, 0);
	int error = uring_bufs_open(&ring, &bufs, BUFS, 0);
	if (error < 0)
		probe_unsupported("io_uring_register(PBUF_RING): %s (before 5.19)", strerror(-error));
	for (uint16_t i = 0; i < SENDS; i++)
		uring_bufs_add(&bufs, memory[i], BUF_BYTES, i);
	uring_bufs_publish(&bufs);
	tcp_pair(fds);
	struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_RECV, fds[1], 0);
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	ring_submit(&ring, 0);
	/* One more than there are buffers. */
	for (int i = 0; i <= SENDS; i++) {
		put(fds[0], 1);
		if (ring_await(&ring, 1, SOON_MS) == 0)
			break;
		const struct io_uring_cqe *cqe = uring_cqe(&ring);
		last = cqe->res;
		if (last == -EINVAL)
			probe_unsupported("this kernel has no multishot receive (6.0)");
		if (last > 0) {
			cqes++;
			more += !!(cqe->flags & IORING_CQE_F_MORE);
		} else if (cqe->flags & IORING_CQE_F_MORE) {
			probe_odd("an error that promises more");
		}
	}
	observe("buffers", SENDS);
	observe("sends", SENDS + 1);
	observe("cqes", cqes);
	observe("more", more);
	observe("withoutBuffers", last);
}

PROBE(.id = "multishot-recv", .title = "arrivals of one receive request", .run = run,
      .values = {
	      NUMBER("buffers", "buffers that were provided"),
	      NUMBER("sends", "sends of a byte, one after the other"),
	      NUMBER("cqes", "CQEs with data"),
	      NUMBER("more", "of them, those that promise more (IORING_CQE_F_MORE)"),
	      NUMBER("withoutBuffers", "result of the one after them: -errno (-105 is ENOBUFS)"),
      });
