/*
 * uring_features.c - io_uring, feature by feature: every operation by IORING_REGISTER_PROBE, every flag by a
 * ring that is made with it, registrations and kinds of requests by one of each.
 *
 * Names and numbers are those of include/uapi/linux/io_uring.h of 7.0. What a newer kernel has beyond them is
 * told by its number.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../wire/uapi.h"
#include "feature.h"
#include "uring_features.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))
#define PAGE_BYTES_MAX 65536u
#define NAME_BYTES 24
#define OPERATIONS_MAX 256u
#define SQ_ENTRIES 4u /* one alone cannot be of either size, as SQE_MIXED has it */

/* By number. */
static const char *const operations[] = {
	/* 5.1 */
	"NOP", "READV", "WRITEV", "FSYNC", "READ_FIXED", "WRITE_FIXED", "POLL_ADD", "POLL_REMOVE",
	/* 5.2 to 5.5 */
	"SYNC_FILE_RANGE", "SENDMSG", "RECVMSG", "TIMEOUT", "TIMEOUT_REMOVE", "ACCEPT", "ASYNC_CANCEL",
	"LINK_TIMEOUT", "CONNECT",
	/* 5.6 */
	"FALLOCATE", "OPENAT", "CLOSE", "FILES_UPDATE", "STATX", "READ", "WRITE", "FADVISE", "MADVISE",
	"SEND", "RECV", "OPENAT2", "EPOLL_CTL",
	/* 5.7 to 5.15 */
	"SPLICE", "PROVIDE_BUFFERS", "REMOVE_BUFFERS", "TEE", "SHUTDOWN", "RENAMEAT", "UNLINKAT", "MKDIRAT",
	"SYMLINKAT", "LINKAT",
	/* 5.18 to 6.1 */
	"MSG_RING", "FSETXATTR", "SETXATTR", "FGETXATTR", "GETXATTR", "SOCKET", "URING_CMD", "SEND_ZC",
	"SENDMSG_ZC",
	/* 6.7 to 6.11 */
	"READ_MULTISHOT", "WAITID", "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_WAITV", "FIXED_FD_INSTALL",
	"FTRUNCATE", "BIND", "LISTEN",
	/* 6.15 to 6.19 */
	"RECV_ZC", "EPOLL_WAIT", "READV_FIXED", "WRITEV_FIXED", "PIPE", "NOP128", "URING_CMD128"};

enum {
	SETUP_IOPOLL = 1u << 0,
	SETUP_ATTACH_WQ = 1u << 5,
	SETUP_NO_MMAP = 1u << 14,
	SETUP_REGISTERED_FD_ONLY = 1u << 15,
	SETUP_NO_SQARRAY = 1u << 16,
};

/* By bit; with: the flags without which it is refused. */
static const struct setup_flag {
	const char *name;
	uint32_t with;
} setup_flags[] = {
	{"IOPOLL", 0},
	{"SQPOLL", 0},
	{"SQ_AFF", IORING_SETUP_SQPOLL},
	{"CQSIZE", 0},
	{"CLAMP", 0},
	{"ATTACH_WQ", 0},
	{"R_DISABLED", 0},
	{"SUBMIT_ALL", 0},
	{"COOP_TASKRUN", 0},
	{"TASKRUN_FLAG", IORING_SETUP_COOP_TASKRUN},
	{"SQE128", 0},
	{"CQE32", 0},
	{"SINGLE_ISSUER", 0},
	{"DEFER_TASKRUN", IORING_SETUP_SINGLE_ISSUER},
	{"NO_MMAP", 0},
	{"REGISTERED_FD_ONLY", SETUP_NO_MMAP},
	{"NO_SQARRAY", 0},
	{"HYBRID_IOPOLL", SETUP_IOPOLL},
	{"CQE_MIXED", 0},
	{"SQE_MIXED", 0},
	{"SQ_REWIND", SETUP_NO_SQARRAY},
};

/* By bit. */
static const char *const feature_bits[] = {
	"SINGLE_MMAP", "NODROP",      "SUBMIT_STABLE",	 "RW_CUR_POS",	 "CUR_PERSONALITY",
	"FAST_POLL",   "POLL_32BITS", "SQPOLL_NONFIXED", "EXT_ARG",	 "NATIVE_WORKERS",
	"RSRC_TAGS",   "CQE_SKIP",    "LINKED_FILE",	 "REG_REG_RING", "RECVSEND_BUNDLE",
	"MIN_TIMEOUT", "RW_ATTR",     "NO_IOWAIT"};

