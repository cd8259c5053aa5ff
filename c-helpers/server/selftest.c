/* selftest.c - see selftest.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "die.h"
#include "net.h"
#include "selftest.h"

/* Generous: machines stall for seconds. A model that cannot run ends or answers at once. */
#define ECHO_TIMEOUT_MS 15000
/* Where something is known to be refused that most models use, it is not worth waiting for so long. */
#define DOUBTFUL_TIMEOUT_MS 1000

/* The child; it ends by a signal of the parent, or by saying on stderr what it could not do. */
static _Noreturn void serve(struct loop *loop, const struct server *server, int said_fd, int ready_fd,
			    pid_t parent)
{
	if (dup2(said_fd, STDERR_FILENO) < 0)
		die("dup2(pipe)");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("prctl(PR_SET_PDEATHSIG)");
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	model.prepare(loop, server);
	if (write(ready_fd, "", 1) != 1)
		die("write(pipe)");
	close(ready_fd);
	model.serve(loop);
	_exit(EXIT_FAILED); /* it does not return */
}

/* What the echo check itself needs, and until when. */
struct check {
	uint16_t port;
	int said_fd, ready_fd;
	int timeout_ms;
	struct timespec begin;
	char *reason; /* what the check found out by itself; PROBE_TEXT_BYTES */
};

static int remaining_ms(const struct check *check)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	long ms = (now.tv_sec - check->begin.tv_sec) * 1000 + (now.tv_nsec - check->begin.tv_nsec) / 1000000;
	return ms >= check->timeout_ms ? 0 : (int)(check->timeout_ms - ms);
}

/*
 * accept4 passes errors of the network on, EPERM among them, so servers go on after them. On no descriptor
 * it can fail for one reason only, unless it is refused as such.
 */
static void check_accept(char *reason)
{
	if (accept4(-1, NULL, NULL, 0) < 0 && errno != EBADF)
		snprintf(reason, PROBE_TEXT_BYTES, "accept4 is refused: %s", strerror(errno));
}

/* Waits until it is readable, or the child has closed its end of the other pipe: it has ended. */
static bool wait_for(const struct check *check, int fd)
{
	struct pollfd polled[2] = {{.fd = fd, .events = POLLIN}, {.fd = check->said_fd}};
	int ready;

	do
		ready = poll(polled, 2, remaining_ms(check));
	while (ready < 0 && errno == EINTR);
	return ready > 0 && (polled[0].revents & POLLIN);
}

/*
 * One byte there and back, once the model is prepared: one that waits for signals misses what came before.
 * False: it did not come in time, or the child has ended.
 */
static bool echo_byte(const struct check *check)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(check->port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char sent = 'e', received = 0;
	bool echoed = false;

	if (!wait_for(check, check->ready_fd) || read(check->ready_fd, &received, 1) != 1)
		return false;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket(AF_INET, SOCK_STREAM)");
	/* The listener exists: its queue takes the connection, whatever the child does. */
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		snprintf(check->reason, PROBE_TEXT_BYTES, "connect: %s", strerror(errno));
	else if (send(fd, &sent, 1, MSG_NOSIGNAL) != 1)
		snprintf(check->reason, PROBE_TEXT_BYTES, "send: %s", strerror(errno));
	else
		echoed = wait_for(check, fd) && recv(fd, &received, 1, MSG_DONTWAIT) == 1 && received == sent;
	close(fd);
	return echoed;
}

/* The child's last words, as one line for a JSON string; without the name that die puts before them. */
static void read_words(int said_fd, char *text, size_t bytes)
{
	size_t prefix = strlen(model.name) + strlen(": "), len = 0;
	char words[PROBE_TEXT_BYTES];

	while (len < sizeof(words) - 1) {
		ssize_t n = read(said_fd, words + len, sizeof(words) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	words[len] = '\0';
	for (char *at = words; *at; at++)
		if (*at == '\n' || *at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			*at = *at == '\n' && !at[1] ? '\0' : ' ';
	bool named = len > prefix && !strncmp(words, model.name, prefix - 2);
	snprintf(text, bytes, "%s", named ? words + prefix : words);
}

/* The reason of a child that said nothing. */
static void say_end(int status, const struct check *check)
{
	char *reason = check->reason;

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(reason, PROBE_TEXT_BYTES,
			 "a seccomp filter ends the process at a call that it makes (SIGSYS)");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		snprintf(reason, PROBE_TEXT_BYTES, "it did not echo a byte within %d s",
			 check->timeout_ms / 1000);
	else if (WIFSIGNALED(status))
		snprintf(reason, PROBE_TEXT_BYTES, "it ended by signal %d when it served", WTERMSIG(status));
	else
		snprintf(reason, PROBE_TEXT_BYTES, "it ended with code %d when it served",
			 WEXITSTATUS(status));
}

/* Ends the child, unless it is about to end by itself: then it is reaped as it ended. */
static int reap(pid_t child, int said_fd)
{
	struct pollfd closed = {.fd = said_fd};
	int status = 0;

	if (poll(&closed, 1, 0) == 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	/* Its own children end with it, and are this process's now. */
	while (model.processes && (waitpid(-1, NULL, 0) > 0 || errno == EINTR))
		;
	return status;
}

enum exit_code selftest(struct loop *loop, const struct server *server, struct probe *probe)
{
	struct server tested = *server;
	struct check check = {.reason = probe->reason};
	char doubt[PROBE_TEXT_BYTES] = "", words[PROBE_TEXT_BYTES];
	int said[2], ready[2];
	pid_t parent = getpid();

	tested.listen_fd = net_listen("127.0.0.1", &check.port, !model.listen_blocking, NET_OWN_PORT);
	check_accept(doubt);
	check.timeout_ms = doubt[0] ? DOUBTFUL_TIMEOUT_MS : ECHO_TIMEOUT_MS;
	if (pipe2(said, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		die("pipe2");
	if (model.processes && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		snprintf(probe->reason, PROBE_TEXT_BYTES, "prctl(PR_SET_CHILD_SUBREAPER) is refused: %s",
			 strerror(errno));
		return EXIT_UNSUPPORTED;
	}
	(void)fflush(NULL);
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(said[0]);
		close(ready[0]);
		serve(loop, &tested, said[1], ready[1], parent);
	}
	close(said[1]);
	close(ready[1]);
	check.said_fd = said[0];
	check.ready_fd = ready[0];
	clock_gettime(CLOCK_MONOTONIC, &check.begin);
	bool echoed = echo_byte(&check);
	int status = reap(child, said[0]);
	read_words(said[0], words, sizeof(words));
	close(said[0]);
	close(ready[0]);
	close(tested.listen_fd);
	if (echoed)
		return EXIT_SERVED;
	if (words[0])
		memcpy(probe->reason, words, sizeof(words));
	else if (doubt[0])
		memcpy(probe->reason, doubt, sizeof(doubt));
	else if (!probe->reason[0])
		say_end(status, &check);
	return EXIT_UNSUPPORTED;
}
