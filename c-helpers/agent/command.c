#include <string.h>

#include "answer.h"
#include "command.h"
#include "json.h"
#include "programs.h"

bool command_read(const struct ask *ask, struct command *command)
{
	const char *args = json_member(ask->json, "args");
	char *to = command->texts;
	int count = 0;

	if (!json_string(json_member(ask->json, "program"), command->program, sizeof(command->program)) ||
	    !program_is_there(command->program)) {
		answer_refused(ask->id, "%s: \"program\" is none that lies beside the agent", ask->name);
		return false;
	}
	bool fits = json_is_array(args);
	for (const char *arg = json_first(args); arg && fits; arg = json_next(arg)) {
		fits = count < CHILD_ARGS_MAX && json_string(arg, to, sizeof(command->texts));
		if (!fits)
			break;
		command->args[count++] = to;
		to += strlen(to) + 1; /* a text is shorter than what it was read from */
	}
	if (!fits)
		answer_refused(ask->id, "%s: \"args\" are not at most %d texts", ask->name, CHILD_ARGS_MAX);
	command->args[count] = NULL;
	return fits;
}
