/* sigio.h - descriptors that announce what happens to them by a signal. */
#ifndef IOMB_PROBES_SIGIO_H
#define IOMB_PROBES_SIGIO_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct announced {
	int read_fd, write_fd;
};

/* A unix socket pair of which reading announces itself: signal 0 is SIGIO without F_SETSIG. To this process.
 */
struct announced announce(int signal);
/* To one thread. */
void announce_to_thread(int fd, pid_t tid);
void block(int signal);
/* Takes one pending signal, if there is one, waiting up to so long. */
bool take_signal(int signal, siginfo_t *info, uint32_t wait_ms);

#endif
