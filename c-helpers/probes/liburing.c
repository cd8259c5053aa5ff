/*
 * liburing - what the library's functions return and which system calls they make: the arguments of a submit,
 * a wait with a completion there and without, and what io_uring_queue_init_params returns.
 */
#ifdef WITH_LIBURING
#include <liburing.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#endif

#include "liburing_exports.h"
#include "probe.h"
#include "trace.h"

/* How to get it is known to who compiles this. */
#ifndef WITHOUT_LIBURING
#define WITHOUT_LIBURING "compiled without liburing"
#endif

#ifdef WITH_LIBURING

enum { ENTRIES = 256 };

static void open_ring(struct io_uring *ring)
{
	int error = io_uring_queue_init(ENTRIES, ring, 0);

	if (error < 0)
		probe_unsupported("io_uring_queue_init: %s", error_name(-error));
}

static void queue_nop(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		probe_odd("io_uring_get_sqe gives none");
	io_uring_prep_nop(sqe);
}

static void submit(void *arg)
{
	struct io_uring ring;

	(void)arg;
	open_ring(&ring);
	queue_nop(&ring);
	queue_nop(&ring);
	trace_begin();
	int submitted = io_uring_submit(&ring);
	trace_end();
	if (submitted != 2)
		probe_odd("io_uring_submit returns %d", submitted);
}

static void wait_full(void *arg)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;

	(void)arg;
	open_ring(&ring);
	queue_nop(&ring);
	if (io_uring_submit(&ring) != 1)
		probe_odd("io_uring_submit fails");
	trace_begin();
	int error = io_uring_wait_cqe(&ring, &cqe);
	trace_end();
	if (error < 0)
		probe_odd("io_uring_wait_cqe returns %d", error);
}

/* Nothing is there yet: a timeout of a millisecond comes. */
static void wait_empty(void *arg)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct __kernel_timespec soon = {.tv_nsec = 1000000};

	(void)arg;
	open_ring(&ring);
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	io_uring_prep_timeout(sqe, &soon, 0, 0);
	io_uring_submit(&ring);
	trace_begin();
	int error = io_uring_wait_cqe(&ring, &cqe);
	trace_end();
	if (error < 0)
		probe_odd("io_uring_wait_cqe returns %d", error);
}

static void run(void)
{
	struct trace *trace = shared_memory(sizeof(*trace));
	struct io_uring ring;
	struct io_uring_params params = {0};
	char version[32] = "unknown";

#ifdef IO_URING_VERSION_MAJOR
	snprintf(version, sizeof(version), "%d.%d", IO_URING_VERSION_MAJOR, IO_URING_VERSION_MINOR);
#elif defined(LIBURING_VERSION)
	snprintf(version, sizeof(version), "%s", LIBURING_VERSION);
#endif
	observe_text("version", version);
	/* Some number below 3 is taken, so 0 is no descriptor of the ring by chance. */
	int result = io_uring_queue_init_params(ENTRIES, &ring, &params);
	if (result < 0)
		probe_unsupported("io_uring_queue_init_params: %s", error_name(-result));
	observe("initResult", result);
	observe("initRingFd", ring.ring_fd);
	io_uring_queue_exit(&ring);

	trace_calls(trace, submit, NULL);
	observe("submitCalls", trace->calls);
	if (trace->calls == 0)
		probe_odd("io_uring_submit makes no system call");
	observe("submitToSubmit", (double)trace->call[0].args[1]);
	observe("submitMinComplete", (double)trace->call[0].args[2]);
	observe("submitFlags", (double)trace->call[0].args[3]);
	trace_calls(trace, wait_full, NULL);
	observe("waitCalls", trace->calls);
	trace_calls(trace, wait_empty, NULL);
	observe("waitEmptyCalls", trace->calls);

	observe("prepExports", liburing_exports());
}

#else

static void run(void)
{
	probe_unsupported("%s", WITHOUT_LIBURING);
}

#endif

PROBE(.id = "liburing", .title = "what liburing's functions call and return", .run = run,
      .values = {
	      STRING("version", "the library's version"),
	      NUMBER("initResult", "what io_uring_queue_init_params returns"),
	      NUMBER("initRingFd", "the ring's descriptor, in ring.ring_fd"),
	      NUMBER("submitCalls", "system calls of io_uring_submit of 2 requests, traced"),
	      NUMBER("submitToSubmit", "the second argument of its io_uring_enter"),
	      NUMBER("submitMinComplete", "the third"),
	      NUMBER("submitFlags", "the fourth"),
	      NUMBER("waitCalls", "system calls of io_uring_wait_cqe with a CQE there"),
	      NUMBER("waitEmptyCalls", "with none there"),
	      NUMBER("prepExports",
		     "of 8 functions that prepare and finish requests, those that are calls into it"),
      });
