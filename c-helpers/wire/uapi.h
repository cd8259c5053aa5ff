/*
 * uapi.h - what the kernel and we agree on, where the headers of a system may be too old to say it.
 *
 * The helpers are compiled where they run, with whatever kernel headers lie there: none at all beside
 * musl, 4.18 beside the C library of an old enterprise system. What these declare never changes once it
 * is released, so the few structures and numbers that we need stand here, under the names that the
 * kernel gives them, and <linux/...> is not included. Members of unions that no helper uses are left
 * out. Whether the running kernel knows a thing is asked at run time, never concluded from a header.
 *
 * A test compares every size, offset and number with the system's own headers, where those are new
 * enough, on each architecture that it has a compiler for.
 */
#ifndef IOMB_UAPI_H
#define IOMB_UAPI_H

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* System calls since 5.1 have the same number on every architecture. */
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425 /* 5.1 */
#endif
#ifndef SYS_io_uring_enter
#define SYS_io_uring_enter 426 /* 5.1 */
#endif
#ifndef SYS_io_uring_register
#define SYS_io_uring_register 427 /* 5.1 */
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434 /* 5.3 */
#endif
#ifndef SYS_close_range
#define SYS_close_range 436 /* 5.9 */
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* 5.6 */
#endif

/* futex(2) */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

/* io_setup(2), io_submit(2): native AIO. */
typedef unsigned long aio_context_t;

enum {
	IOCB_CMD_PREAD = 0,
	IOCB_CMD_PWRITE = 1,
	IOCB_CMD_FDSYNC = 3, /* does anything since 4.18 */
	IOCB_CMD_POLL = 5,   /* 4.18 */
};

struct iocb {
	uint64_t aio_data; /* comes back in io_event.data */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint32_t aio_key;
	int32_t aio_rw_flags;
#else
	int32_t aio_rw_flags;
	uint32_t aio_key;
#endif
	uint16_t aio_lio_opcode; /* IOCB_CMD_* */
	int16_t aio_reqprio;
	uint32_t aio_fildes;
	uint64_t aio_buf; /* IOCB_CMD_POLL: the events */
	uint64_t aio_nbytes;
	int64_t aio_offset;
	uint64_t aio_reserved2;
	uint32_t aio_flags;
	uint32_t aio_resfd;
};

struct io_event {
	uint64_t data;
	uint64_t obj; /* the address of the struct iocb */
	int64_t res;
	int64_t res2;
};

/* netlink(7) and sock_diag(7): what the kernel tells of sockets. */
enum {
	NETLINK_SOCK_DIAG = 4,
	NLM_F_REQUEST = 1,
	NLM_F_DUMP = 768,
	NLMSG_ERROR = 2,
	NLMSG_DONE = 3,
	SOCK_DIAG_BY_FAMILY = 20,
	INET_DIAG_CONG = 4,
};

struct nlmsghdr {
	uint32_t nlmsg_len; /* with this header */
	uint16_t nlmsg_type;
	uint16_t nlmsg_flags;
	uint32_t nlmsg_seq;
	uint32_t nlmsg_pid;
};

struct inet_diag_sockid {
	uint16_t idiag_sport; /* ports and addresses in network byte order */
	uint16_t idiag_dport;
	uint32_t idiag_src[4];
	uint32_t idiag_dst[4];
	uint32_t idiag_if;
	uint32_t idiag_cookie[2];
};

struct inet_diag_req_v2 {
	uint8_t sdiag_family;
	uint8_t sdiag_protocol;
	uint8_t idiag_ext; /* 1 << (INET_DIAG_* - 1) */
	uint8_t pad;
	uint32_t idiag_states; /* 1 << TCP_* */
	struct inet_diag_sockid id;
};

struct inet_diag_msg {
	uint8_t idiag_family;
	uint8_t idiag_state;
	uint8_t idiag_timer;
	uint8_t idiag_retrans;
	struct inet_diag_sockid id;
	uint32_t idiag_expires;
	uint32_t idiag_rqueue; /* of a listener: connections that wait for accept */
	uint32_t idiag_wqueue;
	uint32_t idiag_uid;
	uint32_t idiag_inode; /* 0: not accepted yet */
};

struct rtattr {
	uint16_t rta_len; /* with this header */
	uint16_t rta_type;
};

/* perf_event_open(2): counting. The structure as of 4.1; every later kernel takes its size. */
enum {
	PERF_TYPE_HARDWARE = 0,
	PERF_TYPE_SOFTWARE = 1,
	PERF_TYPE_TRACEPOINT = 2,
};
enum {
	PERF_COUNT_HW_CPU_CYCLES = 0,
	PERF_COUNT_HW_INSTRUCTIONS = 1,
	PERF_COUNT_HW_CACHE_MISSES = 3, /* of the last level, as a rule */
};
enum {
	PERF_COUNT_SW_TASK_CLOCK = 1,
	PERF_COUNT_SW_PAGE_FAULTS = 2,
	PERF_COUNT_SW_CONTEXT_SWITCHES = 3,
};
enum {
	PERF_FORMAT_TOTAL_TIME_ENABLED = 1,
	PERF_FORMAT_TOTAL_TIME_RUNNING = 2,
};
#define PERF_FLAG_FD_CLOEXEC 8ul

