/*
 * io_uring_multishot - armed once: one accept posts all connections, one receive all that a socket gets.
 *
 * Loop:    io_uring_enter (submits sends, waits for results), then each result is of data in a buffer
 *          that the kernel took from a ring of them; it is sent from there and goes back there.
 * Kernel:  6.1 (multishot receives 6.0, DEFER_TASKRUN 6.1). Used where it exists: a limit of what a receive
 *          may hand over (6.17), with which it ends by itself when much is owed; else it is cancelled.
 * --direct             accepts into a table of the ring: no descriptors, and none is looked up
 * --bundle             a receive fills several buffers at once (6.10; with a limit 6.17)
 * --inc                a buffer serves many receives, each takes only what it needs (6.12)
 * --zc                 sends without a copy where the kernel can; over loopback it copies (6.2)
 * --min-wait=US        waits for --batch=N results (32), once there is one for at most US (6.12)
 * --adaptive           with it: for as many as came in time, at most N and half of the connections
 * --lean               an SQ without index array (6.6), a registered ring (5.18), where they exist
 * --accept=reuseport   with --workers: each has a listener, and a ring that its own thread made
 * --no-limit           as before 6.17, where --bundle and --inc are not supported: see open_all
 * --sqpoll             a kernel thread takes the requests. Receives are single shots then: what signals
 *                      such a thread all the time leaves a multishot one asleep at an urgent mark
 * Left out: bundles of sends (a ring of buffers for each sender), registered buffers, NAPI, huge pages.
 * By hand: io_uring_multishot --direct --port=7000
 *
 * Here: receives, accepts, what a connection does next, the loop. Beside it, each a part of this program:
 * io_uring_multishot.h (its state), _bufs.h (the buffers and the data in them), _send.h (sends, and what is
 * known of them), _open.h (the ring, and what the kernel lacks).
 *
 * Sends have MSG_DONTWAIT and post no result but failure: they are done once io_uring_enter has taken them.
 * What a socket does not take moves to a buffer of the connection's own, so that a slow reader holds none of
 * the ring's. So writes and bytes_out lack what the last wait began with, but for the stats line.
 *
 * Measured and not taken, in server CPU per request over that of epoll-lt at 64 connections: single-shot
 * receives from the ring (0.963 with a wait where multishot ones have 0.931); waiting for all 64 at once
 * (0.95 where half of them have 0.90: nobody is served meanwhile); a wait for 3/4 of what came last (0.95:
 * it never grows); without --direct, --lean or --inc the same within the intervals.
 */
#include <stdlib.h>

#include "io_uring_multishot_open.h"
#include "io_uring_multishot_send.h"

/* What one event, or one turn of a connection, queues at most: a send and a receive, a cancel or a close. */
#define SQES_PER_STEP 3

#define BATCH_DEFAULT 32u
/* How long an adaptive wait that was for too many results does not try for more. */
#define HOLD_TURNS 256u
#define MIN_WAIT_MAX_US 1000000u

/* How long account waits for the SQ thread: for some milliseconds. */
#define SETTLE_SPINS 100000u

/*
 * A limited receive ends by itself once it has handed over so much that the connection could owe
 * server->buf_bytes; the last one of it may pass the limit by all but one of the bytes it asks for.
 */
static void queue_recv(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	struct io_uring_sqe *sqe = queue_on(loop, IORING_OP_RECV, OP_RECV, index, NONE);
	uint32_t most_bytes = loop->inc ? INC_RECV_BYTES : loop->bundle ? 1 : loop->buf_bytes;

	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->ioprio = loop->bundle ? IORING_RECVSEND_BUNDLE : 0;
	if (loop->single) {
		sqe->len = loop->inc ? INC_RECV_BYTES : loop->buf_bytes;
		sqe->ioprio |= conn->drained ? IORING_RECVSEND_POLL_FIRST : 0;
	} else {
		sqe->ioprio |= IORING_RECV_MULTISHOT;
	}
	if (loop->has_limit) {
		sqe->len = loop->inc ? INC_RECV_BYTES : 0;
		sqe->file_index = loop->server->buf_bytes - conn->held_bytes - most_bytes + 1;
	}
	conn->armed = true;
	conn->cancelled = false;
}

