/* reuseport_close - what becomes of connections that wait at one of two SO_REUSEPORT listeners when it
 * closes. */
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { CONNECTIONS = 80, BACKLOG = 128 };

static uint32_t queued(int listener)
{
	struct tcp_info info = {0};
	socklen_t bytes = sizeof(info);

	if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &bytes) < 0)
		probe_broken("getsockopt(TCP_INFO)");
	return info.tcpi_unacked;
}

static void run(void)
{
	struct sockaddr_in address = {0};
	int closing = tcp_listen_shared(SOCK_NONBLOCK, BACKLOG, &address);
	int staying = tcp_listen_shared(SOCK_NONBLOCK, BACKLOG, &address);
	int fds[CONNECTIONS], reset = 0;
	int64_t migrate = proc_value("/proc/sys/net/ipv4/tcp_migrate_req");

	needs_descriptors(CONNECTIONS + 16);
	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = tcp_connect(&address);
	for (int round = 0; round < 100 && queued(closing) + queued(staying) < CONNECTIONS; round++)
		pause_ms(1);
	uint32_t pending = queued(closing), before = queued(staying);
	close(closing);
	pause_ms(QUIET_MS);
	for (int i = 0; i < CONNECTIONS; i++) {
		char byte;
		ssize_t n = recv(fds[i], &byte, 1, MSG_DONTWAIT);
		reset += n < 0 && errno == ECONNRESET;
	}
	observe("pending", pending);
	observe("reset", reset);
	observe("deliveredElsewhere", (double)queued(staying) - (double)before);
	if (migrate >= 0)
		observe("migrateReq", (double)migrate);
}

PROBE(.id = "reuseport-close", .title = "connections that wait at a SO_REUSEPORT listener that closes",
      .run = run,
      .values = {
	      NUMBER("pending", "connections that waited at it"),
	      NUMBER("reset", "connections that were reset when it closed"),
	      NUMBER("deliveredElsewhere", "connections that moved to the other listener"),
	      NUMBER_OR_NONE("migrateReq", "net.ipv4.tcp_migrate_req"),
      });
