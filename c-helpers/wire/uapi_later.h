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

#define IORING_SEND_ZC_REPORT_USAGE (1u << 3)	/* 6.2, in ioprio */
#define IORING_NOTIF_USAGE_ZC_COPIED (1u << 31) /* 6.2, in the res of a notification */
#define IORING_RECVSEND_BUNDLE (1u << 4)	/* 6.10, in ioprio */
#define IORING_CQE_F_BUF_MORE (1u << 4)		/* 6.12 */

#define IORING_SETUP_NO_SQARRAY (1u << 16) /* 6.6 */

#define IORING_FEAT_RECVSEND_BUNDLE (1u << 14) /* 6.10 */
#define IORING_FEAT_MIN_TIMEOUT (1u << 15)     /* 6.12 */

/* Of struct io_uring_buf_reg. */
#define IOU_PBUF_RING_INC 2u /* 6.12 */

/* The argument of IORING_REGISTER_PBUF_RING; the flags are newer than the call. */
struct io_uring_buf_reg {
	uint64_t ring_addr;
	uint32_t ring_entries;
	uint16_t bgid;
	uint16_t flags; /* 6.4; before, it had to be 0 */
	uint64_t resv[3];
};

/* With IORING_ENTER_EXT_ARG. */
struct io_uring_getevents_arg {
	uint64_t sigmask;
	uint32_t sigmask_sz;
	uint32_t min_wait_usec; /* 6.12; before, it had to be 0 */
	uint64_t ts;
};

#endif
