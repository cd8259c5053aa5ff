/* epoll_fd_kinds - which kinds of descriptors epoll takes. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ring.h"
#include "scratch.h"
#include "sockets.h"

/* "none" where such a descriptor cannot be made here. */
static void try(const char *name, int fd)
{
	int ep;

	if (fd < 0) {
		observe_text(name, "none");
		return;
	}
	ep = epoll_open();
	observe_error(name, epoll_change(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	close(ep);
	close(fd);
}

static int open_fifo(void)
{
	char path[64];
	int fd = -1;

	snprintf(path, sizeof(path), "/var/tmp/iomodels-probe-fifo-%d", getpid());
	if (mkfifo(path, 0600) == 0)
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	unlink(path);
	return fd;
}

static int open_ring(void)
{
	struct uring ring;

	return ring_try(&ring, 4, 0, 0) < 0 ? -1 : ring.fd;
}

static int first_of(void (*open_pair)(int fds[2]))
{
	int fds[2];

	open_pair(fds);
	return fds[1];
}

static void run(void)
{
	struct sockaddr_in address;
	sigset_t none;

	sigemptyset(&none);
	try("regularFile", scratch_open(0));
	try("directory", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	try("devNull", open("/dev/null", O_RDWR | O_CLOEXEC));
	try("devZero", open("/dev/zero", O_RDWR | O_CLOEXEC));
	try("memfd", (int)syscall(SYS_memfd_create, "probe", 0));
	try("tcp", first_of(tcp_pair));
	try("listener", tcp_listen(0, 1, &address));
	try("udp", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	try("unix", first_of(unix_pair));
	try("pipe", first_of(pipe_pair));
	try("fifo", open_fifo());
	try("tty", posix_openpt(O_RDWR | O_NOCTTY));
	try("eventfd", eventfd(0, EFD_CLOEXEC));
	try("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	try("signalfd", signalfd(-1, &none, SFD_CLOEXEC));
	try("inotify", inotify_init1(IN_CLOEXEC));
	try("epoll", epoll_open());
	try("pidfd", (int)syscall(SYS_pidfd_open, getpid(), 0));
	try("ring", open_ring());
	try("procMounts", open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
}

PROBE(.id = "epoll-fd-kinds", .title = "what epoll_ctl answers to each kind of descriptor", .run = run,
      .values = {
	      STRING("regularFile", "a regular file"),
	      STRING("directory", "a directory"),
	      STRING("devNull", "/dev/null"),
	      STRING("devZero", "/dev/zero"),
	      STRING("memfd", "a memfd"),
	      STRING("tcp", "a TCP connection"),
	      STRING("listener", "a TCP listener"),
	      STRING("udp", "a UDP socket"),
	      STRING("unix", "a unix socket"),
	      STRING("pipe", "a pipe"),
	      STRING("fifo", "a FIFO"),
	      STRING("tty", "a terminal"),
	      STRING("eventfd", "an eventfd"),
	      STRING("timerfd", "a timerfd"),
	      STRING("signalfd", "a signalfd"),
	      STRING("inotify", "an inotify instance"),
	      STRING("epoll", "another epoll set"),
	      STRING("pidfd", "a pidfd"),
	      STRING("ring", "an io_uring"),
	      STRING("procMounts", "/proc/self/mounts"),
      });
