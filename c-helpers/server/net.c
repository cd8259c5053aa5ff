/* net.c - see net.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../wire/congestion.h"
#include "../wire/uapi_later.h"
#include "die.h"
#include "limits.h"
#include "net.h"

/* The kernel caps it at net.core.somaxconn. */
#define LISTEN_BACKLOG 4096

/* How long a server that is short of memory leaves a connection waiting before it tries again. */
#define ACCEPT_PAUSE_MS 1

/* How long a wait polls network cards, and for how many packets at a time. */
#define BUSY_POLL_US 50u
#define BUSY_POLL_BUDGET 8u

/* Connections that are open; changed once per connection, by whichever task: children have it too. */
static uint32_t *conns_live;
/* Threads inside accept4 of a listener that several wait at: each holds a descriptor for what it waits for.
 */
static uint32_t accepting;
/* Closed to make room for one accept when the process is out of descriptors, then opened again. */
static int spare_fd = -1;

bool net_is_loopback(const char *host)
{
	struct in_addr addr;
	if (inet_pton(AF_INET, host, &addr) != 1)
		die_usage("--host=%s is not an IPv4 address", host);
	return ntohl(addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

bool net_can_busy_poll(const struct server *server, struct probe *probe)
{
	if (server->loopback)
		snprintf(probe->reason, PROBE_TEXT_BYTES,
			 "on loopback there is nothing to poll: no packet comes by the queue of a network "
			 "card (NAPI), so it would only be what it is without; it matters on a card");
	return !server->loopback;
}

void net_busy_poll(int ep)
{
	struct epoll_params params = {.busy_poll_usecs = BUSY_POLL_US, .busy_poll_budget = BUSY_POLL_BUDGET};
	if (ioctl(ep, EPIOCSPARAMS, &params) < 0)
		die_unsupported("ioctl(EPIOCSPARAMS), of 6.9 and CONFIG_NET_RX_BUSY_POLL: %s",
				strerror(errno));
}

/* Once per process, whatever listeners it has. */
static void open_shared(int listen_fd)
{
	if (spare_fd >= 0)
		return;
	conns_live =
		mmap(NULL, sizeof(*conns_live), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (conns_live == MAP_FAILED)
		die("mmap(%zu bytes, shared)", sizeof(*conns_live));
	spare_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
	if (spare_fd < 0)
		die("fcntl(F_DUPFD_CLOEXEC)");
}

int net_listen(const char *host, uint16_t *port, bool nonblocking, enum net_port sharing)
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
	if (sharing == NET_REUSEPORT && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		die("setsockopt(SO_REUSEPORT)");
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
	open_shared(fd);
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

enum net_trouble net_accept_trouble(int error, int listen_fd)
{
	switch (error) {
	case EAGAIN:
		return NET_TROUBLE_NONE;
	case EMFILE:
	case ENFILE:
		return NET_TROUBLE_DESCRIPTORS;
	case ENOMEM:
	case ENOBUFS:
		return NET_TROUBLE_MEMORY;
	/* accept(2), "Error handling": pending network errors of the new socket are passed on. */
	case ECONNABORTED:
	case EPROTO:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
	/* Also named there: what firewalls and various kernels answer. */
	case EPERM:
	case ENOSR:
	case ESOCKTNOSUPPORT:
	case EPROTONOSUPPORT:
	case ETIMEDOUT:
	case EINTR:
		return NET_TROUBLE_CONN;
	default:
		errno = error;
		die("accept(fd %d)", listen_fd);
	}
}

static void say_over_limit(const struct server *server)
{
	static bool said;
	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		fprintf(stderr,
			"%s: refusing connections over the %u that %s (%llu) allows; counted as refused\n",
			model.name, server->conns_max, server->conns_max_name,
			(unsigned long long)server->conns_max_value);
}

/* With the spare descriptor closed, for the limit of all processes stands in a file. */
static void say_without_fd(int error)
{
	static bool said;
	if (__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		return;
	bool own = error == EMFILE;
	uint64_t value = own ? limit_of_resource(RLIMIT_NOFILE) : limit_in_file("/proc/sys/fs/file-max");
	fprintf(stderr, "%s: refusing connections: %s (%llu) is used up; counted as refused\n", model.name,
		own ? "RLIMIT_NOFILE" : "fs.file-max", (unsigned long long)value);
}

bool net_admit_direct(const struct server *server, struct counters_slot *slot, uint32_t index)
{
	uint32_t live = __atomic_add_fetch(conns_live, 1, __ATOMIC_RELAXED);
	if (live <= server->conns_max && index < server->fds_max) {
		count(slot, COUNT_ACCEPTED);
		return true;
	}
	__atomic_sub_fetch(conns_live, 1, __ATOMIC_RELAXED);
	say_over_limit(server);
	count(slot, COUNT_REFUSED);
	return false;
}

bool net_admit(const struct server *server, struct counters_slot *slot, int fd)
{
	if (net_admit_direct(server, slot, (uint32_t)fd))
		return true;
	sys_close(slot, fd);
	return false;
}

bool net_admit_multishot(const struct server *server, struct counters_slot *slot, int fd)
{
	count(slot, COUNT_SYS_PRLIMIT64);
	if ((uint64_t)fd < limit_of_resource(RLIMIT_NOFILE))
		return net_admit(server, slot, fd);
	count(slot, COUNT_REFUSED);
	sys_close(slot, fd);
	say_without_fd(EMFILE);
	return false;
}

static int accept_once(const struct server *server, struct counters_slot *slot, int flags)
{
	count(slot, COUNT_SYS_ACCEPT4);
	if (!model.threads_accept)
		return accept4(server->listen_fd, NULL, NULL, flags | SOCK_CLOEXEC);
	__atomic_add_fetch(&accepting, 1, __ATOMIC_RELAXED);
	int fd = accept4(server->listen_fd, NULL, NULL, flags | SOCK_CLOEXEC), error = errno;
	__atomic_sub_fetch(&accepting, 1, __ATOMIC_RELAXED);
	errno = error;
	return fd;
}

static int accept_later(struct counters_slot *slot, int error)
{
	static bool said;
	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		fprintf(stderr, "%s: accept4: %s; connections wait meanwhile\n", model.name, strerror(error));
	(void)sys_poll(slot, NULL, 0, ACCEPT_PAUSE_MS);
	return NET_LATER;
}

/* False: there is no descriptor for it. */
static bool restore_spare(const struct server *server, struct counters_slot *slot)
{
	spare_fd = (int)sys_fcntl(slot, server->listen_fd, F_DUPFD_CLOEXEC, 0);
	return spare_fd >= 0;
}

/* With spare_lock, for the spare descriptor is one for all threads. */
static int accept_with_spare(const struct server *server, struct counters_slot *slot, int flags, int error)
{
	if (spare_fd >= 0)
		sys_close(slot, spare_fd);
	/* Another may take the client first, and whoever sleeps in accept4 by now goes on to sleep. */
	if (model.threads_accept)
		(void)sys_fcntl(slot, server->listen_fd, F_SETFL, O_NONBLOCK);
	int fd = accept_once(server, slot, flags);
	int accept_error = errno;
	if (model.threads_accept)
		(void)sys_fcntl(slot, server->listen_fd, F_SETFL, 0);
	if (fd < 0) {
		(void)restore_spare(server, slot);
		return accept_error == EAGAIN ? NET_NONE : accept_later(slot, accept_error);
	}
	if (restore_spare(server, slot)) /* another thread has closed one meanwhile */
		return net_admit(server, slot, fd) ? fd : NET_REFUSED;
	count(slot, COUNT_REFUSED);
	sys_close(slot, fd);
	say_without_fd(error);
	(void)restore_spare(server, slot);
	return NET_REFUSED;
}

/* A client waits, and there is no descriptor for it: takes it with the spare one and closes it. */
static int refuse_without_fd(const struct server *server, struct counters_slot *slot, int flags, int error)
{
	static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&spare_lock);
	int fd = accept_with_spare(server, slot, flags, error);
	pthread_mutex_unlock(&spare_lock);
	return fd;
}

/*
 * The kernel takes the descriptor before it looks for a connection, so perhaps none waits: then nobody is
 * refused. One that is waited for (a listener that blocks) may find descriptors that became free meanwhile.
 */
static int accept_without_fd(const struct server *server, struct counters_slot *slot, int flags, int error)
{
	struct pollfd listener = {.fd = server->listen_fd, .events = POLLIN};
	int ready = sys_poll(slot, &listener, 1, model.listen_blocking ? -1 : 0);
	if (ready < 0 && errno != EINTR)
		die("poll(listener)");
	if (ready <= 0)
		return ready == 0 ? NET_NONE : NET_REFUSED;
	int fd = accept_once(server, slot, flags);
	if (fd >= 0)
		return net_admit(server, slot, fd) ? fd : NET_REFUSED;
	if (__atomic_load_n(&accepting, __ATOMIC_RELAXED) > 0) { /* who has a descriptor for the client */
		(void)sys_poll(slot, NULL, 0, ACCEPT_PAUSE_MS);
		return NET_LATER;
	}
	return errno == EMFILE || errno == ENFILE ? refuse_without_fd(server, slot, flags, error)
						  : NET_REFUSED;
}

int net_accept(const struct server *server, struct counters_slot *slot, int flags)
{
	int fd = accept_once(server, slot, flags), error = errno;
	if (fd >= 0)
		return net_admit(server, slot, fd) ? fd : NET_REFUSED;
	switch (net_accept_trouble(error, server->listen_fd)) {
	case NET_TROUBLE_NONE:
		return NET_NONE;
	case NET_TROUBLE_DESCRIPTORS:
		return accept_without_fd(server, slot, flags, error);
	case NET_TROUBLE_MEMORY:
		return accept_later(slot, error);
	case NET_TROUBLE_CONN:
		break;
	}
	return NET_REFUSED;
}

void net_closed(struct counters_slot *slot, bool broken)
{
	__atomic_sub_fetch(conns_live, 1, __ATOMIC_RELAXED);
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

/* The start of struct tcp_info in include/uapi/linux/tcp.h, as it is since 4.1; libc's ends before that. */
struct tcp_info_acked {
	char before[120];
	uint64_t bytes_acked;
};

uint64_t net_taken_bytes(int fd)
{
	struct tcp_info_acked info = {0};
	socklen_t info_bytes = sizeof(info);
	int unacked_bytes = 0;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) < 0 ||
	    ioctl(fd, TIOCOUTQ, &unacked_bytes) < 0)
		return 0;
	return info.bytes_acked + (uint64_t)unacked_bytes;
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
