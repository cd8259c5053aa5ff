/* liburing_exports.h - apart from the library's header, whose inline functions have the same names. */
#ifndef IOMB_PROBES_LIBURING_EXPORTS_H
#define IOMB_PROBES_LIBURING_EXPORTS_H

#include <stdint.h>

/* Of 8 functions that prepare and finish requests, those that the library exports. */
uint32_t liburing_exports(void);

#endif
