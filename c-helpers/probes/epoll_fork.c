/* epoll_fork - an epoll set across fork, SCM_RIGHTS and execve: who is told, and who still has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

static int counter(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		probe_broken("eventfd");
	return fd;
}

static void add_one(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		probe_broken("write(eventfd)");
}

static int code_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The child waits for the parent's event, and adds a descriptor that the parent does not have. */
static void across_fork(void)
{
	int ep = epoll_open(), fd = counter(), fds[2];

	epoll_watch(ep, fd, EPOLLIN);
	unix_pair(fds);
	pid_t pid = fork_helper();
	if (pid == 0) {
		bool saw = epoll_events(ep, SOON_MS) == 1;
		int own = counter();
		epoll_watch(ep, own, EPOLLIN);
		add_one(own);
		put(fds[1], 1);
		take(fds[1], 1); /* until the parent has looked: its close ends the watch */
		_exit(saw ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	wait_asleep(pid, pid);
	add_one(fd);
	take(fds[0], 1);
	observe_is("parentSawChildWatch", epoll_events(ep, SOON_MS) == 2);
	put(fds[0], 1);
	observe_is("childSaw", code_of(pid) == EXIT_SUCCESS);
	pid = fork_helper();
	if (pid == 0)
		_exit(epoll_change(ep, EPOLL_CTL_MOD, fd, EPOLLIN) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	observe_is("keptByFork", code_of(pid) == EXIT_SUCCESS);
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int socket, int fd)
{
	char byte = 0;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) != 1)
		probe_broken("sendmsg(SCM_RIGHTS)");
}

static int receive_fd(int socket)
{
	char byte;
	int fd = -1;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (recvmsg(socket, &message, 0) != 1)
		probe_broken("recvmsg(SCM_RIGHTS)");
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void across_socket(void)
{
	int fds[2];

	unix_pair(fds);
	pid_t pid = fork_helper();
	if (pid == 0) {
		int ep = receive_fd(fds[1]);
		_exit(ep >= 0 && epoll_events(ep, SOON_MS) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	int ep = epoll_open(), fd = counter();
	epoll_watch(ep, fd, EPOLLIN);
	add_one(fd);
	send_fd(fds[0], ep);
	observe_is("passedBySocket", code_of(pid) == EXIT_SUCCESS);
}

/* Whether a program that a child becomes still has it: test(1) looks. */
static bool kept_by_exec(int flags)
{
	char path[64];
	int ep = epoll_create1(flags);

	if (ep < 0)
		probe_broken("epoll_create1");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ep);
	pid_t pid = fork_helper();
	if (pid == 0) {
		execlp("test", "test", "-e", path, (char *)NULL);
		_exit(127);
	}
	int code = code_of(pid);
	if (code > 1)
		probe_unsupported("there is no program test(1) to become");
	return code == 0;
}

static void run(void)
{
	across_fork();
	across_socket();
	observe_is("keptByExec", kept_by_exec(EPOLL_CLOEXEC));
	observe_is("keptByExecWithout", kept_by_exec(0));
}

PROBE(.id = "epoll-fork", .title = "an epoll set across fork, a socket and exec", .run = run,
      .values = {
	      BOOLEAN("childSaw", "a child got the event of a descriptor that the parent had added"),
	      BOOLEAN("parentSawChildWatch",
		      "the parent got the event of a descriptor that only the child has"),
	      BOOLEAN("passedBySocket", "a process that was sent the set by SCM_RIGHTS got its event"),
	      BOOLEAN("keptByFork", "with EPOLL_CLOEXEC, a forked child can change the set"),
	      BOOLEAN("keptByExec", "with EPOLL_CLOEXEC, the descriptor is there after execve"),
	      BOOLEAN("keptByExecWithout", "without EPOLL_CLOEXEC, it is there after execve"),
      });