static void queue_cancel(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	struct io_uring_sqe *sqe = uring_queue(&loop->ring, IORING_OP_ASYNC_CANCEL, -1,
					       tag(OP_CANCEL, index, conn->generation, NONE));
	sqe->addr = tag(OP_RECV, index, conn->generation, NONE);
	conn->cancelled = true;
}

static void queue_accept(struct loop *loop, enum uring_accept next)
{
	struct io_uring_sqe *sqe =
		uring_queue_accept(&loop->ring, loop->server->listen_fd, next, tag(OP_ACCEPT, next, 0, NONE));
	if (next != URING_ACCEPT_NOW)
		return;
	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
	if (loop->direct) {
		sqe->accept_flags = 0; /* there is no descriptor */
		sqe->file_index = IORING_FILE_INDEX_ALLOC;
	}
}

static void queue_close(struct loop *loop, uint32_t index)
{
	struct io_uring_sqe *sqe =
		uring_queue_close(&loop->ring, loop->direct ? 0 : (int)index,
				  tag(OP_CLOSE, index, loop->conns[index].generation, NONE));
	if (loop->direct)
		sqe->file_index = index + 1;
}

/* Nothing is under way here that needs the socket. */
static void conn_close(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	queue_close(loop, index);
	conn->open = false;
	loop->conns_open--;
	net_closed(loop->slot, conn->broken);
}

static void conn_open(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];
	*conn = (struct conn){.generation = uring_next_generation(conn->generation),
			      .open = true,
			      .first = NONE,
			      .touched = conn->touched};
	loop->conns_open++;
	queue_recv(loop, index);
}

/* Of a direct accept: the table was full, and the kernel has closed the connection. */
static bool table_full(const struct loop *loop, int error)
{
	return loop->direct && error == ENFILE && loop->conns_open >= loop->server->conns_max;
}

static enum uring_accept accept_after(struct loop *loop, int error)
{
	if (error == EINVAL)
		die_unsupported("kernel refuses a multishot accept%s (5.19)",
				loop->direct ? " into the table of the ring" : "");
	if (table_full(loop, error)) {
		(void)net_admit_direct(loop->server, loop->slot, UINT32_MAX);
		return URING_ACCEPT_NOW;
	}
	enum uring_accept next = uring_accept_after(error, loop->server->listen_fd);
	/* A place of the table is none that accept4 could make free. */
	return loop->direct && next == URING_ACCEPT_WHEN_THERE ? URING_ACCEPT_LATER : next;
}

static void on_accepted(struct loop *loop, const struct io_uring_cqe *cqe)
{
	uint32_t index = (uint32_t)cqe->res;

	if (!loop->direct) {
		if (net_admit(loop->server, loop->slot, cqe->res))
			conn_open(loop, index);
	} else if (net_admit_direct(loop->server, loop->slot, index)) {
		conn_open(loop, index);
	} else {
		queue_close(loop, index);
	}
	if (!(cqe->flags & IORING_CQE_F_MORE))
		queue_accept(loop, URING_ACCEPT_NOW);
}

static void on_accept(struct loop *loop, enum uring_accept asked, const struct io_uring_cqe *cqe)
{
	enum uring_accept next = URING_ACCEPT_NOW;

	if (asked != URING_ACCEPT_NOW) {
		int fd = uring_accept_waited(loop->server, loop->slot, asked);
		if (fd >= 0)
			conn_open(loop, (uint32_t)fd);
	} else if (cqe->res >= 0) {
		on_accepted(loop, cqe);
		return;
	} else {
		next = accept_after(loop, -cqe->res);
	}
	queue_accept(loop, next);
}

