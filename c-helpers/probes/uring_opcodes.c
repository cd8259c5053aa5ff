/* uring_opcodes - which operations this kernel's io_uring has, by IORING_REGISTER_PROBE. */
#include "ring.h"

/* In the order of enum io_uring_op, of Linux 6.19. */
#define OPS(X)                                                                                               \
	X(NOP)                                                                                               \
	X(READV)                                                                                             \
	X(WRITEV)                                                                                            \
	X(FSYNC)                                                                                             \
	X(READ_FIXED)                                                                                        \
	X(WRITE_FIXED)                                                                                       \
	X(POLL_ADD)                                                                                          \
	X(POLL_REMOVE)                                                                                       \
	X(SYNC_FILE_RANGE)                                                                                   \
	X(SENDMSG)                                                                                           \
	X(RECVMSG)                                                                                           \
	X(TIMEOUT)                                                                                           \
	X(TIMEOUT_REMOVE)                                                                                    \
	X(ACCEPT)                                                                                            \
	X(ASYNC_CANCEL)                                                                                      \
	X(LINK_TIMEOUT)                                                                                      \
	X(CONNECT)                                                                                           \
	X(FALLOCATE)                                                                                         \
	X(OPENAT)                                                                                            \
	X(CLOSE)                                                                                             \
	X(FILES_UPDATE)                                                                                      \
	X(STATX)                                                                                             \
	X(READ)                                                                                              \
	X(WRITE)                                                                                             \
	X(FADVISE)                                                                                           \
	X(MADVISE)                                                                                           \
	X(SEND)                                                                                              \
	X(RECV)                                                                                              \
	X(OPENAT2)                                                                                           \
	X(EPOLL_CTL)                                                                                         \
	X(SPLICE)                                                                                            \
	X(PROVIDE_BUFFERS)                                                                                   \
	X(REMOVE_BUFFERS)                                                                                    \
	X(TEE)                                                                                               \
	X(SHUTDOWN)                                                                                          \
	X(RENAMEAT)                                                                                          \
	X(UNLINKAT)                                                                                          \
	X(MKDIRAT)                                                                                           \
	X(SYMLINKAT)                                                                                         \
	X(LINKAT)                                                                                            \
	X(MSG_RING)                                                                                          \
	X(FSETXATTR)                                                                                         \
	X(SETXATTR)                                                                                          \
	X(FGETXATTR)                                                                                         \
	X(GETXATTR)                                                                                          \
	X(SOCKET)                                                                                            \
	X(URING_CMD)                                                                                         \
	X(SEND_ZC)                                                                                           \
	X(SENDMSG_ZC)                                                                                        \
	X(READ_MULTISHOT)                                                                                    \
	X(WAITID)                                                                                            \
	X(FUTEX_WAIT)                                                                                        \
	X(FUTEX_WAKE)                                                                                        \
	X(FUTEX_WAITV)                                                                                       \
	X(FIXED_FD_INSTALL)                                                                                  \
	X(FTRUNCATE)                                                                                         \
	X(BIND)                                                                                              \
	X(LISTEN)                                                                                            \
	X(RECV_ZC)                                                                                           \
	X(EPOLL_WAIT)                                                                                        \
	X(READV_FIXED)                                                                                       \
	X(WRITEV_FIXED)                                                                                      \
	X(PIPE)                                                                                              \
	X(NOP128)                                                                                            \
	X(URING_CMD128)

static void run(void)
{
#define NAME(op) #op,
	static const char *const names[] = {OPS(NAME)};
	const uint32_t count = sizeof(names) / sizeof(names[0]);
	union uring_ops known;
	struct uring ring;
	uint32_t supported = 0;

	ring_open(&ring, 0);
	int error = uring_ask_ops(&ring, &known);
	if (error < 0)
		probe_unsupported("io_uring_register(PROBE): %s", strerror(-error));
	for (uint32_t op = 0; op < 256; op++)
		supported += uring_knows(&known, (uint8_t)op);
	observe("lastOp", known.header.last_op);
	observe("count", supported);
	for (uint32_t op = 0; op < count; op++)
		observe_is(names[op], uring_knows(&known, (uint8_t)op));
}

#define VALUE(op) BOOLEAN(#op, "IORING_OP_" #op),
PROBE(.id = "uring-opcodes", .title = "the operations of this kernel's io_uring", .run = run,
      .values = {NUMBER("lastOp", "the number of the last that it knows"), NUMBER("count", "how many it has"),
		 OPS(VALUE)});
