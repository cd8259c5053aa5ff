#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/congestion.h"
#include "conns.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24 /* Linux 4.2; older headers lack it */
#endif

#define PORT_RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"
/* connect() searches for a free port; it is slow when most of the range is taken. */
#define PORT_SHARE 4
/* Apart from the server's address, so that no connect to a dead server can meet itself. */
#define SOURCE_FIRST 0x7f640001u /* 127.100.0.1 */
#define SOURCES_MAX 250u
/* A closed connection keeps its port for a minute (TIME_WAIT): churn goes round many addresses. */
#define CHURN_SOURCES 64u

static uint32_t ports_per_address(void)
{
	unsigned int low = 32768, high = 60999; /* the kernel's default, if it cannot be read */
	FILE *f = fopen(PORT_RANGE_FILE, "re");

	if (f) {
		if (fscanf(f, "%u %u", &low, &high) != 2 || high < low) {
			low = 32768;
			high = 60999;
		}
		(void)fclose(f);
	}
	return high - low + 1;
}

void conns_plan_sources(struct crew *crew, bool churn)
{
	uint32_t per_address = ports_per_address() / PORT_SHARE;
	uint32_t addresses;

	if (per_address == 0)
		per_address = 1;
	if (churn)
		addresses = CHURN_SOURCES;
	else
		addresses = (crew->connections + per_address - 1) / per_address;
	crew->sources.per_address = per_address;
	crew->sources.addresses = addresses > SOURCES_MAX ? SOURCES_MAX : addresses;
}

uint32_t conn_number(const struct load *lg, const struct conn *c)
{
	return (uint32_t)(c - lg->conns) * lg->crew->threads + lg->number;
}

/* Among the connections that all threads begin, were they to take turns. */
static uint64_t nth_of_all(const struct load *lg, uint64_t nth)
{
	return nth * lg->crew->threads + lg->number;
}

static struct sockaddr_in address_of(uint32_t ipv4, uint32_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(ipv4)};
}

/* The port is chosen at connect(), where the kernel knows the whole pair of addresses. */
static bool bind_source(struct load *lg, int fd)
{
	const struct sources *sources = &lg->crew->sources;
	uint64_t nth = nth_of_all(lg, lg->tried) / (lg->churn ? 1 : sources->per_address);
	struct sockaddr_in source = address_of(SOURCE_FIRST + nth % sources->addresses, 0);
	int on = 1;

	lg->syscalls += 2;
	return setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
	       bind(fd, (const struct sockaddr *)&source, sizeof(source)) == 0;
}

/* Empty where the kernel does not tell. */
static void read_congestion(int fd, char name[CONGESTION_NAME_BYTES])
{
	socklen_t bytes = CONGESTION_NAME_BYTES - 1;

	memset(name, 0, CONGESTION_NAME_BYTES);
	if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &bytes) < 0)
		name[0] = '\0';
}

static bool ask_congestion(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, CONGESTION_PINNED,
			  sizeof(CONGESTION_PINNED) - 1) == 0;
}

/*
 * On both sides, so that hosts are comparable and none pays for pacing (bbr: 1-4 % of the CPU). Where
 * it is refused (net.ipv4.tcp_allowed_congestion_control), the report names what is used instead.
 */
static void pin_congestion(struct load *lg, int fd)
{
	struct congestion *c = &lg->congestion;

	if (!c->refused) {
		lg->syscalls++;
		c->refused = !ask_congestion(fd);
	}
	if (c->name[0] != '\0')
		return;
	lg->syscalls++;
	read_congestion(fd, c->name);
}

void conns_congestion(char name[CONGESTION_NAME_BYTES])
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	name[0] = '\0';
	if (fd < 0)
		return;
	(void)ask_congestion(fd);
	read_congestion(fd, name);
	(void)close(fd);
}

static bool set_options(struct load *lg, int fd)
{
	int on = 1;

	lg->syscalls++;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return false;
	pin_congestion(lg, fd);
	return true;
}