static void on_data(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[index];

	/* What ended with its buffer and went on in the next at once is one read. */
	if (conn->split && conn->touched)
		count_add(loop->slot, COUNT_BYTES_IN, (uint64_t)cqe->res);
	else
		echo_received(loop->slot, (size_t)cqe->res);
	conn->drained = !(cqe->flags & IORING_CQE_F_SOCK_NONEMPTY);
	conn->split = loop->inc && !(cqe->flags & IORING_CQE_F_BUF_MORE);
	conn->held_bytes += (uint32_t)cqe->res;
	take_buffers(loop, index, cqe);
}

static void on_recv(struct loop *loop, uint32_t index, const struct io_uring_cqe *cqe)
{
	struct conn *conn = &loop->conns[index];

	if (!(cqe->flags & IORING_CQE_F_MORE))
		conn->armed = false;
	if (cqe->res <= 0 && cqe->flags & IORING_CQE_F_BUFFER)
		return_buffer(loop, cqe);
	if (cqe->res > 0) {
		on_data(loop, index, cqe);
	} else if (cqe->res == 0) {
		conn->ended = true;
	} else if (cqe->res == -ENOBUFS) {
		conn->starved = true;
		uring_starve(&loop->starved, loop->slot, index);
	} else if (cqe->res == -EINVAL) {
		die_unsupported("kernel refuses a multishot receive%s (6.0)",
				loop->bundle ? " of bundles" : "");
	} else if (cqe->res != -ECANCELED && !uring_is_transient(-cqe->res, (int)index, "io_uring recv")) {
		conn->broken = true;
	}
	touch(loop, index);
}

static void on_event(struct loop *loop, const struct io_uring_cqe *cqe)
{
	uint32_t index = tag_index(cqe->user_data);

	count(loop->slot, COUNT_EVENTS);
	switch (tag_op(cqe->user_data)) {
	case OP_ACCEPT:
		on_accept(loop, (enum uring_accept)index, cqe);
		return;
	case OP_RECV:
		assert(loop->conns[index].open &&
		       loop->conns[index].generation == (cqe->user_data >> 24 & URING_GENERATION_MASK));
		on_recv(loop, index, cqe);
		return;
	case OP_CLOSE:
		uring_closed(cqe->res, (int)index);
		return;
	case OP_TRY:
	case OP_SEND: /* settle saw to it */
	case OP_CANCEL:
	case OP_FILLER:
		return;
	}
}

/* Starts what can be started on a connection, after all results that are there. */
static void advance(struct loop *loop, uint32_t index)
{
	struct conn *conn = &loop->conns[index];

	conn->touched = conn->split = false;
	if (!conn->open)
		return;
	if (conn->broken)
		drop(loop, conn);
	if (conn->sending == SENDING_OWN)
		stow(loop, index);
	else if (conn->sending == SENDING_NOTHING && conn->end > conn->from)
		queue_own(loop, index);
	else if (conn->sending == SENDING_NOTHING && conn->first != NONE)
		queue_chunks(loop, index);

	if (conn->armed) {
		bool endless = !loop->has_limit && !loop->single;
		bool pause = conn->broken || (endless && conn->sending == SENDING_OWN);
		if (pause && !conn->cancelled)
			queue_cancel(loop, index);
	} else if (conn->starved) {
		; /* feed goes on with it */
	} else if (conn->broken || conn->ended) {
		if (conn->sending == SENDING_NOTHING)
			conn_close(loop, index);
	} else if (conn->held_bytes <= loop->server->buf_bytes / 2) {
		queue_recv(loop, index);
	}
	/* Nothing will be posted when it is sent. */
	if (conn->sending == SENDING_CHUNKS && (conn->first != NONE || !(conn->armed || conn->starved)))
		loop->again = !loop->explicit;
}

