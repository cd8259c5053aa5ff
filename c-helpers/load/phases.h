/* phases.h - the phases of a run, from the first connect to the last close. */
#ifndef IOMB_PHASES_H
#define IOMB_PHASES_H

#include "load.h"

/*
 * Connect, warm-up, start edge, measurement, end edge; every thread of the load calls it, and they go from
 * phase to phase together. Ends early when this thread or another has failed.
 */
void phases_run(struct load *lg);

#endif
