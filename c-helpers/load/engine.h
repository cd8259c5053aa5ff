/* engine.h - the event loop of a thread. */
#ifndef IOMB_ENGINE_H
#define IOMB_ENGINE_H

#include <stdbool.h>

#include "load.h"

/* The descriptors that the loop needs. False when one could not be had: the run has failed. */
bool engine_open(struct load *lg);
void engine_close(struct load *lg);
/* Whether the server owes something. */
bool engine_busy(const struct load *lg);
/* When the loop next looks after itself if nothing else wakes it. */
void engine_set_alarm(struct load *lg);
/* One return from the wait call and all that follows from it. */
void engine_turn(struct load *lg);
/* Nothing has come for too long: the run fails, and says who waits. */
void engine_fail_stalled(struct load *lg);

#endif