/* Goes on with receives that found no buffer, as far as there are some now. */
static void feed(struct loop *loop)
{
	uint32_t fed = loop->bufs_free < loop->starved.count ? loop->bufs_free : loop->starved.count;

	for (; fed; fed--) {
		uint32_t index = uring_feed(&loop->starved);
		loop->conns[index].starved = false;
		touch(loop, index);
	}
}

static bool number_option(const char *arg, const char *name, uint32_t max, uint32_t *value)
{
	size_t len = strlen(name);
	if (strncmp(arg, name, len))
		return false;
	char *end;
	errno = 0;
	unsigned long parsed = strtoul(arg + len, &end, 10);
	if (errno || end == arg + len || *end || arg[len] == '-' || parsed == 0 || parsed > max)
		return false;
	*value = (uint32_t)parsed;
	return true;
}

static bool model_option(struct loop *loop, const char *arg)
{
	const struct {
		const char *name;
		bool *value;
	} flags[] = {{"--direct", &loop->direct},
		     {"--bundle", &loop->bundle},
		     {"--inc", &loop->inc},
		     {"--zc", &loop->zc},
		     {"--adaptive", &loop->adaptive},
		     {"--lean", &loop->lean},
		     {"--no-limit", &loop->no_limit},
		     {"--sqpoll", &loop->wants.sqpoll},
		     {"--accept=reuseport", &loop->reuseport}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!strcmp(arg, flags[i].name)) {
			*flags[i].value = true;
			return true;
		}
	}
	return number_option(arg, "--min-wait=", MIN_WAIT_MAX_US, &loop->min_wait_us) ||
	       number_option(arg, "--batch=", UINT16_MAX, &loop->batch);
}

static enum sharing model_sharing(const struct loop *loop)
{
	return loop->reuseport ? SHARING_PORT : SHARING_NONE;
}

/* Places in the table, and bits of user_data. */
static struct model_limit model_limit(void)
{
	return (struct model_limit){.conns = INDEX_MAX - SERVER_FDS_RESERVED,
				    .name = "IORING_MAX_FIXED_FILES",
				    .value = INDEX_MAX};
}

static enum exit_code model_probe(struct loop *loop, const struct server *server, struct probe *probe)
{
	set_wants(loop, server);
	enum exit_code code = uring_probe(&loop->wants, probe);
	struct probe own = {0};
	if (code == EXIT_SERVED && open_all(loop, server, &own) != EXIT_SERVED) {
		memcpy(probe->reason, own.reason, sizeof(own.reason));
		code = EXIT_UNSUPPORTED;
	}
	if (code == EXIT_SERVED && loop->has_limit)
		strncat(probe->features, ",RECV_LIMIT", PROBE_TEXT_BYTES - strlen(probe->features) - 1);
	return code;
}

static void model_prepare(struct loop *loop, const struct server *server)
{
	struct probe probe = {0};

	loop->server = server;
	loop->slot = server->slot;
	if (open_all(loop, server, &probe) != EXIT_SERVED)
		die_unsupported("%s", probe.reason);
	loop->spins = uring_spins(&loop->ring, server);
	loop->ring.min_wait_us = loop->min_wait_us;
	if (!loop->batch)
		loop->batch = loop->min_wait_us ? BATCH_DEFAULT : 1;
	loop->wait_for = loop->adaptive ? 1 : loop->batch;
	loop->known[0].cqe = loop->known[1].cqe = loop->ring.cqe_head;
	loop->conns = net_slab(server->fds_max, sizeof(*loop->conns));
	loop->own = net_slab(server->fds_max, server->buf_bytes);
	loop->touched = net_slab(server->fds_max, sizeof(*loop->touched));
	loop->starved.list = net_slab(server->fds_max, sizeof(*loop->starved.list));
	loop->starved.places = server->fds_max;
	for (int i = 0; i < 2; i++)
		loop->tries[i].list = net_slab(tries_max(loop), sizeof(struct tried));
	loop->gathers = net_slab(GATHERS_MAX, sizeof(*loop->gathers));
	loop->chunks = net_slab(CHUNKS_MAX, sizeof(*loop->chunks));
	for (uint16_t i = 0; i < CHUNKS_MAX; i++)
		loop->chunks[i].next = i + 1u < CHUNKS_MAX ? i + 1 : NONE;
}

