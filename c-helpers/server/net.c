/* net.c - see net.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../wire/congestion.h"
#include "die.h"
#include "net.h"

/* The kernel caps it at net.core.somaxconn. */
#define LISTEN_BACKLOG 4096

/* Connections that are open; changed once per connection, by whichever thread. */
static uint32_t conns_live;
/* Closed to make room for one accept when the process is out of descriptors, then opened again. */
static int spare_fd = -1;

int net_listen(const char *host, uint16_t *port, bool nonblocking)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(*port)};
	socklen_t addr_bytes = sizeof(addr);
	int on = 1;

	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		die_usage("--host=%s is not an IPv4 address", host);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
	if (fd < 0)
		die("socket(AF_INET, SOCK_STREAM)");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		die("setsockopt(SO_REUSEADDR)");
	/* Accepted sockets inherit it, so no model pays for it per connection. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		die("setsockopt(TCP_NODELAY)");
	/* Inherited as well. Where it is refused, the ready line names what is used instead. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CONGESTION_PINNED, sizeof(CONGESTION_PINNED) - 1);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("bind(%s:%u)", host, *port);
	if (listen(fd, LISTEN_BACKLOG) < 0)
		die("listen(%s:%u)", host, *port);
	if (getsockname(fd, (struct sockaddr *)&addr, &addr_bytes) < 0)
		die("getsockname(listener)");
	*port = ntohs(addr.sin_port);
	spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (spare_fd < 0)
		die("fcntl(F_DUPFD_CLOEXEC)");
	return fd;
}

const char *net_congestion(int listen_fd)
{
	static char name[CONGESTION_NAME_BYTES];
	socklen_t bytes = sizeof(name) - 1;

	if (getsockopt(listen_fd, IPPROTO_TCP, TCP_CONGESTION, name, &bytes) < 0)
		return "";
	return name;
}

bool net_accept_transient(int error)
{
	/* accept(2), "Error handling": pending network errors of the new socket are passed on. */
	switch (error) {
	case ECONNABORTED:
	case EPROTO:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
	case EPERM:
	case EINTR:
		return true;
	default:
		return false;
	}
}

static void say_refused(const char *why, uint32_t limit)
{
	static bool said;
	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		fprintf(stderr, "%s: refusing connections over %s (%u); counted as refused\n", model.name,
			why, limit);
}

bool net_admit(const struct server *server, struct counters_slot *slot, int fd)
{
	uint32_t live = __atomic_add_fetch(&conns_live, 1, __ATOMIC_RELAXED);
	if (live <= server->conns_max && (uint32_t)fd < server->fds_max) {
		count(slot, COUNT_ACCEPTED);
		return true;
	}
	__atomic_sub_fetch(&conns_live, 1, __ATOMIC_RELAXED);
	say_refused(server->conns_max_name, server->conns_max);
	count(slot, COUNT_REFUSED);
	sys_close(slot, fd);
	return false;
}

/* Out of descriptors: take the connection with the spare one and close it, else it would spin. */
static int refuse_without_fd(const struct server *server, struct counters_slot *slot)
{
	say_refused("RLIMIT_NOFILE", server->fds_max);
	sys_close(slot, spare_fd);
	count(slot, COUNT_SYS_ACCEPT4);
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		count(slot, COUNT_REFUSED);
		sys_close(slot, fd);
	}
	spare_fd = (int)sys_fcntl(slot, server->listen_fd, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 ? NET_REFUSED : NET_NONE;
}

int net_accept(const struct server *server, struct counters_slot *slot, int flags)
{
	count(slot, COUNT_SYS_ACCEPT4);
	int fd = accept4(server->listen_fd, NULL, NULL, flags | SOCK_CLOEXEC);
	if (fd >= 0)
		return net_admit(server, slot, fd) ? fd : NET_REFUSED;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return NET_NONE;
	if (errno == EMFILE || errno == ENFILE)
		return refuse_without_fd(server, slot);
	if (!net_accept_transient(errno))
		die("accept4(fd %d)", server->listen_fd);
	return NET_REFUSED;
}

void net_closed(struct counters_slot *slot, bool broken)
{
	__atomic_sub_fetch(&conns_live, 1, __ATOMIC_RELAXED);
	count(slot, COUNT_CLOSED);
	if (broken)
		count(slot, COUNT_CONN_ERRORS);
}

void net_close(struct counters_slot *slot, int fd, bool broken)
{
	net_closed(slot, broken);
	/* Linux frees the descriptor even where close reports an error, so there is no retry. */
	sys_close(slot, fd);
}

void *net_slab(size_t items, size_t item_bytes)
{
	void *memory = mmap(NULL, items * item_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap(%zu x %zu bytes)", items, item_bytes);
	/* A huge page would make one touched buffer cost 2 MiB. Fails where the kernel has none. */
	(void)madvise(memory, items * item_bytes, MADV_NOHUGEPAGE);
	return memory;
}
