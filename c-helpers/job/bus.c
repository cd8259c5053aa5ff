/* bus.c - see bus.h. */
#include "bus.h"

#include <signal.h>
#include <stddef.h>

#include "../server/die.h"

/* A handler is handed nothing of ours. */
static _Thread_local sigjmp_buf *volatile guard;

static void on_bus_error(int sig)
{
	sigjmp_buf *back = guard;

	if (back) {
		guard = NULL;
		siglongjmp(*back, 1);
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

void bus_open(void)
{
	const struct sigaction action = {.sa_handler = on_bus_error};

	if (sigaction(SIGBUS, &action, NULL) < 0)
		die("sigaction(SIGBUS)");
}

void bus_guard(sigjmp_buf *back)
{
	guard = back;
}
