/* native_aio.h - io_setup, io_submit and io_getevents, which the C library does not have. */
#ifndef IOMB_PROBES_NATIVE_AIO_H
#define IOMB_PROBES_NATIVE_AIO_H

#include <string.h>
#include <time.h>

#include "../wire/uapi.h"
#include "probe.h"

enum { IOCB_READ = 0 }; /* IOCB_CMD_PREAD */

static inline aio_context_t aio_open(unsigned events)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, events, &context) < 0)
		probe_unsupported("io_setup(%u): %s", events, strerror(errno));
	return context;
}

/* errno, 0. */
static inline int aio_submit(aio_context_t context, struct iocb *request)
{
	struct iocb *list[] = {request};

	return syscall(SYS_io_submit, context, 1, list) == 1 ? 0 : errno;
}

/* Whether one completes in so long; its result goes to result. */
static inline bool aio_get(aio_context_t context, int64_t *result, uint32_t wait_ms)
{
	struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000l};
	struct io_event event;
	long got;

	do
		got = syscall(SYS_io_getevents, context, wait_ms ? 1 : 0, 1, &event, &wait);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		probe_broken("io_getevents");
	*result = got == 1 ? event.res : 0;
	return got == 1;
}

static inline struct iocb aio_request(uint16_t opcode, int fd, void *buf, uint64_t bytes, int64_t at)
{
	return (struct iocb){.aio_lio_opcode = opcode,
			     .aio_fildes = (uint32_t)fd,
			     .aio_buf = (uint64_t)(uintptr_t)buf,
			     .aio_nbytes = bytes,
			     .aio_offset = at};
}

#endif
