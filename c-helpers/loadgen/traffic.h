/* traffic.h - requests and answers on connections that last: closed and open loop. */
#ifndef IOMB_TRAFFIC_H
#define IOMB_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "generator.h"

/* Closed loop: gives every active connection its requests. Open loop: starts the schedule. */
void traffic_start(struct loadgen *lg, uint64_t start_ns);
/* Open loop: sends what has fallen due by until_ns. */
void traffic_send_due(struct loadgen *lg, uint64_t until_ns);
/* epoll reports these events on an open connection. */
void traffic_on_event(struct loadgen *lg, struct conn *c, uint32_t events);

/* The parts that churn shares. */

/* Enters a request into the books; its bytes are owed to the kernel from now on. */
void traffic_issue(struct loadgen *lg, struct conn *c, uint64_t due_ns, uint64_t sent_ns);
/* Hands the kernel what is owed, as far as it takes it. False when the connection broke. */
bool traffic_flush(struct loadgen *lg, struct conn *c);
/* Checks bytes of lg->chunk against what was sent. False when they differ: the run has failed. */
bool traffic_verify(struct loadgen *lg, struct conn *c, size_t bytes);
/* Closes the books on the requests whose last byte is there. */
void traffic_complete(struct loadgen *lg, struct conn *c);

#endif