static void make_room(struct loop *loop)
{
	if (uring_has_room(&loop->ring, SQES_PER_STEP))
		return;
	uring_bufs_publish(&loop->bufs);
	uring_make_room(&loop->ring, loop->slot, SQES_PER_STEP, tag(OP_FILLER, 0, 0, NONE));
}

static void wait_for_events(struct loop *loop)
{
	uint32_t wait_for = loop->again ? 0 : loop->wait_for;

	loop->again = false;
	uring_bufs_publish(&loop->bufs);
	uring_wait(&loop->ring, loop->slot, wait_for, loop->spins);
}

/*
 * Waits for one result more as long as they come in time, and for fewer than came when they did not: then it
 * does not try for a while. Never for more than half of the connections: the others' turn is prepared
 * meanwhile.
 */
static void adapt(struct loop *loop, uint32_t came)
{
	uint32_t most = loop->conns_open / 2 < loop->batch ? loop->conns_open / 2 : loop->batch;

	if (came == 0)
		return; /* interrupted by a signal */
	if (came < loop->wait_for) {
		loop->wait_for = came * 3 / 4;
		loop->hold = HOLD_TURNS;
	} else if (loop->hold) {
		loop->hold--;
	} else {
		loop->wait_for++;
	}
	if (loop->wait_for > most)
		loop->wait_for = most;
	if (loop->wait_for < 1)
		loop->wait_for = 1;
}

static _Noreturn void model_serve(struct loop *loop)
{
	queue_accept(loop, URING_ACCEPT_NOW);
	for (;;) {
		wait_for_events(loop);
		count(loop->slot, COUNT_WAKEUPS);
		settle(loop);
		/* Only those that settle has looked at: a send that failed comes before what is received
		 * later. */
		uint32_t ready = loop->known[loop->known_now].cqe - loop->ring.cqe_head;
		if (!ready)
			count(loop->slot, COUNT_IDLE_WAKEUPS);
		if (loop->adaptive)
			adapt(loop, ready);
		for (; ready; ready--) {
			make_room(loop);
			on_event(loop, uring_cqe(&loop->ring));
		}
		feed(loop);
		for (uint32_t i = 0; i < loop->touched_count; i++) {
			make_room(loop);
			advance(loop, loop->touched[i]);
		}
		loop->touched_count = 0;
	}
}

/* What is sent and was not looked at yet. The SQ thread needs some time for what it has just been given. */
static void model_stopping(struct loop *loop)
{
	struct uring *ring = &loop->ring;
	uint32_t given = __atomic_load_n(ring->sq_tail, __ATOMIC_RELAXED);

	for (uint32_t i = 0; loop->wants.sqpoll && i < SETTLE_SPINS; i++) {
		if (__atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) == given)
			break;
		uring_pause();
	}
	struct known known = account(loop, true);
	publish(loop, &known);
}

/*
 * Blocking sockets: where one is not ready, io_uring polls it by itself, without a thread. A non-blocking one
 * would post -EAGAIN instead.
 */
MODEL(.name = "io_uring_multishot",
      .usage = "[--direct] [--bundle|--inc] [--zc] [--min-wait=US [--batch=N] [--adaptive]] [--lean] "
	       "[--no-limit] [--sqpoll] [--accept=reuseport]",
      .listen_blocking = true, .option = model_option, .sharing = model_sharing, .limit = model_limit,
      .probe = model_probe, .stopping = model_stopping);