struct perf_event_attr {
	uint32_t type;
	uint32_t size;
	uint64_t config; /* PERF_COUNT_*, or the tracepoint's id */
	uint64_t sample_period;
	uint64_t sample_type;
	uint64_t read_format;
	uint64_t disabled : 1, inherit : 1, pinned : 1, exclusive : 1, exclude_user : 1, exclude_kernel : 1,
		other_bits : 58;
	uint32_t wakeup_events;
	uint32_t bp_type;
	uint64_t config1;
	uint64_t config2;
	uint64_t branch_sample_type;
	uint64_t sample_regs_user;
	uint32_t sample_stack_user;
	int32_t clockid;
	uint64_t sample_regs_intr;
	uint32_t aux_watermark;
	uint16_t sample_max_stack;
	uint16_t padding;
};
_Static_assert(sizeof(struct perf_event_attr) == 112, "PERF_ATTR_SIZE_VER5");

#ifndef LINUX_IO_URING_H /* liburing.h, where it is included before, brings all of it */

/* io_uring(7): requests. */
enum {
	IORING_OP_NOP = 0,
	IORING_OP_FSYNC = 3,
	IORING_OP_READ_FIXED = 4,
	IORING_OP_WRITE_FIXED = 5,
	IORING_OP_POLL_ADD = 6,
	IORING_OP_SENDMSG = 9,
	IORING_OP_TIMEOUT = 11,
	IORING_OP_ACCEPT = 13,
	IORING_OP_ASYNC_CANCEL = 14,
	IORING_OP_CLOSE = 19, /* 5.6, and all below */
	IORING_OP_READ = 22,
	IORING_OP_WRITE = 23,
	IORING_OP_SEND = 26,
	IORING_OP_RECV = 27,
	IORING_OP_SOCKET = 45,	   /* 5.19 */
	IORING_OP_SEND_ZC = 47,	   /* 6.0 */
	IORING_OP_SENDMSG_ZC = 48, /* 6.1 */
};

#define IOSQE_FIXED_FILE (1u << 0)
#define IOSQE_IO_LINK (1u << 2)
#define IOSQE_ASYNC (1u << 4)		     /* 5.6 */
#define IOSQE_BUFFER_SELECT (1u << 5)	     /* 5.7 */
#define IOSQE_CQE_SKIP_SUCCESS (1u << 6)     /* 5.17 */
#define IORING_FSYNC_DATASYNC (1u << 0)	     /* in fsync_flags */
#define IORING_RECVSEND_POLL_FIRST (1u << 0) /* 5.19, in ioprio as those below */
#define IORING_RECV_MULTISHOT (1u << 1)	     /* 6.0 */
#define IORING_ACCEPT_MULTISHOT (1u << 0)    /* 5.19 */
#define IORING_FILE_INDEX_ALLOC (~0u)	     /* 5.19, in file_index */
#define IORING_POLL_ADD_MULTI (1u << 0)	     /* 5.13, in len */

struct io_uring_sqe {
	uint8_t opcode; /* IORING_OP_* */
	uint8_t flags;	/* IOSQE_* */
	uint16_t ioprio;
	int32_t fd;
	uint64_t off;
	uint64_t addr;
	uint32_t len;
	union { /* one name for each operation */
		uint32_t rw_flags;
		uint32_t poll32_events;
		uint32_t msg_flags;
		uint32_t accept_flags;
		uint32_t timeout_flags;
		uint32_t fsync_flags;
	};
	uint64_t user_data; /* comes back in io_uring_cqe.user_data */
	union {
		uint16_t buf_index;
		uint16_t buf_group;
	};
	uint16_t personality;
	uint32_t file_index;
	uint64_t addr3;
	uint64_t padding[1];
};
_Static_assert(sizeof(struct io_uring_sqe) == 64, "one cache line");

/* The argument of IORING_OP_TIMEOUT. */
struct __kernel_timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

/* Results. */
#define IORING_CQE_F_BUFFER (1u << 0)	     /* 5.7; its number stands above IORING_CQE_BUFFER_SHIFT */
#define IORING_CQE_F_MORE (1u << 1)	     /* 5.13 */
#define IORING_CQE_F_SOCK_NONEMPTY (1u << 2) /* 5.19 */
#define IORING_CQE_F_NOTIF (1u << 3)	     /* 6.0 */

enum {
	IORING_CQE_BUFFER_SHIFT = 16,
};

struct io_uring_cqe {
	uint64_t user_data;
	int32_t res; /* what the system call would have returned, or -errno */
	uint32_t flags;
};

