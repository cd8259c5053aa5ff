/*
 * uapi_later.h - what uapi.h has for kernels up to 6.1, for those after: the headers of Debian 12 have none
 * of it, so a test cannot compare it with them.
 */
#ifndef IOMB_UAPI_LATER_H
#define IOMB_UAPI_LATER_H

#include "uapi.h"

/* ioctl(2) of an epoll set. */
#define EPIOCSPARAMS 0x40088a01u /* 6.9 */

struct epoll_params {
	uint32_t busy_poll_usecs;
	uint16_t busy_poll_budget;
	uint8_t prefer_busy_poll;
	uint8_t padding;
};

enum {
	IORING_REGISTER_NAPI = 27, /* 6.9 */
	IORING_OP_EPOLL_WAIT = 59, /* 6.15 */
};

/* The argument of IORING_REGISTER_NAPI. */
struct io_uring_napi {
	uint32_t busy_poll_to; /* microseconds */
	uint8_t prefer_busy_poll;
	uint8_t padding[3];
	uint64_t resv;
};

#endif
