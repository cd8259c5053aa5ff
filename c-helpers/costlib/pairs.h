/*
 * pairs.h - pairs of connected descriptors, as many as a batch has turns: each holds one message at most, as
 * between a client and a server that take turns. In one that holds many, they would be joined.
 */
#ifndef IOMB_COSTS_PAIRS_H
#define IOMB_COSTS_PAIRS_H

#include "cost.h"

#define PAIRS 64
#define MESSAGE_MAX 64

enum pair_kind { PAIR_PIPE, PAIR_EVENTFD, PAIR_UNIX, PAIR_TCP };

/* What is timed is done at near[]; of a pipe it is one end of each of two. */
struct pairs {
	uint32_t count;
	int near_read[PAIRS], near_write[PAIRS];
	int far_read[PAIRS], far_write[PAIRS];
};

bool pairs_open(struct bench *bench, struct pairs *pairs, enum pair_kind kind, uint32_t count);
void pairs_close(struct pairs *pairs);

/* A TCP listener on a port of 127.0.0.1 that the kernel chose. -1 after bench_fail. */
int tcp_listener(struct bench *bench, int backlog);
/* Connected to it, without delay. -1 after bench_fail. */
int tcp_connect(struct bench *bench, int listener);
/* Ends a connection at once, without a TIME_WAIT. */
void tcp_reset(int fd);

/* All of it, not timed. */
bool give(struct bench *bench, int fd, size_t bytes);
bool take(struct bench *bench, int fd, size_t bytes);

#endif
