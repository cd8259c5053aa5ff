/* epoll_busy_poll - whether the busy polling of a network card can be set per epoll set (6.9). */
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "../wire/uapi_later.h"
#include "probe.h"
#include "process.h"
#include "sockets.h"

#define EPIOCGPARAMS 0x80088a02u /* 6.9 */

static void run(void)
{
	struct epoll_params params;
	int64_t sysctl_us = proc_value("/proc/sys/net/core/busy_poll");

	observe_error("ioctl", ioctl(epoll_open(), EPIOCGPARAMS, &params) < 0 ? errno : 0);
	if (sysctl_us >= 0)
		observe("sysctlUs", (double)sysctl_us);
}

PROBE(.id = "epoll-busy-poll", .title = "busy polling with epoll", .run = run,
      .values = {
	      STRING("ioctl", "what ioctl(EPIOCGPARAMS) of an epoll set answers"),
	      NUMBER_OR_NONE("sysctlUs", "net.core.busy_poll, us"),
      });
