/* result.h - what main.c and probe.c share: the list of probes, and the line that one ends with. */
#ifndef IOMB_PROBES_RESULT_H
#define IOMB_PROBES_RESULT_H

#include <stdio.h>

#include "probe.h"

enum { RESULT_TEXT_BYTES = 256 };

/* In the order of their ids. */
const struct probe *probes_first(void);
void json_string(FILE *out, const char *text);
/* With a reason: without values. */
void result_print(FILE *out, const struct probe *probe, const char *outcome, const char *reason);
/* Runs it in this process, which ends by it; the line goes to the descriptor. */
_Noreturn void result_run(const struct probe *probe, int fd);

#endif
