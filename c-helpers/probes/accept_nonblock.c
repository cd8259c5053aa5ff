/* accept_nonblock - whether an accepted socket inherits O_NONBLOCK from its listener. */
#include <fcntl.h>
#include <sys/socket.h>

#include "probe.h"
#include "sockets.h"

static bool is_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (fd < 0 || flags < 0)
		probe_broken("accept");
	return flags & O_NONBLOCK;
}

static void run(void)
{
	struct sockaddr_in address;
	int listener = tcp_listen(SOCK_NONBLOCK, 4, &address);

	tcp_connect(&address);
	tcp_connect(&address);
	if (!settle_accepts(listener, 2))
		probe_odd("connections are not queued");
	observe_is("acceptInherits", is_nonblocking(accept(listener, NULL, NULL)));
	observe_is("accept4Sets", is_nonblocking(accept4(listener, NULL, NULL, SOCK_NONBLOCK)));
}

PROBE(.id = "accept-nonblock", .title = "O_NONBLOCK of accepted sockets", .run = run,
      .values = {
	      BOOLEAN("acceptInherits", "accept on a non-blocking listener gives a non-blocking socket"),
	      BOOLEAN("accept4Sets", "accept4 with SOCK_NONBLOCK does"),
      });
