/* guest.h - what the agent does as the init of a guest, and nobody else. */
#ifndef IOMB_AGENT_GUEST_H
#define IOMB_AGENT_GUEST_H

#include <stdbool.h>

/* Says what could not be done, for the agent's hello. */
typedef void (*guest_problem)(const char *text);

/* Whether this is the init of a guest: the first process, started by the kernel as /init. */
bool guest_is_init(const char *program);
/* Mounts, the loopback interface, limits. Returns the wire, opened raw; -1 with errno: there is none. */
int guest_open(guest_problem problem);
/* Collects orphans that have ended. */
void guest_reap(void);
/* Writes out what the wire still holds and resets the machine, which ends QEMU with -no-reboot. */
_Noreturn void guest_close(int wire_fd);

#endif
