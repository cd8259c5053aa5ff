/* due.h - open loop: sends requests when they fall due. */
#ifndef IOMB_DUE_H
#define IOMB_DUE_H

#include <stdint.h>

#include "load.h"

/* Sends what is due on a connection that is not queued, and queues it if it may go on. */
void due_send_of(struct load *lg, struct conn *c, uint64_t until_ns);
/* Sends what has fallen due by until_ns. */
void due_send(struct load *lg, uint64_t until_ns);

#endif
