/*
 * abi.h - the wire between the orchestrator and the calibration; its twin is src/calibration/abi.ts.
 *
 * Only fixed-width members without hidden padding; abi_version first in every struct; sizes asserted
 * here and compared through koffi.sizeof at load. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef IOMB_CALIBRATION_ABI_H
#define IOMB_CALIBRATION_ABI_H

#include <stdint.h>

#define CALIBRATION_ABI_VERSION 1u
#define CALIBRATION_MESSAGE_BYTES 128

#define CALIBRATION_API __attribute__((visibility("default")))

struct calibration_config {
	uint32_t abi_version;
	int32_t server_cpu; /* where loop and echo run; -1: not pinned */
	int32_t client_cpu; /* where the pings come from; -1: not pinned */
	uint32_t reserved;
	uint64_t loop_ns; /* how long to sample the loops, warm-up included */
	uint64_t ping_ns; /* how long to ping */
};

struct calibration_report {
	uint32_t abi_version;
	int32_t error;	/* errno of the call that message names; 0: measured */
	uint32_t loops; /* samples behind spin_ns and behind syscall_ns */
	uint32_t pings; /* samples behind ping_ns */
	double spin_ns; /* medians */
	double syscall_ns;
	double ping_ns;
	char message[CALIBRATION_MESSAGE_BYTES];
};

_Static_assert(sizeof(struct calibration_config) == 32, "twin: src/calibration/abi.ts");
_Static_assert(sizeof(struct calibration_report) == 168, "twin: src/calibration/abi.ts");

CALIBRATION_API uint32_t calibration_abi_version(void);

/*
 * Measures what the machine costs without any I/O model. Takes loop_ns + ping_ns on threads of its own
 * (call it .async), so the caller's affinity stays as it is; longer where it got too few samples in that
 * time.
 */
CALIBRATION_API void calibration_measure(const struct calibration_config *config,
					 struct calibration_report *report);

#endif
