/* watch.h - an epoll set of descriptors of the pool. */
#ifndef IOMB_COSTS_WATCH_H
#define IOMB_COSTS_WATCH_H

#include "cost.h"

/* The first `count` of the pool, level-triggered for reading. -1 after bench_fail or bench_unsupported. */
int watch_open(struct bench *bench, uint32_t count);
/* Makes one of the pool readable, or takes that back. */
bool pool_raise(struct bench *bench, uint32_t index);
void pool_lower(struct bench *bench, uint32_t index);

#endif
