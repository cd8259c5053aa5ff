/* trial.h - the ask "trial": a server, the echo check, the load; as src/trial.ts does it on the host. */
#ifndef IOMB_AGENT_TRIAL_H
#define IOMB_AGENT_TRIAL_H

#include "inbox.h"

void trial(const struct ask *ask);

#endif