/* What rings of memory of ours and registrations lie in: two pages, of whatever size. */
static _Alignas(PAGE_BYTES_MAX) char pages[2][PAGE_BYTES_MAX];

static int io_register(int fd, unsigned int what, void *arg, unsigned int args)
{
	return (int)syscall(SYS_io_uring_register, fd, what, arg, args) < 0 ? errno : 0;
}

/* A descriptor, or -errno. */
static int ring_open(uint32_t flags, struct io_uring_params *params)
{
	params->flags = flags;
	int fd = (int)syscall(SYS_io_uring_setup, SQ_ENTRIES, params);
	return fd < 0 ? -errno : fd;
}

/* A ring of REGISTERED_FD_ONLY has an index in the task's table instead of a descriptor. */
static void forget_index(int index)
{
	enum { UNREGISTER_RING_FDS = 21, USE_REGISTERED_RING = 1u << 31 };
	struct {
		uint32_t offset, resv;
		uint64_t data;
	} entry = {.offset = (uint32_t)index};

	(void)io_register(index, UNREGISTER_RING_FDS | USE_REGISTERED_RING, &entry, 1);
}

/* An errno; 0: a ring was made. base: one to share the workers of. */
static int try_flags(uint32_t flags, int base)
{
	int cpu = sched_getcpu();
	struct io_uring_params params = {.cq_entries = 2 * SQ_ENTRIES,
					 .sq_thread_cpu = cpu < 0 ? 0 : (uint32_t)cpu};

	if (flags & SETUP_ATTACH_WQ)
		params.wq_fd = (uint32_t)base;
	if (flags & SETUP_NO_MMAP) {
		params.sq_off.resv2 = (uint64_t)(uintptr_t)pages[0]; /* user_addr, since 6.5 */
		params.cq_off.resv2 = (uint64_t)(uintptr_t)pages[1];
	}
	int fd = ring_open(flags, &params);
	if (fd < 0)
		return -fd;
	if (flags & SETUP_REGISTERED_FD_ONLY)
		forget_index(fd);
	else
		(void)close(fd);
	return 0;
}

static void setup_group(int base)
{
	char name[NAME_BYTES];

	group_begin("io_uring setup flags");
	for (unsigned int bit = 0; bit < COUNT_OF(setup_flags); bit++)
		feature_put(setup_flags[bit].name, try_flags(1u << bit | setup_flags[bit].with, base));
	for (unsigned int bit = COUNT_OF(setup_flags); bit < 32; bit++) {
		if (try_flags(1u << bit, base) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "bit %u", bit);
		feature_put(name, 0);
	}
	group_end(-1);
}

static void bits_group(int fd, uint32_t bits)
{
	char name[NAME_BYTES];

	group_begin("io_uring feature bits");
	for (unsigned int bit = 0; bit < COUNT_OF(feature_bits); bit++)
		if (fd < 0)
			feature_put(feature_bits[bit], -fd);
		else
			feature_put_because(feature_bits[bit], bits >> bit & 1, NULL);
	for (unsigned int bit = COUNT_OF(feature_bits); fd >= 0 && bit < 32; bit++) {
		if (!(bits >> bit & 1))
			continue;
		(void)snprintf(name, sizeof(name), "bit %u", bit);
		feature_put(name, 0);
	}
	group_end(-1);
}

static void operations_group(int fd)
{
	static union {
		struct io_uring_probe header;
		char bytes[sizeof(struct io_uring_probe) + OPERATIONS_MAX * sizeof(struct io_uring_probe_op)];
	} probe;
	char name[NAME_BYTES];

	(void)memset(&probe, 0, sizeof(probe));
	int error = fd < 0 ? -fd : io_register(fd, IORING_REGISTER_PROBE, &probe, OPERATIONS_MAX);
	unsigned int known = error ? 0 : probe.header.last_op + 1u;
	group_begin("io_uring operations");
	for (unsigned int op = 0; op < COUNT_OF(operations) || op < known; op++) {
		bool there = op < known && (probe.header.ops[op].flags & IO_URING_OP_SUPPORTED);

		(void)snprintf(name, sizeof(name), "opcode %u", op);
		const char *text = op < COUNT_OF(operations) ? operations[op] : name;
		if (error)
			feature_put(text, error);
		else
			feature_put_because(text, there, op < known ? "configured out" : "unknown");
	}
	group_end(error ? -1 : (int)known);
}

