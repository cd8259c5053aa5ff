/* net.h - the socket chores that are the same for every model. Socket options live only in net.c. */
#ifndef IOMB_NET_H
#define IOMB_NET_H

#include "model.h"

/* net_accept: a connection was taken and refused, or broke before it was accepted: call again. */
#define NET_REFUSED (-1)
/* net_accept: nothing to accept now; try when the listener is ready again. */
#define NET_NONE (-2)
/*
 * net_accept: the kernel was short of memory, so a connection may wait although the listener is not
 * reported again: try again later. A pause was made, so that nobody spins.
 */
#define NET_LATER (-3)

/* Whether other listeners of this process may have the same port. */
enum net_port { NET_OWN_PORT, NET_REUSEPORT };
/* Binds host:port (port 0: any free one) and listens; the port in use is stored. Dies on failure. */
int net_listen(const char *host, uint16_t *port, bool nonblocking, enum net_port sharing);
/* Whether an IPv4 address is of the loopback interface; dies if it is no address. */
bool net_is_loopback(const char *host);
/* For the probe of models that poll network cards: false, with the reason, where there is none to poll. */
bool net_can_busy_poll(const struct server *server, struct probe *probe);
/* Has the waits of an epoll set poll them: those that its sockets had packets from. Exit 77 where it cannot.
 */
void net_busy_poll(int ep);
/* TCP congestion control of the listener, which its connections inherit; empty where it is not told. */
const char *net_congestion(int listen_fd);

/*
 * Accepts one connection within the limits. flags: those of accept4, CLOEXEC is added. Returns the
 * fd (below server->fds_max), NET_REFUSED, NET_NONE or NET_LATER; dies where the listener itself is
 * broken. A client for which there is no descriptor is refused by name: it is accepted and closed.
 */
int net_accept(const struct server *server, struct counters_slot *slot, int flags);

/*
 * For models that accept by other means than accept4: takes an accepted fd into account, or refuses
 * it by name (closes it, counts it, says once why). False: the fd is gone.
 */
bool net_admit(const struct server *server, struct counters_slot *slot, int fd);

/* The same for a multishot accept, which goes by the RLIMIT_NOFILE of when it was queued: this goes by that
 * of now. */
bool net_admit_multishot(const struct server *server, struct counters_slot *slot, int fd);

/* The same for a connection without a descriptor, at an index below server->fds_max: the caller closes it. */
bool net_admit_direct(const struct server *server, struct counters_slot *slot, uint32_t index);

/* What an errno of accept means; dies if it is that the listener itself is broken. */
enum net_trouble {
	NET_TROUBLE_NONE,	 /* EAGAIN: no connection waits */
	NET_TROUBLE_CONN,	 /* of the one connection that was to be accepted: call again */
	NET_TROUBLE_DESCRIPTORS, /* none is left, and none may be needed yet: see net_accept */
	NET_TROUBLE_MEMORY,	 /* short of it for now: the connection still waits */
};
enum net_trouble net_accept_trouble(int error, int listen_fd);

/* Closes an admitted connection. broken: it ended by an error, not by the peer's FIN. */
void net_close(struct counters_slot *slot, int fd, bool broken);
/* The same where the close itself happens elsewhere, e.g. in a ring. */
void net_closed(struct counters_slot *slot, bool broken);

/* The bytes that a TCP socket has taken from send since it was opened. Async-signal-safe. */
uint64_t net_taken_bytes(int fd);

/*
 * Zeroed memory for count items of bytes each, of which only the pages that are touched cost
 * anything; lives as long as the process. Dies on failure.
 */
void *net_slab(size_t items, size_t item_bytes);

#endif
