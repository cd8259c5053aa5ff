/* totals.h - what a load has done since it began, for whoever counts the same on the other side. */
#ifndef IOMB_TOTALS_H
#define IOMB_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

struct load_totals {
	uint64_t opened; /* connections */
	uint64_t echoed; /* bytes that were sent and came back */
	bool exact;	 /* no connection broke: there is nothing that only one side can know of */
};

#endif
