/* link_order - linked requests: connect, send and shutdown in one submission, and writes in their order. */
#include <sys/socket.h>

#include "ring.h"
#include "sockets.h"

enum { OP_CONNECT = 16, OP_SHUTDOWN = 34, WRITES = 32 };

static void look_connect(struct uring *ring)
{
	static const char hello[3] = "abc";
	struct sockaddr_in address;
	char got[8];
	int listener = tcp_listen(0, 4, &address), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int32_t results[3] = {0};

	struct io_uring_sqe *sqe = ring_sqe(ring, OP_CONNECT, fd, 0);
	sqe->addr = (uint64_t)(uintptr_t)&address;
	sqe->off = sizeof(address);
	sqe->flags = IOSQE_IO_LINK;
	sqe = ring_sqe(ring, IORING_OP_SEND, fd, 1);
	sqe->addr = (uint64_t)(uintptr_t)hello;
	sqe->len = sizeof(hello);
	sqe->flags = IOSQE_IO_LINK;
	sqe = ring_sqe(ring, OP_SHUTDOWN, fd, 2);
	sqe->len = SHUT_WR;
	for (int i = 0; i < 3; i++) {
		struct io_uring_cqe cqe = ring_wait(ring);
		results[cqe.user_data] = cqe.res;
	}
	observe("connect", results[0]);
	observe("send", results[1]);
	observe("shutdown", results[2]);
	int accepted = accept(listener, NULL, NULL);
	if (accepted < 0)
		probe_broken("accept");
	observe("received", (double)take(accepted, sizeof(got)));
	observe_is("eof", take(accepted, sizeof(got)) == 0);
}

static void look_writes(struct uring *ring)
{
	static char numbers[WRITES], got[WRITES];
	int fds[2], in_order = 0;

	pipe_pair(fds);
	for (int i = 0; i < WRITES; i++) {
		numbers[i] = (char)i;
		struct io_uring_sqe *sqe = ring_rw(ring, IORING_OP_WRITE, fds[0], &numbers[i], 1);
		/* Each in a worker of its own, as far as the chain lets them. */
		sqe->flags = (uint8_t)(IOSQE_ASYNC | (i + 1 < WRITES ? IOSQE_IO_LINK : 0));
	}
	for (int i = 0; i < WRITES; i++)
		if (ring_wait(ring).res != 1)
			probe_odd("a linked write fails");
	if (read(fds[1], got, sizeof(got)) != sizeof(got))
		probe_broken("read(pipe)");
	for (int i = 0; i < WRITES; i++)
		in_order += got[i] == (char)i;
	observe("writes", WRITES);
	observe("inOrder", in_order);
}

static void run(void)
{
	struct uring ring;

	ring_open(&ring, 0);
	ring_needs(&ring, OP_SHUTDOWN, "SHUTDOWN");
	look_connect(&ring);
	look_writes(&ring);
}

PROBE(.id = "link-order", .title = "linked requests run in their order", .run = run,
      .values = {
	      NUMBER("connect", "result of connect, linked to"),
	      NUMBER("send", "the result of send, linked to"),
	      NUMBER("shutdown", "the result of shutdown"),
	      NUMBER("received", "bytes that the other side received"),
	      BOOLEAN("eof", "then it read the end"),
	      NUMBER("writes", "linked writes of a byte to a pipe, each to be run by a worker"),
	      NUMBER("inOrder", "of them, those that arrived in their place"),
      });
