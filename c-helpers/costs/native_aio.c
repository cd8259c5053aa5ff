/* native_aio.c - io_submit and io_getevents of nothing: what the calls take beside what they do. */
#include <sys/syscall.h>
#include <unistd.h>

#include "../costlib/cost.h"
#include "../wire/uapi.h"

#define EVENTS 1

struct state {
	aio_context_t context;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	if (syscall(SYS_io_setup, EVENTS, &state->context) == 0)
		return true;
	if (errno == EAGAIN)
		return bench_unsupported(bench, "io_setup: fs.aio-max-nr is reached");
	return bench_fail(bench, "io_setup");
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->context)
		(void)syscall(SYS_io_destroy, state->context);
}

static void run_submit(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct iocb *none[1] = {NULL};
	TURNS(turns)
	if (syscall(SYS_io_submit, state->context, 0, none) != 0) {
		bench_fail(bench, "io_submit(0)");
		return;
	}
}

static void run_getevents(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	struct io_event event;
	struct timespec none = {0};
	TURNS(turns)
	if (syscall(SYS_io_getevents, state->context, 0, 1, &event, &none) != 0) {
		bench_fail(bench, "io_getevents(0)");
		return;
	}
}

#define COMMON                                                                                               \
	.group = "aio", .unit = "call", .state_bytes = sizeof(struct state), .prepare = prepare,             \
	.finish = finish

COSTS({COMMON, .id = "aio-submit-0", .title = "io_submit of nothing",
       .measures = "io_submit(2) of 0 requests, by syscall(2)", .run = run_submit},
      {COMMON, .id = "aio-getevents-0", .title = "io_getevents of nothing",
       .measures = "io_getevents(2) of at least 0 events with a timeout of 0, by syscall(2)",
       .run = run_getevents});
