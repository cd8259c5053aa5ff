/* traffic.h - requests and answers on connections that last: closed and open loop. */
#ifndef IOMB_TRAFFIC_H
#define IOMB_TRAFFIC_H

#include <stdint.h>

#include "load.h"

/* Closed loop: gives every active connection its requests. Open loop: starts the schedule. */
void traffic_start(struct load *lg, uint64_t start_ns);
/* epoll reports these events on an open connection. */
void traffic_on_event(struct load *lg, struct conn *c, uint32_t events);

#endif
