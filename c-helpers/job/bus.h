/*
 * bus.h - memory that is a file: where the disk fails, or the file has become shorter, a touch of it is a
 * SIGBUS, and this makes a jump of it.
 */
#ifndef IOMB_BUS_H
#define IOMB_BUS_H

#include <setjmp.h>

/* Catches SIGBUS from now on; dies where it cannot. */
void bus_open(void);
/* Where the calling thread goes on after a SIGBUS: sigsetjmp(back, 1) has filled it. NULL: nowhere, it ends.
 */
void bus_guard(sigjmp_buf *back);

#endif
