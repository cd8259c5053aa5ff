/* probe.h - the ask "probe": a program, run to its end. */
#ifndef IOMB_AGENT_PROBE_H
#define IOMB_AGENT_PROBE_H

#include "inbox.h"

void probe(const struct ask *ask);

#endif
