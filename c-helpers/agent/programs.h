/* programs.h - the server programs: what lies in the folder of the agent's own executable. */
#ifndef IOMB_AGENT_PROGRAMS_H
#define IOMB_AGENT_PROGRAMS_H

#include <stdbool.h>

#define PROGRAM_PATH_BYTES 1024

/* Finds the folder. False with errno. */
bool programs_open(void);
/* Whether a program of that name is there; a name is of letters, digits and "_", so that no path leads
 * elsewhere. */
bool program_is_there(const char *name);
/* Of a name, into PROGRAM_PATH_BYTES. */
void program_path(const char *name, char *path);
/* Puts the names of all that are there into the array under way. */
void programs_put(void);

#endif
