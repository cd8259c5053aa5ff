/*
 * link_fd - the guide's chain of openat, read(-1) and close(-1), in which -1 is to mean the file just opened;
 * and the chain that does it, with a direct descriptor.
 */
#include <fcntl.h>
#include <unistd.h>

#include "ring.h"

enum { OP_OPENAT = 18, CHAIN = 3, SLOTS = 4, SLOT = 1 };

static const char path[] = "/proc/version";

static void collect(struct uring *ring, int32_t results[CHAIN])
{
	for (int i = 0; i < CHAIN; i++) {
		struct io_uring_cqe cqe = ring_wait(ring);
		results[cqe.user_data] = cqe.res;
	}
}

static struct io_uring_sqe *open_sqe(struct uring *ring)
{
	struct io_uring_sqe *sqe = ring_sqe(ring, OP_OPENAT, AT_FDCWD, 0);

	sqe->addr = (uint64_t)(uintptr_t)path;
	sqe->rw_flags = O_RDONLY;
	sqe->flags = IOSQE_IO_LINK;
	return sqe;
}

static void run(void)
{
	static char buf[4096];
	struct uring ring;
	int32_t results[CHAIN];

	ring_open(&ring, 0);
	ring_needs(&ring, OP_OPENAT, "OPENAT");
	open_sqe(&ring);
	struct io_uring_sqe *sqe = ring_rw(&ring, IORING_OP_READ, -1, buf, sizeof(buf));
	sqe->user_data = 1;
	sqe->flags = IOSQE_IO_LINK;
	ring_sqe(&ring, IORING_OP_CLOSE, -1, 2);
	collect(&ring, results);
	observe_is("opened", results[0] >= 0);
	observe("read", results[1]);
	observe("close", results[2]);
	observe_is("leaked", results[0] >= 0 && fcntl(results[0], F_GETFD) >= 0);

	if (uring_files_open(&ring, SLOTS) < 0)
		return;
	/* Place and place + 1: 0 means no place. */
	open_sqe(&ring)->file_index = SLOT + 1;
	sqe = ring_rw(&ring, IORING_OP_READ, SLOT, buf, sizeof(buf));
	sqe->user_data = 1;
	/* A hard link: that the file is shorter must not keep it open. */
	sqe->flags = IOSQE_FIXED_FILE | (1u << 3);
	ring_sqe(&ring, IORING_OP_CLOSE, 0, 2)->file_index = SLOT + 1;
	collect(&ring, results);
	observe("directOpen", results[0]);
	observe("directRead", results[1]);
	observe("directClose", results[2]);
}

PROBE(.id = "link-fd", .title = "openat, read(-1), close(-1) in a chain", .run = run,
      .values = {
	      BOOLEAN("opened", "the openat gave a descriptor"),
	      NUMBER("read", "result of the read of -1: bytes, or -errno (-9 is EBADF)"),
	      NUMBER("close", "result of the close of -1 (-125 is ECANCELED)"),
	      BOOLEAN("leaked", "the descriptor is still open afterwards"),
	      NUMBER_OR_NONE("directOpen", "with a direct descriptor: result of the openat"),
	      NUMBER_OR_NONE("directRead", "of the read: bytes, or -errno"),
	      NUMBER_OR_NONE("directClose", "of the close"),
      });
