/* command.h - which program an ask names, and with which arguments. */
#ifndef IOMB_AGENT_COMMAND_H
#define IOMB_AGENT_COMMAND_H

#include <stdbool.h>

#include "child.h"
#include "inbox.h"

struct command {
	char program[64];
	const char *args[CHILD_ARGS_MAX + 1]; /* ended by NULL */
	char texts[INBOX_LINE_BYTES_MAX];     /* of the arguments */
};

/* False: the ask was refused. */
bool command_read(const struct ask *ask, struct command *command);

#endif
