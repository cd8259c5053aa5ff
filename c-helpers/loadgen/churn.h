/* churn.h - connections of one request each: connect, send, receive, close, again. */
#ifndef IOMB_CHURN_H
#define IOMB_CHURN_H

#include <stdint.h>

#include "generator.h"

/* Begins a first connection in every slot. */
void churn_start(struct loadgen *lg);
void churn_on_event(struct loadgen *lg, struct conn *c, uint32_t events);

#endif
