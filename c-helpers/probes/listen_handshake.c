/*
 * listen_handshake - when a listener becomes readable: by a SYN, by a finished handshake, or by data.
 *
 * A SYN alone needs a raw socket: with CAP_NET_RAW here, else in a network of its own where users may have
 * one.
 */
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"
#include "trace.h"

enum { IP_HEADER_BYTES = 20, SETTLE_MS = 100 };

struct syn {
	bool sent, answered;
	int events;
};

static int raw_socket(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd >= 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return fd;
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_UP;
	if (any < 0 || ioctl(any, SIOCSIFFLAGS, &request) < 0)
		return -1;
	close(any);
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);
}

/* RFC 1071, over the pseudo header of RFC 9293 as well. */
static uint16_t checksum(const struct tcphdr *header)
{
	struct {
		uint32_t from, to;
		uint16_t protocol, bytes;
		struct tcphdr header;
	} all = {.from = htonl(INADDR_LOOPBACK),
		 .to = htonl(INADDR_LOOPBACK),
		 .protocol = htons(IPPROTO_TCP),
		 .bytes = htons(sizeof(*header)),
		 .header = *header};
	uint16_t words[sizeof(all) / 2];
	uint32_t sum = 0;

	memcpy(words, &all, sizeof(all));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Whether the raw socket sees the SYN and ACK that the listener answers. */
static bool is_answered(int raw, uint16_t port)
{
	char packet[256];
	struct timeval limit = {.tv_usec = 300000};
	uint64_t until_ns = now_ns() + SOON_MS * NS_PER_MS;

	setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (now_ns() < until_ns) {
		struct tcphdr header;
		ssize_t n = recv(raw, packet, sizeof(packet), 0);
		if (n < 0)
			return false;
		if ((size_t)n < IP_HEADER_BYTES + sizeof(header))
			continue;
		memcpy(&header, packet + IP_HEADER_BYTES, sizeof(header));
		if (header.dest == port && header.syn && header.ack)
			return true;
	}
	return false;
}

static void send_syn(struct syn *syn)
{
	struct sockaddr_in address, from;
	int raw = raw_socket(), ep = epoll_open();

	if (raw < 0)
		return;
	int listener = tcp_listen(0, 8, &address);
	/* Holds a port that nobody listens on. */
	int holder = tcp_listen_shared(0, 1, &(struct sockaddr_in){0});
	socklen_t bytes = sizeof(from);
	getsockname(holder, (struct sockaddr *)&from, &bytes);
	close(holder);
	epoll_watch(ep, listener, EPOLLIN);
	struct tcphdr header = {.source = from.sin_port,
				.dest = address.sin_port,
				.seq = htonl(1),
				.doff = sizeof(header) / 4,
				.syn = 1,
				.window = htons(1024)};
	header.check = checksum(&header);
	syn->sent = sendto(raw, &header, sizeof(header), 0, (struct sockaddr *)&address, sizeof(address)) ==
		    sizeof(header);
	syn->answered = is_answered(raw, from.sin_port);
	syn->events = epoll_events(ep, SETTLE_MS);
}

static void syn_alone(void)
{
	struct syn *syn = shared_memory(sizeof(*syn));
	pid_t pid = fork_helper();

	if (pid == 0) {
		send_syn(syn);
		_exit(EXIT_SUCCESS);
	}
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid");
	if (!syn->sent)
		return;
	observe_is("synAnswered", syn->answered);
	observe("synEvents", syn->events);
}

static void run(void)
{
	struct sockaddr_in address;
	int one = 1, ep = epoll_open(), listener = tcp_listen(0, 8, &address);

	epoll_watch(ep, listener, EPOLLIN);
	tcp_connect(&address);
	observe("connectEvents", epoll_events(ep, SOON_MS));

	ep = epoll_open();
	listener = tcp_listen(0, 8, &address);
	if (setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof(one)) < 0)
		probe_broken("setsockopt(TCP_DEFER_ACCEPT)");
	epoll_watch(ep, listener, EPOLLIN);
	int fd = tcp_connect(&address);
	observe("deferEvents", epoll_events(ep, SETTLE_MS));
	put(fd, 1);
	observe("deferDataEvents", epoll_events(ep, SOON_MS));
	syn_alone();
}

PROBE(.id = "listen-handshake", .title = "when a listener becomes readable", .run = run,
      .values = {
	      NUMBER("connectEvents", "events after a connection"),
	      NUMBER("deferEvents", "with TCP_DEFER_ACCEPT: events after a connection without data"),
	      NUMBER("deferDataEvents", "with TCP_DEFER_ACCEPT: events after its first data"),
	      BOOLEAN_OR_NONE("synAnswered", "a SYN alone was answered by the listener"),
	      NUMBER_OR_NONE("synEvents", "events after it"),
      });
