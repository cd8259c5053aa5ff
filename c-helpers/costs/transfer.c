/*
 * transfer.c - a message to where it can be read, and out of there. Nobody waits for it: who is woken up is
 * another cost. A batch takes one pair of descriptors after the other, each with one message at most.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../costlib/pairs.h"

enum { BY_READ_WRITE, BY_SEND_RECV };

struct state {
	struct pairs pairs;
	uint32_t next;
};

static bool open_all(struct bench *bench, enum pair_kind kind)
{
	struct state *state = bench->state;
	return pairs_open(bench, &state->pairs, kind, PAIRS);
}

static bool prepare_pipe(struct bench *bench)
{
	return open_all(bench, PAIR_PIPE);
}

static bool prepare_eventfd(struct bench *bench)
{
	return open_all(bench, PAIR_EVENTFD);
}

static bool prepare_unix(struct bench *bench)
{
	return open_all(bench, PAIR_UNIX);
}

static bool prepare_tcp(struct bench *bench)
{
	return open_all(bench, PAIR_TCP);
}

static void finish(struct bench *bench)
{
	struct state *state = bench->state;
	pairs_close(&state->pairs);
}

/* The far end asks, as a client does: acknowledgements travel with what is sent anyway. */
static void ask(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	for (uint64_t i = 0; i < turns; i++)
		if (!give(bench, state->pairs.far_write[i], bench->cost->arg))
			return;
}

static void ask_and_take(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	ask(bench, turns);
	for (uint64_t i = 0; i < turns && bench_goes_on(bench); i++)
		take(bench, state->pairs.near_read[i], bench->cost->arg);
	state->next = 0;
}

static void ask_from_start(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	ask(bench, turns);
	state->next = 0;
}

static void receive_answer(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	for (uint64_t i = 0; i < turns && bench_goes_on(bench); i++)
		take(bench, state->pairs.far_read[i], bench->cost->arg);
}

static void answer(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	for (uint64_t i = 0; i < turns && bench_goes_on(bench); i++)
		give(bench, state->pairs.near_write[i], bench->cost->arg);
	receive_answer(bench, turns);
}

static void run_write(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	size_t bytes = bench->cost->arg;
	uint64_t message[MESSAGE_MAX / sizeof(uint64_t)] = {1};
	TURNS(turns)
	if (write(state->pairs.near_write[state->next++], message, bytes) != (ssize_t)bytes) {
		bench_fail(bench, "write");
		return;
	}
}

static void run_read(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	size_t bytes = bench->cost->arg;
	uint64_t message[MESSAGE_MAX / sizeof(uint64_t)];
	TURNS(turns)
	if (read(state->pairs.near_read[state->next++], message, bytes) != (ssize_t)bytes) {
		bench_fail(bench, "read");
		return;
	}
}

static void run_send(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	size_t bytes = bench->cost->arg;
	char message[MESSAGE_MAX] = {1};
	TURNS(turns)
	if (send(state->pairs.near_write[state->next++], message, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) {
		bench_fail(bench, "send");
		return;
	}
}

static void run_recv(struct bench *bench, uint64_t turns)
{
	struct state *state = bench->state;
	size_t bytes = bench->cost->arg;
	char message[MESSAGE_MAX];
	TURNS(turns)
	if (recv(state->pairs.near_read[state->next++], message, bytes, 0) != (ssize_t)bytes) {
		bench_fail(bench, "recv");
		return;
	}
}

#define COMMON(how, size)                                                                                    \
	.group = "transfer", .unit = "call", .state_bytes = sizeof(struct state), .turns_max = PAIRS,        \
	.arg = (size), .prepare = prepare_##how, .finish = finish
#define WRITES .fill = ask_and_take, .drain = receive_answer
#define READS .fill = ask_from_start, .drain = answer

COSTS({COMMON(pipe, 1), WRITES, .run = run_write, .id = "pipe-write-1",
       .title = "write of 1 byte into a pipe",
       .measures = "write(2) into an empty pipe that nobody waits at"},
      {COMMON(pipe, 1), READS, .run = run_read, .id = "pipe-read-1", .title = "read of 1 byte out of a pipe",
       .measures = "read(2) of all that a pipe holds"},
      {COMMON(eventfd, 8), .fill = ask_from_start, .drain = answer, .run = run_read, .id = "eventfd-read",
       .title = "read of an eventfd", .measures = "read(2) of a counter that is not zero"},
      {COMMON(eventfd, 8), WRITES, .run = run_write, .id = "eventfd-write", .title = "write to an eventfd",
       .measures = "write(2) to a counter at zero that nobody waits for"},
      {COMMON(unix, 1), WRITES, .run = run_write, .id = "socketpair-write-1",
       .title = "write of 1 byte into a unix socket",
       .measures = "write(2) into a socketpair(AF_UNIX, SOCK_STREAM) that nobody waits at"},
      {COMMON(unix, 1), READS, .run = run_read, .id = "socketpair-read-1",
       .title = "read of 1 byte out of a unix socket",
       .measures = "read(2) of all that a socketpair(AF_UNIX, SOCK_STREAM) holds"},
      {COMMON(tcp, 1), WRITES, .run = run_write, .id = "tcp-write-1",
       .title = "write of 1 byte into a TCP socket",
       .measures = "write(2) over loopback with TCP_NODELAY, as far as the queue of the peer, which does not "
		   "wait"},
      {COMMON(tcp, 1), READS, .run = run_read, .id = "tcp-read-1",
       .title = "read of 1 byte out of a TCP socket",
       .measures = "read(2) of all that a TCP socket has received"},
      {COMMON(tcp, 64), WRITES, .run = run_send, .id = "tcp-send-64", .title = "send of 64 bytes over TCP",
       .measures = "send(2) over loopback with TCP_NODELAY, as far as the queue of the peer, which does not "
		   "wait"},
      {COMMON(tcp, 64), READS, .run = run_recv, .id = "tcp-recv-64", .title = "recv of 64 bytes over TCP",
       .measures = "recv(2) of all that a TCP socket has received"});
