/* posix_aio.h - which POSIX AIO this C library has. */
#ifndef IOMB_PROBES_POSIX_AIO_H
#define IOMB_PROBES_POSIX_AIO_H

#include <aio.h>
#include <stdint.h>

#include "probe.h"

/* Others start a thread for each request, or have none of these at all. */
static inline void needs_glibc_aio(void)
{
#ifndef __GLIBC__
	probe_unsupported("this C library is not glibc, whose POSIX AIO is probed");
#endif
}

/* Starts a read of one byte, or more, into the buffer. */
static inline void start_read(struct aiocb *request, int fd, void *buf, size_t bytes)
{
	*request = (struct aiocb){.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = bytes};
	request->aio_sigevent.sigev_notify = SIGEV_NONE;
	if (aio_read(request) < 0)
		probe_broken("aio_read");
}

#endif
