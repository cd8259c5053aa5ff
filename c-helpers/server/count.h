/*
 * count.h - the counters that every server keeps, and the system calls that count themselves.
 *
 * Hot paths call the sys_* wrappers: each adds one to the counter of its system call in the calling
 * thread's slot and makes the call. The slot has one writer, so the store needs no lock; it is an
 * atomic store only because other processes and the SIGTERM handler read it.
 */
#ifndef IOMB_COUNT_H
#define IOMB_COUNT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "../wire/uapi.h"
#include "counters.h"

/*
 * X(identifier, name on the wire). "wakeups" are returns from the wait call, "idle_wakeups" those (or
 * those passes over all connections) that found nothing to do, "events" what they reported. "enobufs" are
 * receives that found no provided buffer, "zc_copied" zero-copy sends that the kernel copied all the same.
 * Whoever sums while threads run reads in this order: what follows from something stands before it, so
 * that no sum shows more closed than accepted, or more bytes out than in.
 * The poll and epoll_wait calls exist only on older architectures; elsewhere libc uses the p-variants. Other
 * libraries than glibc (musl) make epoll_wait out of epoll_pwait where both exist.
 */
#ifdef SYS_poll
#define SYS_NAME_POLL "sys.poll"
#else
#define SYS_NAME_POLL "sys.ppoll"
#endif
#if defined(SYS_epoll_wait) && defined(__GLIBC__)
#define SYS_NAME_EPOLL_WAIT "sys.epoll_wait"
#else
#define SYS_NAME_EPOLL_WAIT "sys.epoll_pwait"
#endif

/* What libc makes of fork; musl has the call of that name where there is one. */
#if defined(__GLIBC__) || !defined(SYS_fork)
#define SYS_NAME_FORK "sys.clone"
#else
#define SYS_NAME_FORK "sys.fork"
#endif

#define COUNTER_LIST(X)                                                                                      \
	X(CONN_ERRORS, "conn_errors")                                                                        \
	X(CLOSED, "closed")                                                                                  \
	X(REFUSED, "refused")                                                                                \
	X(ACCEPTED, "accepted")                                                                              \
	X(BYTES_OUT, "bytes_out")                                                                            \
	X(BYTES_IN, "bytes_in")                                                                              \
	X(SHORT_WRITES, "short_writes")                                                                      \
	X(WRITES, "writes")                                                                                  \
	X(READS, "reads")                                                                                    \
	X(IDLE_WAKEUPS, "idle_wakeups")                                                                      \
	X(WAKEUPS, "wakeups")                                                                                \
	X(EVENTS, "events")                                                                                  \
	X(RESCANS, "rescans")                                                                                \
	X(SIGNAL_OVERFLOWS, "signal_overflows")                                                              \
	X(CQ_OVERFLOWS, "cq_overflows")                                                                      \
	X(SQ_FULL, "sq_full")                                                                                \
	X(ENOBUFS, "enobufs")                                                                                \
	X(ZC_COPIED, "zc_copied")                                                                            \
	X(SYS_ACCEPT4, "sys.accept4")                                                                        \
	X(SYS_RECVFROM, "sys.recvfrom")                                                                      \
	X(SYS_SENDTO, "sys.sendto")                                                                          \
	X(SYS_CLOSE, "sys.close")                                                                            \
	X(SYS_POLL, SYS_NAME_POLL)                                                                           \
	X(SYS_PSELECT6, "sys.pselect6")                                                                      \
	X(SYS_EPOLL_WAIT, SYS_NAME_EPOLL_WAIT)                                                               \
	X(SYS_EPOLL_CTL, "sys.epoll_ctl")                                                                    \
	X(SYS_FCNTL, "sys.fcntl")                                                                            \
	X(SYS_FUTEX, "sys.futex")                                                                            \
	X(SYS_RT_SIGTIMEDWAIT, "sys.rt_sigtimedwait")                                                        \
	X(SYS_RT_SIGACTION, "sys.rt_sigaction")                                                              \
	X(SYS_IO_SUBMIT, "sys.io_submit")                                                                    \
	X(SYS_IO_GETEVENTS, "sys.io_getevents")                                                              \
	X(SYS_IO_URING_ENTER, "sys.io_uring_enter")                                                          \
	X(SYS_IO_URING_REGISTER, "sys.io_uring_register")                                                    \
	X(SYS_PREAD64, "sys.pread64")                                                                        \
	X(SYS_PWRITE64, "sys.pwrite64")                                                                      \
	X(SYS_PREADV2, "sys.preadv2")                                                                        \
	X(SYS_FDATASYNC, "sys.fdatasync")                                                                    \
	X(SYS_MSYNC, "sys.msync")                                                                            \
	X(SYS_READ, "sys.read")                                                                              \
	X(SYS_WRITE, "sys.write")                                                                            \
	X(SYS_GETPID, "sys.getpid")                                                                          \
	X(SYS_GETUID, "sys.getuid")                                                                          \
	X(SYS_RT_SIGQUEUEINFO, "sys.rt_sigqueueinfo")                                                        \
	X(SYS_STATX, "sys.statx")                                                                            \
	X(SYS_PRLIMIT64, "sys.prlimit64")                                                                    \
	X(SYS_FORK, SYS_NAME_FORK)                                                                           \
	X(SYS_WAIT4, "sys.wait4")                                                                            \
	X(SYS_PRCTL, "sys.prctl")                                                                            \
	X(SYS_GETPPID, "sys.getppid")                                                                        \
	X(SYS_GETRUSAGE, "sys.getrusage")                                                                    \
	X(SYS_RT_SIGRETURN, "sys.rt_sigreturn")

