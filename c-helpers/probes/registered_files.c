/* registered_files - registered files and buffers: what the guide's sample reads from, and what an index
 * reads from. */
#include <sys/uio.h>
#include <unistd.h>

#include "ring.h"
#include "scratch.h"

enum { REGISTER_BUFFERS = 0, REGISTER_FILES = 2 };

static void run(void)
{
	static char buf[PAGE_BYTES];
	struct iovec area = {.iov_base = buf, .iov_len = sizeof(buf)};
	struct uring ring;
	int fd1 = scratch_open(0);

	ring_open(&ring, 0);
	observe("buffers", uring_register(&ring, REGISTER_BUFFERS, &area, 1));
	observe("registered", uring_register(&ring, REGISTER_FILES, &fd1, 1));
	ring_rw(&ring, IORING_OP_READ_FIXED, fd1, buf, sizeof(buf));
	observe("fixedBufferRead", ring_wait(&ring).res);
	/* The table keeps the file; the number is gone. */
	close(fd1);
	ring_rw(&ring, IORING_OP_READ_FIXED, fd1, buf, sizeof(buf));
	observe("sampleForm", ring_wait(&ring).res);
	ring_rw(&ring, IORING_OP_READ_FIXED, 0, buf, sizeof(buf))->flags = IOSQE_FIXED_FILE;
	observe("indexForm", ring_wait(&ring).res);
}

PROBE(.id = "registered-files", .title = "registered files and buffers", .run = run,
      .values = {
	      NUMBER("registered", "result of registering a file: 0, or -errno"),
	      NUMBER("buffers", "result of registering a buffer"),
	      NUMBER("fixedBufferRead", "result of READ_FIXED into it: bytes, or -errno"),
	      NUMBER("sampleForm", "READ_FIXED with the number of the file, which is closed but registered"),
	      NUMBER("indexForm", "READ_FIXED with its index and IOSQE_FIXED_FILE"),
      });
