/* calls.h - the system calls of file programs, counted; see server/count.h. */
#ifndef IOMB_CALLS_H
#define IOMB_CALLS_H

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../server/count.h"

/* All of them return -errno where they fail, as the results of asynchronous ones. */
static inline int64_t sys_pread(struct counters_slot *slot, int fd, void *to, size_t bytes, uint64_t at)
{
	count(slot, COUNT_SYS_PREAD64);
	ssize_t n = pread(fd, to, bytes, (off_t)at);
	return n < 0 ? -errno : n;
}

static inline int64_t sys_pwrite(struct counters_slot *slot, int fd, const void *from, size_t bytes,
				 uint64_t at)
{
	count(slot, COUNT_SYS_PWRITE64);
	ssize_t n = pwrite(fd, from, bytes, (off_t)at);
	return n < 0 ? -errno : n;
}

static inline int64_t sys_preadv2(struct counters_slot *slot, int fd, void *to, size_t bytes, uint64_t at,
				  int flags)
{
	struct iovec part = {.iov_base = to, .iov_len = bytes};
	count(slot, COUNT_SYS_PREADV2);
	/* musl has no preadv2. The offset is two halves; where a long holds all of it, the second falls out.
	 */
	ssize_t n = syscall(SYS_preadv2, fd, &part, 1ul, (long)at, (long)(at >> 32), flags);
	return n < 0 ? -errno : n;
}

static inline int64_t sys_fdatasync(struct counters_slot *slot, int fd)
{
	count(slot, COUNT_SYS_FDATASYNC);
	return fdatasync(fd) < 0 ? -errno : 0;
}

static inline int64_t sys_msync(struct counters_slot *slot, void *from, size_t bytes)
{
	count(slot, COUNT_SYS_MSYNC);
	return msync(from, bytes, MS_SYNC) < 0 ? -errno : 0;
}

#endif