/* Without the options that say how bytes are sent where none ever are. */
static bool start_connect(struct load *lg, const struct conn *c)
{
	struct sockaddr_in server = address_of(lg->config.server_ipv4, lg->config.server_port);
	int fd = c->fd;

	lg->syscalls++;
	if (c->slot != SLOT_IDLE && !set_options(lg, fd))
		return false;
	if (lg->crew->sources.addresses > 1 && !bind_source(lg, fd))
		return false;
	/* Interrupted, a non-blocking connect goes on all the same. */
	return connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0 || errno == EINPROGRESS ||
	       errno == EINTR;
}

bool conn_open(struct load *lg, struct conn *c)
{
	lg->syscalls++;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	bool started = start_connect(lg, c);
	uint64_t nth = nth_of_all(lg, lg->tried++);
	if (!started) {
		int error = errno;

		conn_close(lg, c);
		errno = error;
		return false;
	}
	c->state = CONN_CONNECTING;
	c->phase = pattern_phase(nth);
	c->issued = c->sent = c->received = 0;
	c->in_flight = c->oldest = 0;
	return true;
}

bool conn_watch(struct load *lg, struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLRDHUP | EPOLLET,
				 .data.u32 = (uint32_t)(c - lg->conns)};

	lg->syscalls++;
	if (epoll_ctl(lg->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) == 0)
		return true;
	fail_call(&lg->failure, "epoll_ctl(EPOLL_CTL_ADD, connection %u)", conn_number(lg, c));
	return false;
}

static int connect_error(struct load *lg, int fd)
{
	int error = 0;
	socklen_t bytes = sizeof(error);

	lg->syscalls++;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0 ? errno : error;
}

bool conn_established(struct load *lg, struct conn *c, uint32_t events)
{
	int error = events & (EPOLLERR | EPOLLHUP) ? connect_error(lg, c->fd) : 0;

	if (error != 0) {
		errno = error;
		return false;
	}
	c->state = CONN_OPEN;
	lg->opened++;
	lg->connected++;
	return true;
}

void conn_close(struct load *lg, struct conn *c)
{
	if (c->fd < 0)
		return;
	lg->syscalls++;
	(void)close(c->fd); /* Linux frees the descriptor whatever close says */
	if (c->state == CONN_OPEN || c->state == CONN_CLOSING)
		lg->connected--;
	if (c->state == CONN_CLOSING)
		lg->closing--;
	c->fd = -1;
	c->state = CONN_CLOSED;
}

void conn_break(struct load *lg, struct conn *c, int error)
{
	if (lg->issuing)
		lg->counts.errors += c->in_flight;
	else
		lg->counts.lost += c->in_flight;
	lg->in_flight -= c->in_flight;
	c->in_flight = 0;
	lg->connection_errors++;
	lg->idle_lost += c->slot == SLOT_IDLE;
	lg->last_error = error;
	conn_close(lg, c);
	if (lg->churn || c->slot == SLOT_IDLE)
		return;
	if (atomic_fetch_sub(&lg->crew->alive, 1) == 1)
		fail(&lg->failure, LOADGEN_SERVER_GONE, "all %u active connections broke; the last: %s",
		     lg->crew->active, error ? strerror(error) : "closed by the server");
}

bool conn_errno_breaks(int error)
{
	switch (error) {
	case EPIPE:
	case ECONNRESET:
	case ECONNABORTED:
	case ECONNREFUSED:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENOTCONN:
		return true;
	default:
		return false;
	}
}

/*
 * By a reset where the server is one of ours: nothing is under way any more, so
 * nothing is lost, neither side keeps the connection for a minute (TIME_WAIT), and its whole life costs the
 * server a third less. A server of somebody else's may take a reset for an error.
 */
void conns_close_all(struct load *lg)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	for (uint32_t i = 0; i < lg->config.connections; i++) {
		struct conn *c = &lg->conns[i];

		if (c->fd >= 0 && lg->crew->pace_accepts && !lg->crew->reader.stranger)
			(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		conn_close(lg, c);
	}
}
