/* liburing_exports.c - see liburing_exports.h. */
#include "liburing_exports.h"

#include <stddef.h>

#include "probe.h"

/* Weak: what the library does not export has no address. */
#define WEAK(name) extern void name(void) __attribute__((weak))
WEAK(io_uring_prep_nop);
WEAK(io_uring_prep_read);
WEAK(io_uring_prep_write);
WEAK(io_uring_prep_recv);
WEAK(io_uring_prep_send);
WEAK(io_uring_prep_accept);
WEAK(io_uring_prep_openat);
WEAK(io_uring_cqe_seen);
WEAK(io_uring_submit);

uint32_t liburing_exports(void)
{
	void (*const functions[])(void) = {io_uring_prep_nop,	 io_uring_prep_read, io_uring_prep_write,
					   io_uring_prep_recv,	 io_uring_prep_send, io_uring_prep_accept,
					   io_uring_prep_openat, io_uring_cqe_seen};
	uint32_t count = 0;

	if (io_uring_submit == NULL)
		probe_odd("the library does not even export io_uring_submit");
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		count += functions[i] != NULL;
	return count;
}
