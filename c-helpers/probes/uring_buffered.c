/*
 * uring_buffered - buffered reads by io_uring: whether they go past the page cache, whether they are complete
 * when io_uring_enter returns, and which operations bring worker threads (iou-wrk) instead.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "process.h"
#include "ring.h"
#include "scratch.h"
#include "trace.h"

enum { READS = 100, OP_FSYNC = 3, OP_OPENAT = 18, OP_STATX = 21, STATX_BYTES = 256 };

struct pass {
	double us, share, complete;
};

static struct pass read_all(struct uring *ring, int fd)
{
	static char page[PAGE_BYTES];
	double us[READS], shares[READS];
	struct pass pass = {0};

	for (uint32_t i = 0; i < READS; i++) {
		struct io_uring_sqe *sqe = ring_rw(ring, IORING_OP_READ, fd, page, sizeof(page));
		sqe->off = (uint64_t)scratch_page(i) * PAGE_BYTES;
		uint64_t begun = now_ns();
		ring_submit(ring, 0);
		uint64_t submitted = now_ns();
		bool complete = uring_ready(ring) > 0;
		struct io_uring_cqe cqe = ring_wait(ring);
		uint64_t ended = complete ? submitted : now_ns();
		if (cqe.res != PAGE_BYTES)
			probe_odd("a buffered read returns %d", cqe.res);
		us[i] = (double)(ended - begun) / NS_PER_US;
		shares[i] = (double)(submitted - begun) / (double)(ended - begun);
		pass.complete += complete;
	}
	pass.us = median(us, READS);
	pass.share = median(shares, READS);
	pass.complete /= READS;
	return pass;
}

/* Worker threads after one operation, in a child: they stay for a while. */
static double workers(uint8_t op)
{
	uint32_t *count = shared_memory(sizeof(*count));
	int status;
	pid_t pid = fork_helper();

	if (pid == 0) {
		static char buf[PAGE_BYTES];
		static char statx[STATX_BYTES];
		struct uring ring;
		int fd = scratch_open(0);
		ring_open(&ring, 0);
		if (op == IORING_OP_READ)
			scratch_drop(fd);
		struct io_uring_sqe *sqe = ring_rw(&ring, op, fd, buf, sizeof(buf));
		if (op == OP_FSYNC) {
			sqe->addr = 0;
			sqe->len = 0;
			if (pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf))
				_exit(EXIT_FAILURE);
		} else if (op == OP_OPENAT || op == OP_STATX) {
			sqe->fd = AT_FDCWD;
			sqe->addr = (uint64_t)(uintptr_t) "/proc/version";
			sqe->len = op == OP_STATX ? 0x7ff : 0; /* STATX_BASIC_STATS */
			sqe->off = op == OP_STATX ? (uint64_t)(uintptr_t)statx : 0;
		}
		if (ring_wait(&ring).res < 0)
			_exit(EXIT_FAILURE);
		*count = threads_named("iou-wrk", NULL);
		_exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	if (status != 0)
		probe_odd("operation %d fails", op);
	return *count;
}

static void run(void)
{
	struct uring ring;
	int fd = scratch_open(0);
	char name[32];

	ring_open(&ring, 0);
	ring_needs(&ring, IORING_OP_READ, "READ");
	if (!scratch_is_cached(fd, name))
		probe_unsupported(
			"the file lies on %s, which has no disk to wait for; name another folder by "
			"IOMB_PROBE_DIR",
			name);
	scratch_drop(fd);
	double before = scratch_resident(fd);
	struct pass cold = read_all(&ring, fd);
	double after = scratch_resident(fd);
	struct pass second = read_all(&ring, fd);
	observe("reads", READS);
	observe("residentBefore", before);
	observe("residentAfter", after);
	observe("coldAtReturn", cold.complete);
	observe("coldSubmitShare", cold.share);
	observe("coldUs", cold.us);
	observe("secondAtReturn", second.complete);
	observe("secondUs", second.us);
	observe("readWorkers", workers(IORING_OP_READ));
	observe("fsyncWorkers", workers(OP_FSYNC));
	observe("openWorkers", workers(OP_OPENAT));
	observe("statxWorkers", workers(OP_STATX));
	observe_text("fsType", name);
}

PROBE(.id = "uring-buffered", .title = "buffered file operations by io_uring", .run = run,
      .values = {
	      NUMBER("reads", "buffered reads of 4 KiB, each of another page"),
	      NUMBER("residentBefore", "share of the file in the page cache before them"),
	      NUMBER("residentAfter", "share after them"),
	      NUMBER("coldAtReturn", "share of them complete when io_uring_enter returned"),
	      NUMBER("coldSubmitShare", "share of the time of one that was inside io_uring_enter, median"),
	      NUMBER("coldUs", "us of one, median"),
	      NUMBER("secondAtReturn",
		     "of the same reads again: share complete when io_uring_enter returned"),
	      NUMBER("secondUs", "us of one, median"),
	      NUMBER("readWorkers", "worker threads after a read that is not in the page cache"),
	      NUMBER("fsyncWorkers", "after an fsync"),
	      NUMBER("openWorkers", "after an openat"),
	      NUMBER("statxWorkers", "after a statx"),
	      STRING("fsType", "the file system"),
      });