/* Registrations, each by its arguments: an errno, or 0. */

static int try_sparse_files(int fd)
{
	struct {
		uint32_t nr, flags;
		uint64_t resv2, data, tags;
	} files = {.nr = 4, .flags = 1 /* IORING_RSRC_REGISTER_SPARSE */};

	return io_register(fd, 13, &files, sizeof(files));
}

/* After the files. */
static int try_alloc_range(int fd)
{
	struct {
		uint32_t off, len;
		uint64_t resv;
	} range = {.len = 4};

	return io_register(fd, 25, &range, 0);
}

static int try_workers(int fd)
{
	uint32_t unchanged[2] = {0};

	return io_register(fd, 19, unchanged, 2);
}

static int try_ring_fd(int fd)
{
	struct {
		uint32_t offset, resv;
		uint64_t data;
	} entry = {.offset = UINT32_MAX, .data = (uint64_t)fd};
	int error = io_register(fd, 20, &entry, 1);

	if (error == 0) {
		entry.data = 0;
		(void)io_register(fd, 21, &entry, 1);
	}
	return error;
}

/* Each of a group of its own. */
static int try_buffer_ring(int fd, uint16_t group, uint16_t flags)
{
	enum { MMAP = 1 };
	struct {
		uint64_t ring_addr;
		uint32_t ring_entries;
		uint16_t bgid, flags;
		uint64_t resv[3];
	} ring = {
		.ring_addr = flags & MMAP ? 0 : (uint64_t)(uintptr_t)pages[0],
		.ring_entries = 4,
		.bgid = group,
		.flags = flags,
	};

	return io_register(fd, 22, &ring, 1);
}

static int try_plain_buffers(int fd)
{
	return try_buffer_ring(fd, 1, 0);
}

static int try_mapped_buffers(int fd)
{
	return try_buffer_ring(fd, 2, 1);
}

static int try_incremental_buffers(int fd)
{
	return try_buffer_ring(fd, 3, 2);
}

static int try_sync_cancel(int fd)
{
	struct {
		uint64_t addr;
		int32_t fd;
		uint32_t flags;
		int64_t timeout_s, timeout_ns;
		uint8_t opcode, pad[7];
		uint64_t pad2[3];
	} cancel = {.fd = -1, .timeout_s = -1, .timeout_ns = -1};
	int error = io_register(fd, 24, &cancel, 1);

	return error == ENOENT ? 0 : error; /* nothing is under way */
}

static int try_napi(int fd)
{
	struct {
		uint32_t busy_poll_us;
		uint8_t prefer, pad[3];
		uint64_t resv;
	} napi = {0}, before = {0};
	int error = io_register(fd, 27, &napi, 1);

	if (error == 0)
		(void)io_register(fd, 28, &before, 1);
	return error;
}

static int try_clock(int fd)
{
	struct {
		uint32_t clock, resv[3];
	} clock = {.clock = CLOCK_MONOTONIC};

	return io_register(fd, 29, &clock, 0);
}

static int try_resize(int fd)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE, .sq_entries = SQ_ENTRIES, .cq_entries = 4 * SQ_ENTRIES};

	(void)fd; /* it takes only rings with deferred work */
	struct io_uring_params own = {0};
	int ring = ring_open(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, &own);
	if (ring < 0)
		return -ring;
	int error = io_register(ring, 33, &params, 1);
	(void)close(ring);
	return error;
}

static int try_region(int fd)
{
	struct {
		uint64_t user_addr, size;
		uint32_t flags, id;
		uint64_t mmap_offset, resv[4];
	} region = {
		.user_addr = (uint64_t)(uintptr_t)pages[0],
		.size = (uint64_t)sysconf(_SC_PAGESIZE),
		.flags = 1, /* IORING_MEM_REGION_TYPE_USER */
	};
	struct {
		uint64_t region, flags, resv[2];
	} wanted = {.region = (uint64_t)(uintptr_t)&region};

	return io_register(fd, 34, &wanted, 1);
}

static int try_query(int fd)
{
	(void)fd;
	/* An empty list of queries. */
	return io_register(-1, 35, NULL, 0);
}

