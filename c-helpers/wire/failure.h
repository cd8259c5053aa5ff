/* failure.h - why a run ended early. The first failure is the one that is reported. */
#ifndef IOMB_FAILURE_H
#define IOMB_FAILURE_H

#include "abi.h"

struct failure {
	uint32_t status; /* enum loadgen_status */
	char message[LOADGEN_MESSAGE_BYTES];
};

/* Ends the run. */
__attribute__((format(printf, 3, 4))) void fail(struct failure *f, enum loadgen_status status,
						const char *format, ...);
/* The same for a system call that failed with errno. */
__attribute__((format(printf, 2, 3))) void fail_call(struct failure *f, const char *format, ...);

#endif