/* io_uring_setup(2) */
#define IORING_SETUP_IOPOLL (1u << 0)
#define IORING_SETUP_SQPOLL (1u << 1)
#define IORING_SETUP_SQ_AFF (1u << 2)
#define IORING_SETUP_CQSIZE (1u << 3)	      /* 5.5 */
#define IORING_SETUP_CLAMP (1u << 4)	      /* 5.6 */
#define IORING_SETUP_SUBMIT_ALL (1u << 7)     /* 5.18 */
#define IORING_SETUP_COOP_TASKRUN (1u << 8)   /* 5.19 */
#define IORING_SETUP_SINGLE_ISSUER (1u << 12) /* 6.0 */
#define IORING_SETUP_DEFER_TASKRUN (1u << 13) /* 6.1 */

#define IORING_FEAT_SINGLE_MMAP (1u << 0)     /* 5.4 */
#define IORING_FEAT_FAST_POLL (1u << 5)	      /* 5.7 */
#define IORING_FEAT_SQPOLL_NONFIXED (1u << 7) /* 5.11 */
#define IORING_FEAT_EXT_ARG (1u << 8)	      /* 5.11 */
#define IORING_FEAT_CQE_SKIP (1u << 11)	      /* 5.17 */

struct io_sqring_offsets {
	uint32_t head;
	uint32_t tail;
	uint32_t ring_mask;
	uint32_t ring_entries;
	uint32_t flags;
	uint32_t dropped;
	uint32_t array;
	uint32_t resv1;
	uint64_t resv2;
};

struct io_cqring_offsets {
	uint32_t head;
	uint32_t tail;
	uint32_t ring_mask;
	uint32_t ring_entries;
	uint32_t overflow;
	uint32_t cqes;
	uint32_t flags;
	uint32_t resv1;
	uint64_t resv2;
};

struct io_uring_params {
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t flags; /* IORING_SETUP_* */
	uint32_t sq_thread_cpu;
	uint32_t sq_thread_idle; /* milliseconds */
	uint32_t features;	 /* IORING_FEAT_*, set by the kernel */
	uint32_t wq_fd;
	uint32_t resv[3];
	struct io_sqring_offsets sq_off;
	struct io_cqring_offsets cq_off;
};

/* Where mmap(2) of the ring's descriptor finds the rings (both, with FEAT_SINGLE_MMAP) and the SQEs. */
#define IORING_OFF_SQ_RING 0ull
#define IORING_OFF_SQES 0x10000000ull

/* The flags word of the submission ring. */
#define IORING_SQ_NEED_WAKEUP (1u << 0)
#define IORING_SQ_CQ_OVERFLOW (1u << 1) /* 5.8 */

/* io_uring_enter(2) */
#define IORING_ENTER_GETEVENTS (1u << 0)
#define IORING_ENTER_SQ_WAKEUP (1u << 1)
#define IORING_ENTER_SQ_WAIT (1u << 2)	       /* 5.10 */
#define IORING_ENTER_EXT_ARG (1u << 3)	       /* 5.11 */
#define IORING_ENTER_REGISTERED_RING (1u << 4) /* 5.18 */

/* io_uring_register(2) */
enum {
	IORING_REGISTER_BUFFERS = 0,
	IORING_REGISTER_FILES = 2,
	IORING_REGISTER_PROBE = 8,	     /* 5.6 */
	IORING_REGISTER_FILES2 = 13,	     /* 5.13 */
	IORING_REGISTER_BUFFERS2 = 15,	     /* 5.13 */
	IORING_REGISTER_BUFFERS_UPDATE = 16, /* 5.13 */
	IORING_REGISTER_RING_FDS = 20,	     /* 5.18 */
	IORING_REGISTER_PBUF_RING = 22,	     /* 5.19 */
};

/* The argument of IORING_REGISTER_FILES2, IORING_REGISTER_BUFFERS2 and IORING_REGISTER_BUFFERS_UPDATE. */
#define IORING_RSRC_REGISTER_SPARSE (1u << 0) /* 5.19 */

struct io_uring_rsrc_register {
	uint32_t nr;
	uint32_t flags; /* IORING_RSRC_REGISTER_* */
	uint64_t resv2;
	uint64_t data;
	uint64_t tags;
};

struct io_uring_rsrc_update2 {
	uint32_t offset;
	uint32_t resv;
	uint64_t data; /* struct iovec */
	uint64_t tags;
	uint32_t nr;
	uint32_t resv2;
};

/* Of IORING_REGISTER_RING_FDS. */
struct io_uring_rsrc_update {
	uint32_t offset;
	uint32_t resv;
	uint64_t data;
};

/* A ring of buffers: the tail of the ring lies in resv of the first. */
struct io_uring_buf {
	uint64_t addr;
	uint32_t len;
	uint16_t bid;
	uint16_t resv;
};
#define IO_URING_OP_SUPPORTED (1u << 0)

struct io_uring_probe_op {
	uint8_t op;
	uint8_t resv;
	uint16_t flags; /* IO_URING_OP_* */
	uint32_t resv2;
};

struct io_uring_probe {
	uint8_t last_op;
	uint8_t ops_len;
	uint16_t resv;
	uint32_t resv2[3];
	struct io_uring_probe_op ops[];
};

#endif

#endif
