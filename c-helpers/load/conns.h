/* conns.h - opening, closing and losing connections. */
#ifndef IOMB_CONNS_H
#define IOMB_CONNS_H

#include <stdbool.h>

#include "crew.h"
#include "load.h"

/* Decides over how many source addresses the connections are spread. */
void conns_plan_sources(struct crew *crew, bool churn);
/* The number of a connection among those of all threads, for people. */
uint32_t conn_number(const struct load *lg, const struct conn *c);
/*
 * Begins to connect a closed connection; its stream starts anew. Does not enter it into epoll.
 * Returns false with errno set, the connection closed again, when that failed.
 */
bool conn_open(struct load *lg, struct conn *c);
/* Enters it into epoll, once for its whole life; edge-triggered. False when the run failed. */
bool conn_watch(struct load *lg, struct conn *c, uint32_t events);
/* epoll says with these events that the connect ended. False when it failed; errno says why. */
bool conn_established(struct load *lg, struct conn *c, uint32_t events);
void conn_close(struct load *lg, struct conn *c);
/*
 * The connection broke with this errno (0: the server closed it): its requests in flight are errors.
 * The run ends when no active connection of any thread is left.
 */
void conn_break(struct load *lg, struct conn *c, int error);
/* Whether this errno means that the connection is gone, not that we made a mistake. */
bool conn_errno_breaks(int error);
void conns_close_all(struct load *lg);

/* The congestion control that a socket of the load has here; empty where the kernel does not tell. */
void conns_congestion(char name[CONGESTION_NAME_BYTES]);

#endif
