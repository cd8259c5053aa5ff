/*
 * abi.h - the wire between the orchestrator and the cost kernels; its twin is src/costs/abi.ts.
 *
 * Only fixed-width members without hidden padding; abi_version first in every struct; sizes asserted
 * here and compared through koffi.sizeof at load. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef IOMB_COSTS_ABI_H
#define IOMB_COSTS_ABI_H

#include <stdint.h>

#define COSTS_ABI_VERSION 1u
#define COSTS_MESSAGE_BYTES 128

#define COSTS_API __attribute__((visibility("default")))

struct costs_config {
	uint32_t abi_version;
	int32_t server_cpu; /* where loop and echo run; -1: not pinned */
	int32_t client_cpu; /* where the pings come from; -1: not pinned */
	uint32_t reserved;
	uint64_t loop_ns; /* how long to sample the loops, warm-up included */
	uint64_t ping_ns; /* how long to ping */
};

struct costs_report {
	uint32_t abi_version;
	int32_t error;	/* errno of the call that message names; 0: measured */
	uint32_t loops; /* samples behind spin_ns and behind syscall_ns */
	uint32_t pings; /* samples behind ping_ns */
	double spin_ns; /* medians */
	double syscall_ns;
	double ping_ns;
	char message[COSTS_MESSAGE_BYTES];
};

_Static_assert(sizeof(struct costs_config) == 32, "twin: src/costs/abi.ts");
_Static_assert(sizeof(struct costs_report) == 168, "twin: src/costs/abi.ts");

COSTS_API uint32_t costs_abi_version(void);

/*
 * Measures what the machine costs without any I/O model. Takes loop_ns + ping_ns on threads of its own
 * (call it .async), so the caller's affinity stays as it is.
 */
COSTS_API void costs_measure(const struct costs_config *config, struct costs_report *report);

#endif
