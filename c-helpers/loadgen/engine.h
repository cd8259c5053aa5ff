/* engine.h - the event loop and the phases of a run. */
#ifndef IOMB_ENGINE_H
#define IOMB_ENGINE_H

#include <stdbool.h>

#include "generator.h"

/* The descriptors that the loop needs. False when one could not be had: the run has failed. */
bool engine_open(struct loadgen *lg);
void engine_close(struct loadgen *lg);
/* Connect, warm-up, start edge, measurement, end edge. Ends early when the status is not OK. */
void engine_run(struct loadgen *lg);
/* The deadline is seen at lg->now_ns: the load is switched off and the books of the window close. */
void engine_end_load(struct loadgen *lg);

#endif
