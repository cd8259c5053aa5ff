/* link_short_read - what a short read or an error does to the requests behind it: linked, and hard-linked. */
#include "ring.h"
#include "sockets.h"

#define IOSQE_IO_HARDLINK (1u << 3) /* 5.5 */
enum { SENT = 5, CHAIN = 3 };

/* A read of more than there is, and two NOPs behind it. */
static void chain(struct uring *ring, int fd, uint8_t link, int32_t results[CHAIN])
{
	static char buf[64];

	struct io_uring_sqe *sqe = ring_rw(ring, IORING_OP_READ, fd, buf, sizeof(buf));
	sqe->flags = link;
	for (uint64_t i = 1; i < CHAIN; i++) {
		sqe = ring_sqe(ring, IORING_OP_NOP, -1, i);
		sqe->flags = i + 1 < CHAIN ? link : 0;
	}
	for (int i = 0; i < CHAIN; i++) {
		struct io_uring_cqe cqe = ring_wait(ring);
		results[cqe.user_data] = cqe.res;
	}
}

static int with_data(void)
{
	int fds[2];

	pipe_pair(fds);
	put(fds[0], SENT);
	return fds[1];
}

static void run(void)
{
	struct uring ring;
	int32_t soft[CHAIN], hard[CHAIN], failed[CHAIN];

	ring_open(&ring, 0);
	ring_needs(&ring, IORING_OP_READ, "READ");
	chain(&ring, with_data(), IOSQE_IO_LINK, soft);
	chain(&ring, with_data(), IOSQE_IO_HARDLINK, hard);
	chain(&ring, -1, IOSQE_IO_LINK, failed);
	observe("first", soft[0]);
	observe("second", soft[1]);
	observe("third", soft[2]);
	observe("hardFirst", hard[0]);
	observe("hardSecond", hard[1]);
	observe("hardThird", hard[2]);
	observe("errorFirst", failed[0]);
	observe("errorSecond", failed[1]);
}

PROBE(.id = "link-short-read", .title = "a short read in a chain of requests", .run = run,
      .values = {
	      NUMBER("first", "result of a read of 64 bytes where 5 are: bytes"),
	      NUMBER("second", "result of the NOP linked behind it: 0, or -errno (-125 is ECANCELED)"),
	      NUMBER("third", "of the one behind that"),
	      NUMBER("hardFirst", "the read again, in a chain of IOSQE_IO_HARDLINK"),
	      NUMBER("hardSecond", "the NOP behind it"),
	      NUMBER("hardThird", "the one behind that"),
	      NUMBER("errorFirst", "a read that fails (-9 is EBADF)"),
	      NUMBER("errorSecond", "the NOP linked behind it"),
      });
