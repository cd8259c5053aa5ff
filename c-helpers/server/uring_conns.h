/*
 * uring_conns.h - how servers that are told of results by a ring name their connections, accept or refuse
 * them, and count what was sent: the same whether the ring is filled by uring.h or by liburing.
 */
#ifndef IOMB_URING_CONNS_H
#define IOMB_URING_CONNS_H

#include "echo.h"

#define URING_GENERATION_MASK 0xffffffu

/* How long to wait when accept found no memory. */
#define URING_ACCEPT_LATER_MS 1

/* user_data: the request in 8 bits, fd in 32, generation in 24, so that a late CQE misses a reused fd. */
static inline uint64_t uring_tag(uint32_t op, int fd, uint32_t generation)
{
	return (uint64_t)op | (uint64_t)(uint32_t)fd << 8 | (uint64_t)generation << 40;
}

static inline uint32_t uring_tag_op(uint64_t user_data)
{
	return user_data & 0xff;
}

static inline int uring_tag_fd(uint64_t user_data)
{
	return (int)(user_data >> 8 & UINT32_MAX);
}

static inline uint32_t uring_tag_generation(uint64_t user_data)
{
	return (uint32_t)(user_data >> 40);
}

/* Of the next user of an fd. */
static inline uint32_t uring_next_generation(uint32_t generation)
{
	return (generation + 1) & URING_GENERATION_MASK;
}

/* The request that leads to the next connection; it stands in the tag where others have their fd. */
enum uring_accept {
	URING_ACCEPT_NOW,
	URING_ACCEPT_LATER,	 /* a timer: there was no memory */
	URING_ACCEPT_WHEN_THERE, /* a poll, until one waits that there is no descriptor for and that is
				    refused */
};

/* The next one after one that has failed. */
static inline enum uring_accept uring_accept_after(int error, int listen_fd)
{
	switch (net_accept_trouble(error, listen_fd)) {
	case NET_TROUBLE_DESCRIPTORS: /* at once it would fail again, whether or not a connection waits */
		return URING_ACCEPT_WHEN_THERE;
	case NET_TROUBLE_MEMORY:
		return URING_ACCEPT_LATER;
	case NET_TROUBLE_NONE:
	case NET_TROUBLE_CONN:
		break;
	}
	return URING_ACCEPT_NOW;
}

/* What came of a timer or a poll: an admitted fd or, negative, none. What accept4 does is done for all
 * models. */
static inline int uring_accept_waited(const struct server *server, struct counters_slot *slot,
				      enum uring_accept waited)
{
	return waited == URING_ACCEPT_WHEN_THERE ? net_accept(server, slot, 0) : NET_NONE;
}

/* The result of any of the three, where one accepts one connection: an admitted fd or, negative, none. */
static inline int uring_accepted(const struct server *server, struct counters_slot *slot,
				 enum uring_accept asked, int result, enum uring_accept *next)
{
	*next = URING_ACCEPT_NOW;
	if (asked != URING_ACCEPT_NOW)
		return uring_accept_waited(server, slot, asked);
	if (result >= 0)
		return net_admit(server, slot, result) ? result : NET_REFUSED;
	*next = uring_accept_after(-result, server->listen_fd);
	return NET_NONE;
}

/* What an errno in the result of a receive or a send means. True: ask again. False: the connection is over.
 */
static inline bool uring_is_transient(int error, int fd, const char *call)
{
	if (error == EINTR || error == EAGAIN)
		return true;
	if (error != ENOBUFS && error != ENOMEM)
		echo_error(error, fd, call);
	return false;
}

/* The result of closing one. */
static inline void uring_closed(int result, int fd)
{
	if (result >= 0)
		return;
	errno = -result;
	die("io_uring close(%d)", fd);
}

/* Connections whose receive found no buffer in the ring, in the order in which they came. */
struct uring_starved {
	uint32_t *list; /* room for places: each connection stands in it once at most */
	uint32_t places, from, count;
};

static inline void uring_starve(struct uring_starved *starved, struct counters_slot *slot, uint32_t index)
{
	count(slot, COUNT_ENOBUFS);
	starved->list[(starved->from + starved->count++) % starved->places] = index;
}

/* The first of them, of which there is one. */
static inline uint32_t uring_feed(struct uring_starved *starved)
{
	uint32_t index = starved->list[starved->from];
	starved->from = (starved->from + 1) % starved->places;
	starved->count--;
	return index;
}

/*
 * Whether the kernel knows a limit of what a multishot receive hands over (6.17) is tried on the first of
 * these, which has one byte: limited to one byte, a kernel that knows it ends the receive with that, any
 * other refuses the request.
 */
static inline void uring_limit_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		die("socketpair");
	if (write(pair[1], "", 1) != 1)
		die("write(socketpair)");
}

/* The result of that receive; more: it goes on. */
static inline bool uring_limit_known(int result, bool more)
{
	return result == 1 && !more;
}

/*
 * What sends of an fd are known to have sent. That lags, and the stats line is not to: before it, who was
 * interrupted anywhere sums what each fd has sent and its socket has taken since.
 */
struct uring_sent {
	uint64_t bytes;	       /* by all users of the fd */
	uint64_t before_bytes; /* by those before this one */
};

/* For the next user of the fd. */
static inline struct uring_sent uring_sent_before(struct uring_sent sent)
{
	return (struct uring_sent){.bytes = sent.bytes, .before_bytes = sent.bytes};
}

/* A send is known to have sent. *unknown_bytes are what it may have sent, less what is known. */
static inline void uring_count_sent(struct counters_slot *slot, struct uring_sent *sent,
				    uint32_t *unknown_bytes, uint32_t bytes)
{
	if (!bytes)
		return;
	sent->bytes += bytes;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* for who sums, which may come in between */
	*unknown_bytes -= bytes;
	echo_sent(slot, bytes);
}

/*
 * In the handler that stops the server: all that users of the fd have sent, of which the last send may have
 * sent up to unknown_bytes.
 */
static inline uint64_t uring_sent_in_all(struct counters_slot *slot, const struct uring_sent *sent, int fd,
					 uint32_t unknown_bytes)
{
	if (!unknown_bytes)
		return sent->bytes;
	uint64_t known_bytes = sent->bytes - sent->before_bytes;
	uint64_t taken_bytes = net_taken_bytes(fd);
	if (taken_bytes <= known_bytes)
		return sent->bytes;
	count(slot, COUNT_WRITES);
	uint64_t more_bytes = taken_bytes - known_bytes;
	return sent->bytes + (more_bytes < unknown_bytes ? more_bytes : unknown_bytes);
}

/* Instead of what the counter had, which may have been interrupted between two of its steps. */
static inline void uring_sent_is(struct counters_slot *slot, uint64_t bytes)
{
	count_add(slot, COUNT_BYTES_OUT, bytes - slot->value[COUNT_BYTES_OUT]);
}

#endif
