/* engine.h - the event loop and the phases of a run. */
#ifndef IOMB_ENGINE_H
#define IOMB_ENGINE_H

#include <stdbool.h>

#include "load.h"

/* The descriptors that the loop needs. False when one could not be had: the run has failed. */
bool engine_open(struct load *lg);
void engine_close(struct load *lg);
/* Connect, warm-up, start edge, measurement, end edge. Ends early when the status is not OK. */
void engine_run(struct load *lg);

#endif
