/* texts.h - the asks "files" and "symbols": what is read of this machine. */
#ifndef IOMB_AGENT_TEXTS_H
#define IOMB_AGENT_TEXTS_H

#include "inbox.h"

void files(const struct ask *ask);
void symbols(const struct ask *ask);

#endif
