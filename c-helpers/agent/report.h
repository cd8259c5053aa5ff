/* report.h - what a load has found, as JSON. */
#ifndef IOMB_AGENT_REPORT_H
#define IOMB_AGENT_REPORT_H

#include "../wire/abi.h"

/* The name of an enum loadgen_status. */
const char *report_status(uint32_t status);
/* Puts the report as a value: the members of LoadReport in src/load/generator.ts, histograms sparse. */
void put_report(const struct loadgen *load, const struct loadgen_config *config);

#endif