enum counter {
#define COUNTER_ENUM(id, name) COUNT_##id,
	COUNTER_LIST(COUNTER_ENUM)
#undef COUNTER_ENUM
		COUNTERS
};
_Static_assert(COUNTERS <= COUNTERS_MAX, "the counters page is too small");

/* The page. counters_open maps it for up to threads_max threads and returns its memfd, or dies. */
int counters_open(uint32_t threads_max);
struct counters_slot *counters_slot(uint32_t index);
/* For threads that come and go; a slot is reused after its return. Never NULL within threads_max. */
struct counters_slot *counters_slot_take(void);
void counters_slot_return(struct counters_slot *slot);
uint64_t counters_sum(enum counter id);
const char *counter_name(enum counter id);
struct counters_header *counters_header(void);

static inline void count_add(struct counters_slot *slot, enum counter id, uint64_t n)
{
	__atomic_store_n(&slot->value[id], slot->value[id] + n, __ATOMIC_RELAXED);
}

static inline void count(struct counters_slot *slot, enum counter id)
{
	count_add(slot, id, 1);
}

static inline ssize_t sys_recv(struct counters_slot *slot, int fd, void *buf, size_t bytes)
{
	count(slot, COUNT_SYS_RECVFROM);
	return recv(fd, buf, bytes, 0);
}

static inline ssize_t sys_send(struct counters_slot *slot, int fd, const void *buf, size_t bytes)
{
	count(slot, COUNT_SYS_SENDTO);
	return send(fd, buf, bytes, MSG_NOSIGNAL);
}

static inline int sys_close(struct counters_slot *slot, int fd)
{
	count(slot, COUNT_SYS_CLOSE);
	return close(fd);
}

static inline int sys_poll(struct counters_slot *slot, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	count(slot, COUNT_SYS_POLL);
	return poll(fds, n, timeout_ms);
}

/* What glibc makes of select since 2.34; musl, and glibc before, use the select call where there is one. */
static inline int sys_select(struct counters_slot *slot, int fds_end, fd_set *in, fd_set *out)
{
	count(slot, COUNT_SYS_PSELECT6);
	return (int)syscall(SYS_pselect6, fds_end, in, out, NULL, NULL, NULL);
}

static inline int sys_epoll_wait(struct counters_slot *slot, int ep, struct epoll_event *events,
				 int events_max)
{
	count(slot, COUNT_SYS_EPOLL_WAIT);
	return epoll_wait(ep, events, events_max, -1);
}

static inline int sys_epoll_ctl(struct counters_slot *slot, int ep, int op, int fd, struct epoll_event *event)
{
	count(slot, COUNT_SYS_EPOLL_CTL);
	return epoll_ctl(ep, op, fd, event);
}

static inline int sys_fcntl(struct counters_slot *slot, int fd, int cmd, long arg)
{
	count(slot, COUNT_SYS_FCNTL);
	return fcntl(fd, cmd, arg);
}

/* Sleeps while *word is value. Returns early for many reasons: look at the word again. */
static inline void sys_futex_wait(struct counters_slot *slot, uint32_t *word, uint32_t value)
{
	count(slot, COUNT_SYS_FUTEX);
	(void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL);
}

static inline void sys_futex_wake(struct counters_slot *slot, uint32_t *word, uint32_t waiters_max)
{
	count(slot, COUNT_SYS_FUTEX);
	(void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, waiters_max);
}

static inline int sys_sigtimedwait(struct counters_slot *slot, const sigset_t *set, siginfo_t *info,
				   const struct timespec *timeout)
{
	count(slot, COUNT_SYS_RT_SIGTIMEDWAIT);
	return sigtimedwait(set, info, timeout);
}

static inline int sys_sigaction(struct counters_slot *slot, int sig, const struct sigaction *action)
{
	count(slot, COUNT_SYS_RT_SIGACTION);
	return sigaction(sig, action, NULL);
}

/* libc has no wrappers for native AIO; libaio's return -errno, these set errno like all others here. */
static inline long sys_io_submit(struct counters_slot *slot, aio_context_t context, long n,
				 struct iocb **iocbs)
{
	count(slot, COUNT_SYS_IO_SUBMIT);
	return syscall(SYS_io_submit, context, n, iocbs);
}

static inline long sys_io_getevents(struct counters_slot *slot, aio_context_t context, long events_min,
				    long events_max, struct io_event *events)
{
	count(slot, COUNT_SYS_IO_GETEVENTS);
	return syscall(SYS_io_getevents, context, events_min, events_max, events, NULL);
}

/* arg: a signal mask, or what IORING_ENTER_EXT_ARG says. */
static inline int sys_io_uring_enter(struct counters_slot *slot, int ring_fd, uint32_t to_submit,
				     uint32_t complete_min, uint32_t flags, void *arg, size_t arg_bytes)
{
	count(slot, COUNT_SYS_IO_URING_ENTER);
	return (int)syscall(SYS_io_uring_enter, ring_fd, to_submit, complete_min, flags, arg, arg_bytes);
}

static inline int sys_io_uring_register(struct counters_slot *slot, int ring_fd, uint32_t what,
					const void *arg, uint32_t args)
{
	count(slot, COUNT_SYS_IO_URING_REGISTER);
	return (int)syscall(SYS_io_uring_register, ring_fd, what, arg, args);
}

#endif
