/* features.h - the ask "features": what this kernel has of what models of I/O use, each of it tried. */
#ifndef IOMB_AGENT_FEATURES_H
#define IOMB_AGENT_FEATURES_H

#include "inbox.h"

void features(const struct ask *ask);

#endif