static const struct {
	const char *name;
	int (*try_it)(int fd);
} registrations[] = {
	{"sparse files", try_sparse_files},
	{"FILE_ALLOC_RANGE", try_alloc_range},
	{"IOWQ_MAX_WORKERS", try_workers},
	{"RING_FDS", try_ring_fd},
	{"PBUF_RING", try_plain_buffers},
	{"PBUF_RING by mmap", try_mapped_buffers},
	{"PBUF_RING incremental", try_incremental_buffers},
	{"SYNC_CANCEL", try_sync_cancel},
	{"NAPI", try_napi},
	{"CLOCK", try_clock},
	{"RESIZE_RINGS", try_resize},
	{"MEM_REGION", try_region},
	{"QUERY", try_query},
};

static void registrations_group(int fd)
{
	group_begin("io_uring registrations");
	for (unsigned int i = 0; i < COUNT_OF(registrations); i++)
		feature_put(registrations[i].name, fd < 0 ? -fd : registrations[i].try_it(fd));
	group_end(-1);
}

/* One request in a ring of its own: an errno; 0: it was taken, and waits or went well. */
static int try_request(const struct io_uring_sqe *request)
{
	struct io_uring_params params = {0};
	int fd = ring_open(0, &params), error = 0;
	if (fd < 0)
		return -fd;
	size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	size_t cq_bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	size_t bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
	int prot = PROT_READ | PROT_WRITE;
	char *rings = mmap(NULL, bytes, prot, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, sizeof(*sqe), prot, MAP_SHARED, fd, IORING_OFF_SQES);

	if (rings == MAP_FAILED || sqe == MAP_FAILED || !(params.features & IORING_FEAT_SINGLE_MMAP)) {
		error = EOPNOTSUPP;
	} else {
		*sqe = *request;
		*(uint32_t *)(rings + params.sq_off.array) = 0;
		__atomic_store_n((uint32_t *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0) < 0)
			error = errno;
		else if (__atomic_load_n((uint32_t *)(rings + params.cq_off.tail), __ATOMIC_ACQUIRE) > 0)
			error = -((struct io_uring_cqe *)(rings + params.cq_off.cqes))->res;
	}
	if (sqe != MAP_FAILED)
		(void)munmap(sqe, sizeof(*sqe));
	if (rings != MAP_FAILED)
		(void)munmap(rings, bytes);
	(void)close(fd);
	return error > 0 ? error : 0;
}

static void requests_group(void)
{
	enum { BUFFER_SELECT = 1u << 5, POLL_MULTI = 1, TIMEOUT_MULTI = 1u << 6 };
	enum { ACCEPT_MULTI = 1, RECV_MULTI = 2 };
	struct __kernel_timespec hour = {.tv_sec = 3600};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int pair[2] = {-1, -1}, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		pair[0] = pair[1] = -1;
	(void)bind(listener, (struct sockaddr *)&any, sizeof(any));
	(void)listen(listener, 1);
	const struct {
		const char *name;
		struct io_uring_sqe sqe;
	} requests[] = {
		{"multishot POLL_ADD",
		 {.opcode = IORING_OP_POLL_ADD, .fd = pair[0], .len = POLL_MULTI, .poll32_events = POLLIN}},
		{"multishot ACCEPT", {.opcode = IORING_OP_ACCEPT, .fd = listener, .ioprio = ACCEPT_MULTI}},
		{"POLL_FIRST",
		 {.opcode = IORING_OP_RECV,
		  .fd = pair[0],
		  .ioprio = IORING_RECVSEND_POLL_FIRST,
		  .addr = (uint64_t)(uintptr_t)pages[1],
		  .len = 1}},
		{"multishot RECV",
		 {.opcode = IORING_OP_RECV,
		  .fd = pair[0],
		  .flags = BUFFER_SELECT,
		  .ioprio = RECV_MULTI | IORING_RECVSEND_POLL_FIRST}},
		{"multishot TIMEOUT",
		 {.opcode = IORING_OP_TIMEOUT,
		  .addr = (uint64_t)(uintptr_t)&hour,
		  .len = 1,
		  .timeout_flags = TIMEOUT_MULTI}},
	};

	group_begin("io_uring requests");
	for (unsigned int i = 0; i < COUNT_OF(requests); i++)
		feature_put(requests[i].name, try_request(&requests[i].sqe));
	group_end(-1);
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			(void)close(pair[i]);
	if (listener >= 0)
		(void)close(listener);
}

/* Where there is no io_uring at all, everything is refused as the plain ring is: what would be told is long.
 */
void uring_features(void)
{
	struct io_uring_params params = {0};
	int fd = ring_open(0, &params);

	operations_group(fd);
	setup_group(fd);
	bits_group(fd, params.features);
	registrations_group(fd);
	requests_group();
	if (fd >= 0)
		(void)close(fd);
}
