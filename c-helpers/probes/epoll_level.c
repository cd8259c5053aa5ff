/* epoll_level - what level-triggered epoll reports of data that stays unread, and that poll(2) reports the
 * same. */
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe.h"
#include "sockets.h"

enum { WAITS = 3, STATES_MAX = 16 };

/* Descriptors in states that poll(2) tells apart. */
static int states(int fds[STATES_MAX])
{
	int n = 0, pair[2];

	tcp_pair(pair); /* idle */
	fds[n++] = pair[1];
	tcp_pair(pair); /* readable */
	put(pair[0], 1);
	settle(pair[1], 1);
	fds[n++] = pair[1];
	unix_pair(pair); /* the other side ended */
	close(pair[0]);
	fds[n++] = pair[1];
	unix_pair(pair); /* full */
	set_nonblocking(pair[0]);
	while (write(pair[0], "x", 1) == 1)
		;
	fds[n++] = pair[0];
	pipe_pair(pair); /* empty, both ends */
	fds[n++] = pair[0];
	fds[n++] = pair[1];
	pipe_pair(pair); /* data, and no writer */
	put(pair[0], 1);
	close(pair[0]);
	fds[n++] = pair[1];
	pipe_pair(pair); /* no writer */
	close(pair[0]);
	fds[n++] = pair[1];
	pipe_pair(pair); /* no reader */
	close(pair[1]);
	fds[n++] = pair[0];
	return n;
}

static void run(void)
{
	int pair[2], reports = 0, fds[STATES_MAX], same = 0, ep = epoll_open();

	tcp_pair(pair);
	epoll_watch(ep, pair[1], EPOLLIN);
	put(pair[0], 4);
	settle(pair[1], 4);
	for (int i = 0; i < WAITS; i++)
		reports += epoll_events(ep, i ? 0 : SOON_MS);
	observe("reports", reports);
	take(pair[1], 2);
	observe("afterPartialRead", epoll_events(ep, 0));
	take(pair[1], 4);
	observe("afterDrain", epoll_events(ep, QUIET_MS));

	int count = states(fds);
	for (int i = 0; i < count; i++) {
		struct pollfd asked = {.fd = fds[i], .events = POLLIN | POLLOUT | POLLRDHUP};
		int one = epoll_open();
		epoll_watch(one, fds[i], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
		if (poll(&asked, 1, 0) < 0)
			probe_broken("poll");
		same += (uint32_t)(uint16_t)asked.revents == epoll_event(one, 0);
	}
	observe("statesCompared", count);
	observe("statesAsPoll", same);
}

PROBE(.id = "epoll-level", .title = "level-triggered epoll and data that stays unread", .run = run,
      .values = {
	      NUMBER("reports", "of 3 waits, those that report the unread bytes"),
	      NUMBER("afterPartialRead", "events after half was read"),
	      NUMBER("afterDrain", "events after all was read"),
	      NUMBER("statesCompared", "states of descriptors that were shown to poll as well"),
	      NUMBER("statesAsPoll", "of them, those of which poll reports the same"),
      });
