/* feature.h - how what was tried is told: groups of features, in the answer under way. */
#ifndef IOMB_AGENT_FEATURE_H
#define IOMB_AGENT_FEATURE_H

#include <stdbool.h>

/* Begins a group of the array under way. */
void group_begin(const char *name);
/* count: how many the kernel itself says that it knows; negative: it says nothing of the kind. */
void group_end(int count);
/* A feature of the group under way. error: 0 where it is there, else the errno with which it is refused. */
void feature_put(const char *name, int error);
/* The same where no errno tells it; reason may be NULL. */
void feature_put_because(const char *name, bool available, const char *reason);

#endif
