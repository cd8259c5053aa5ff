/* churn.h - connections of one request each: connect, send, receive, close, again. */
#ifndef IOMB_CHURN_H
#define IOMB_CHURN_H

#include <stdint.h>

#include "load.h"

/* Begins a first connection in every slot. */
void churn_start(struct load *lg);
void churn_on_event(struct load *lg, struct conn *c, uint32_t events);

#endif
