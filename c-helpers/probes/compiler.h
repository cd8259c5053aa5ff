/* compiler.h - sample code put before the compiler that this program was made with. */
#ifndef IOMB_PROBES_COMPILER_H
#define IOMB_PROBES_COMPILER_H

#include <stddef.h>
#include <stdint.h>

struct compiled {
	int code; /* 0: it compiles */
	uint32_t errors, warnings;
	char first_error[200];
	char *output; /* what was asked for by -E, -S or so; the caller's to free */
};

/*
 * Options are split at spaces. The compiler is named by IOMB_CC, else it is cc; where there is none, the
 * probe is unsupported.
 */
struct compiled compile(const char *options, const char *source);

#endif
