/*
 * io_uring_multishot_open.h - makes the ring of io_uring_multishot.c and what is registered with it, or says
 * what the kernel lacks for the options.
 */
#ifndef IOMB_IO_URING_MULTISHOT_OPEN_H
#define IOMB_IO_URING_MULTISHOT_OPEN_H

#include <stdio.h>
#include <sys/resource.h>

#include "io_uring_multishot_bufs.h"

#define SQ_ENTRIES 512u

static void set_wants(struct loop *loop, const struct server *server)
{
	if (loop->bundle && loop->inc)
		die_usage("--bundle and --inc exclude each other");
	loop->wants.taskrun = loop->wants.sqpoll ? TASKRUN_AUTO : TASKRUN_DEFER;
	loop->wants.no_sqarray = loop->lean;
	uring_size(&loop->wants, server, SQ_ENTRIES, 2 * SQ_ENTRIES);
}

static bool refused(struct probe *probe, const char *what, int error)
{
	struct rlimit memlock = {0};

	if (error == 0)
		return false;
	(void)getrlimit(RLIMIT_MEMLOCK, &memlock);
	if (error == -ENOMEM)
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "no memory for %s (ENOMEM); without CAP_IPC_LOCK it may count as locked memory, of "
			 "which "
			 "RLIMIT_MEMLOCK allows %llu KiB to all of this user's processes: raise it with "
			 "ulimit -l",
			 what, (unsigned long long)memlock.rlim_cur / 1024);
	else
		snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel refuses %s: %s", what, strerror(-error));
	return true;
}

static bool lacks(struct probe *probe, bool wanted, bool there, const char *what)
{
	if (wanted && !there)
		snprintf(probe->reason, PROBE_TEXT_BYTES, "kernel's io_uring has no %s", what);
	return wanted && !there;
}

/* The options beside the ring: buffers, table, registered ring. */
static enum exit_code register_all(struct loop *loop, const struct server *server, struct probe *probe)
{
	struct uring *ring = &loop->ring;
	union uring_ops known;
	(void)uring_ask_ops(ring, &known);

	if (lacks(probe, !loop->explicit, ring->has_cqe_skip, "IORING_FEAT_CQE_SKIP (5.17)") ||
	    lacks(probe, loop->bundle, ring->features & IORING_FEAT_RECVSEND_BUNDLE,
		  "IORING_FEAT_RECVSEND_BUNDLE (6.10)") ||
	    lacks(probe, loop->min_wait_us, ring->features & IORING_FEAT_MIN_TIMEOUT,
		  "IORING_FEAT_MIN_TIMEOUT (6.12)") ||
	    lacks(probe, loop->zc, uring_knows(&known, IORING_OP_SENDMSG_ZC), "IORING_OP_SENDMSG_ZC (6.1)"))
		return EXIT_UNSUPPORTED;
	if (refused(probe, loop->inc ? "a ring of incremental buffers (6.12)" : "a ring of buffers (5.19)",
		    uring_bufs_open(ring, &loop->bufs, BUFS_MAX, loop->inc ? IOU_PBUF_RING_INC : 0)))
		return EXIT_UNSUPPORTED;
	if (loop->direct && refused(probe, "an empty table of direct descriptors (5.19)",
				    uring_files_open(ring, server->fds_max)))
		return EXIT_UNSUPPORTED;
	if (loop->lean)
		(void)uring_register_self(ring); /* 5.18; without, it is only dearer */
	return EXIT_SERVED;
}

/* Whether the kernel knows a limit of what a receive hands over; see uring_limit_pair. */
static bool try_limit(struct loop *loop)
{
	struct counters_slot uncounted = {0};
	struct uring *ring = &loop->ring;
	char byte;
	int pair[2], error;

	if (loop->no_limit || loop->single)
		return false;
	uring_limit_pair(pair);
	/* Of one byte: it is used up, whatever the ring is. */
	uring_bufs_add(&loop->bufs, &byte, sizeof(byte), 0);
	uring_bufs_publish(&loop->bufs);
	struct io_uring_sqe *sqe = uring_queue(ring, IORING_OP_RECV, pair[0], tag(OP_FILLER, 0, 0, NONE));
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->ioprio = IORING_RECV_MULTISHOT | (loop->bundle ? IORING_RECVSEND_BUNDLE : 0);
	sqe->len = loop->inc ? INC_RECV_BYTES : 0;
	sqe->file_index = 1;
	do
		error = uring_submit(ring, &uncounted, 1);
	while (error == -EINTR || (error == 0 && uring_ready(ring) == 0));
	if (error < 0) {
		errno = -error;
		die("io_uring_enter");
	}
	const struct io_uring_cqe *cqe = uring_cqe(ring);
	bool known = uring_limit_known(cqe->res, cqe->flags & IORING_CQE_F_MORE);
	if (cqe->res != 1)
		loop->bufs.tail--; /* not taken: the first of the pool gets its place */
	close(pair[0]);
	close(pair[1]);
	return known;
}

static enum exit_code open_all(struct loop *loop, const struct server *server, struct probe *probe)
{
	set_wants(loop, server);
	loop->explicit = loop->wants.sqpoll || loop->zc;
	loop->single = loop->wants.sqpoll;
	enum exit_code code = uring_open(&loop->ring, &loop->wants, probe);
	if (code == EXIT_SERVED)
		code = register_all(loop, server, probe);
	if (code != EXIT_SERVED)
		return code;
	loop->has_limit = try_limit(loop);
	/*
	 * Without the limit a receive hands over up to 32 results in a turn (MULTISHOT_MAX_RETRY of the
	 * kernel's io_uring/net.c), and as many again before a cancel is heard; nor may it name a size (6.17
	 * allows both). So a bundle brings as much as there is, and a result as much as an incremental buffer
	 * has left. With buffers of 512 KiB that is more than a send may take (see detach). With
	 * ENDLESS_BUF_BYTES, which leave nothing to use bit by bit, a slow reader was owed up to 81,856 of
	 * its 65,536 bytes in 20 of 25 tries on 6.18, where plain buffers of that size came to 67,232 in 3
	 * of 25. The counters were right in all of them: bytes_in is what left the receive queues of a server
	 * that is stopped in between.
	 */
	if (lacks(probe, (loop->bundle || loop->inc) && !loop->single, loop->has_limit,
		  "limit of receives (6.17): one could bring more than a connection may owe"))
		return EXIT_UNSUPPORTED;
	fill_pool(loop);
	return EXIT_SERVED;
}

#endif
