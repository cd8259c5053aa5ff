/* connect_close.c - a connection made and ended, by the side that makes it: the kernel shakes hands for both.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "../costlib/pairs.h"

#define WAITING 32

struct state {
	int listener;
	struct sockaddr_in address;
};

static bool prepare(struct bench *bench)
{
	struct state *state = bench->state;
	socklen_t bytes = sizeof(state->address);

	state->listener = tcp_listener(bench, WAITING);
	if (state->listener < 0)
		return false;
	return getsockname(state->listener, (struct sockaddr *)&state->address, &bytes) == 0 ||
	       bench_fail(bench, "getsockname");
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	if (state->listener > 0)
		close(state->listener);
}

static void run(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	TURNS(turns)
	{
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0) {
			bench_fail(bench, "socket(AF_INET)");
			return;
		}
		if (connect(fd, (struct sockaddr *)&state->address, sizeof(state->address)) < 0) {
			bench_fail(bench, "connect(127.0.0.1)");
			close(fd);
			return;
		}
		close(fd);
	}
}

/* The server's end answers with a reset, so that no TIME_WAIT keeps the port. */
static void reset_all(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	for (uint64_t i = 0; i < turns; i++) {
		int fd = accept4(state->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			bench_fail(bench, "accept4");
			return;
		}
		tcp_reset(fd);
	}
}

COST(.id = "connect-close", .group = "connection", .title = "connect and close",
     .measures = "socket(2), connect(2) to a listener over loopback, which puts it into the backlog, and "
		 "close(2)",
     .unit = "connection", .state_bytes = sizeof(struct state), .turns_max = WAITING, .prepare = prepare,
     .run = run, .drain = reset_all, .finish = finish);
