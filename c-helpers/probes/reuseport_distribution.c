/* reuseport_distribution - which of several SO_REUSEPORT listeners gets a connection: in turn, or by its
 * ports. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"
#include "sockets.h"

enum { LISTENERS = 4, CONNECTIONS = 1000, TUPLES = 40, REPEATS = 5, BACKLOG = 16 };

/* Ends it by a reset: its ports are free at once. */
static void drop(int fd)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) < 0)
		probe_broken("setsockopt(SO_LINGER)");
	close(fd);
}

/* Which listener has the connection that was just made. */
static int taken_by(const int *listeners)
{
	for (int round = 0; round < 100000; round++) {
		for (int i = 0; i < LISTENERS; i++) {
			int fd = accept4(listeners[i], NULL, NULL, SOCK_CLOEXEC);
			if (fd < 0)
				continue;
			drop(fd);
			return i;
		}
	}
	probe_odd("no listener has the connection");
}

/* From a port of its own, which is told; or from the given one. */
static int connect_from(const struct sockaddr_in *to, uint16_t *port)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = *port};
	socklen_t bytes = sizeof(from);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		probe_broken("connect(from port %u)", ntohs(*port));
	getsockname(fd, (struct sockaddr *)&from, &bytes);
	*port = from.sin_port;
	return fd;
}

static void count_turns(const int *listeners, const struct sockaddr_in *address)
{
	int counts[LISTENERS] = {0}, in_turn = 0, previous = -1;
	const double expected = (double)CONNECTIONS / LISTENERS;
	double chi2 = 0, fewest = CONNECTIONS, most = 0;

	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = tcp_connect(address), at = taken_by(listeners);
		counts[at]++;
		in_turn += previous >= 0 && at == (previous + 1) % LISTENERS;
		previous = at;
		drop(fd);
	}
	for (int i = 0; i < LISTENERS; i++) {
		chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
		fewest = counts[i] < fewest ? counts[i] : fewest;
		most = counts[i] > most ? counts[i] : most;
	}
	observe("inTurn", (double)in_turn / (CONNECTIONS - 1));
	observe("chi2", chi2);
	observe("fewest", fewest);
	observe("most", most);
}

static void run(void)
{
	struct sockaddr_in address = {0};
	int listeners[LISTENERS], same = 0;

	needs_descriptors(64);
	for (int i = 0; i < LISTENERS; i++)
		listeners[i] = tcp_listen_shared(SOCK_NONBLOCK, BACKLOG, &address);
	observe("listeners", LISTENERS);
	observe("connections", CONNECTIONS);
	count_turns(listeners, &address);
	for (int i = 0; i < TUPLES; i++) {
		uint16_t port = 0;
		int fd = connect_from(&address, &port), first = taken_by(listeners);
		drop(fd);
		for (int repeat = 0; repeat < REPEATS; repeat++) {
			fd = connect_from(&address, &port);
			same += taken_by(listeners) == first;
			drop(fd);
		}
	}
	observe("tuples", TUPLES);
	observe("repeats", REPEATS);
	observe("sameListener", (double)same / (TUPLES * REPEATS));
}

PROBE(.id = "reuseport-distribution", .title = "how SO_REUSEPORT spreads connections", .run = run,
      .values = {
	      NUMBER("listeners", "listeners on one port"),
	      NUMBER("connections", "connections, one after the other"),
	      NUMBER("inTurn", "share of them that the listener after the last one got"),
	      NUMBER("chi2", "chi squared of the counts against equal ones, with listeners - 1 degrees"),
	      NUMBER("fewest", "connections of the listener with fewest"),
	      NUMBER("most", "connections of the listener with most"),
	      NUMBER("tuples", "ports that connected again"),
	      NUMBER("repeats", "times that each did"),
	      NUMBER("sameListener", "share of these that the same listener got"),
      });
