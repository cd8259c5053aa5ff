/* uring_read_kinds - IORING_OP_READ on each kind of descriptor that can be read. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ring.h"
#include "scratch.h"
#include "sockets.h"

static struct uring ring;
static int kinds, worked;

static void look(const char *value, int fd)
{
	static char buf[PAGE_BYTES];

	if (fd < 0)
		probe_broken("%s", value);
	ring_rw(&ring, IORING_OP_READ, fd, buf, sizeof(buf));
	ring_submit(&ring, 0);
	int32_t res = ring_await(&ring, 1, SOON_MS) ? uring_cqe(&ring)->res : -ETIMEDOUT;
	kinds++;
	worked += res > 0;
	observe(value, res);
}

static int with_data(void (*open_pair)(int fds[2]))
{
	int fds[2];

	open_pair(fds);
	put(fds[0], 5);
	return fds[1];
}

static int timer(void)
{
	struct itimerspec once = {.it_value.tv_nsec = 1000000};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timerfd_settime(fd, 0, &once, NULL) < 0)
		probe_broken("timerfd_settime");
	return fd;
}

static int changed_name(void)
{
	char path[] = "/var/tmp/iomodels-probe-XXXXXX";
	int watched = mkostemp(path, O_CLOEXEC), fd = inotify_init1(IN_CLOEXEC);

	if (watched < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		probe_broken("inotify_add_watch(%s)", path);
	put(watched, 1);
	unlink(path);
	return fd;
}

static void run(void)
{
	ring_open(&ring, 0);
	ring_needs(&ring, IORING_OP_READ, "READ");
	look("regular", scratch_open(0));
	look("pipe", with_data(pipe_pair));
	look("socket", with_data(tcp_pair));
	look("eventfd", eventfd(1, EFD_CLOEXEC));
	look("timerfd", timer());
	look("inotify", changed_name());
	look("devZero", open("/dev/zero", O_RDONLY | O_CLOEXEC));
	observe("kinds", kinds);
	observe("worked", worked);
}

PROBE(.id = "uring-read-kinds", .title = "IORING_OP_READ on each kind of descriptor", .run = run,
      .values = {
	      NUMBER("kinds", "kinds that were read"),
	      NUMBER("worked", "of them, those that gave bytes"),
	      NUMBER("regular", "result of a read of a regular file: bytes, or -errno"),
	      NUMBER("pipe", "of a pipe"),
	      NUMBER("socket", "of a TCP socket"),
	      NUMBER("eventfd", "of an eventfd"),
	      NUMBER("timerfd", "of a timerfd"),
	      NUMBER("inotify", "of an inotify instance"),
	      NUMBER("devZero", "of /dev/zero"),
      });
