/*
 * test_sockets.c - observer/sockets.c over sockets of our own: connections that wait and such that are
 * accepted, by both families, and a listener of another process whose congestion control is pinned.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../observer/sockets.h"
#include "check.h"

#define CLIENTS 3

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 address;
	socklen_t bytes = sizeof(address);

	need(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0, "getsockname");
	/* The port stands in the same place for both families. */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int listen_on(int family, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 address6 = {.sin6_family = AF_INET6}; /* ::, and so 127.0.0.1 as well */
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	address.sin_port = htons(port);
	const void *at = family == AF_INET ? (const void *)&address : (const void *)&address6;
	socklen_t bytes = family == AF_INET ? sizeof(address) : sizeof(address6);
	if (bind(fd, at, bytes) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons(port);
	need(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect(%d)", port);
	return fd;
}

static struct server_sockets read_all(uint16_t port)
{
	struct server_sockets all;
	int error = sockets_read(port, &all);

	need(error == 0, "sock_diag: %s", strerror(error));
	return all;
}

static void set_congestion(int fd, const char *name)
{
	need(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name)) == 0, "setsockopt(%s): %s", name,
	     strerror(errno));
}

static void check_counts(int family, const char *name)
{
	int clients[CLIENTS], accepted[CLIENTS];
	int listener = listen_on(family, 0);

	if (listener < 0) {
		printf("skipped - %s: there is no such socket here\n", name);
		return;
	}
	uint16_t port = port_of(listener);
	struct server_sockets all = read_all(port);
	check(all.accepted == 0 && all.waiting == 0 && !sockets_waiting(port), "%s: nobody is there", name);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = connect_to(port);
	all = read_all(port);
	check(all.waiting == CLIENTS && all.accepted == 0 && sockets_waiting(port), "%s: %llu of %d wait",
	      name, (unsigned long long)all.waiting, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		need((accepted[i] = accept(listener, NULL, NULL)) >= 0, "accept");
	all = read_all(port);
	check(all.accepted == CLIENTS && all.waiting == 0 && !sockets_waiting(port),
	      "%s: %llu of %d are accepted", name, (unsigned long long)all.accepted, CLIENTS);
	/* Closed from this end without TIME_WAIT: by a reset. */
	struct linger at_once = {.l_onoff = 1};
	(void)setsockopt(accepted[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(accepted[0]);
	all = read_all(port);
	check(all.accepted == CLIENTS - 1, "%s: one that is closed counts no more: %llu", name,
	      (unsigned long long)all.accepted);
	for (int i = 0; i < CLIENTS; i++) {
		(void)close(clients[i]);
		if (i > 0)
			(void)close(accepted[i]);
	}
	(void)close(listener);
}

/* "reno" is part of every kernel; what else there is differs. */
static void check_congestion(void)
{
	int listener = listen_on(AF_INET, 0);
	uint16_t port = port_of(listener);
	char usual[CONGESTION_NAME_BYTES] = "";
	socklen_t bytes = sizeof(usual);

	need(getsockopt(listener, IPPROTO_TCP, TCP_CONGESTION, usual, &bytes) == 0, "getsockopt");
	struct server_sockets all = read_all(port);
	check(strcmp(all.congestion, usual) == 0, "says that of a listener where there is no connection: %s",
	      all.congestion);
	int clients[2] = {connect_to(port), connect_to(port)};
	int accepted[2] = {accept(listener, NULL, NULL), accept(listener, NULL, NULL)};
	need(accepted[0] >= 0 && accepted[1] >= 0, "accept");
	set_congestion(accepted[0], CONGESTION_PINNED);
	set_congestion(accepted[1], CONGESTION_PINNED);
	all = read_all(port);
	check(strcmp(all.congestion, CONGESTION_PINNED) == 0,
	      "says that of the connections, not of their listener: %s", all.congestion);
	if (strcmp(usual, CONGESTION_PINNED) == 0) {
		printf("skipped - connections that differ: there is one congestion control here\n");
	} else {
		set_congestion(accepted[1], usual);
		all = read_all(port);
		check(strcmp(all.congestion, "several") == 0, "says that connections differ: %s",
		      all.congestion);
	}
	for (int i = 0; i < 2; i++) {
		(void)close(clients[i]);
		(void)close(accepted[i]);
	}
	(void)close(listener);
}

/* A session of one process that listens on two ports; tells them, and waits. */
static _Noreturn void serve(int tell_fd)
{
	uint16_t ports[2];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setsid() < 0)
		_exit(EXIT_FAILURE);
	for (int i = 0; i < 2; i++)
		ports[i] = port_of(listen_on(AF_INET, 0));
	if (write(tell_fd, ports, sizeof(ports)) != sizeof(ports))
		_exit(EXIT_FAILURE);
	for (;;)
		pause();
}

static void check_adoption(void)
{
	struct loadgen_listener found;
	uint16_t ports[2];
	int told[2];

	need(pipe(told) == 0, "pipe");
	pid_t server = fork();
	need(server >= 0, "fork");
	if (server == 0)
		serve(told[1]);
	need(read(told[0], ports, sizeof(ports)) == sizeof(ports), "the server did not start");
	sockets_adopt(server, ports[0], &found);
	check(found.error == 0 && found.abi_version == LOADGEN_ABI_VERSION, "tells who listens: %s",
	      strerror(found.error));
	check(found.owner == server && found.listeners == 1,
	      "finds the process of the session that listens: %d of %d", found.owner, server);
	check(found.ports == 2 && ((found.port[0] == ports[0] && found.port[1] == ports[1]) ||
				   (found.port[0] == ports[1] && found.port[1] == ports[0])),
	      "names both ports that the session listens on: %u", found.ports);
	if (found.congestion_error == 0) {
		struct server_sockets all = read_all(ports[0]);
		check(strcmp(all.congestion, CONGESTION_PINNED) == 0, "has pinned its congestion control: %s",
		      all.congestion);
	} else {
		check(found.congestion_error == EPERM || found.congestion_error == ENOSYS,
		      "says why its congestion control is not pinned: %s", strerror(found.congestion_error));
	}
	(void)kill(server, SIGKILL);
	need(waitpid(server, NULL, 0) == server, "waitpid");

	int listener = listen_on(AF_INET, 0);
	sockets_adopt(server, port_of(listener), &found);
	check(found.owner == 0 && found.ports == 0, "a session that is gone listens nowhere: %u",
	      found.ports);
	(void)close(listener);
}

int main(void)
{
	struct server_sockets all;
	int error = sockets_read(1, &all);

	if (error != 0) {
		printf("skipped - this kernel has no sock_diag: %s\n", strerror(error));
		return EXIT_SKIPPED;
	}
	check_counts(AF_INET, "127.0.0.1");
	check_counts(AF_INET6, "::");
	check_congestion();
	check_adoption();
	return checks_exit();
}
