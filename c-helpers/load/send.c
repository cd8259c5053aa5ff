#include <errno.h>
#include <sys/socket.h>

#include "conns.h"
#include "send.h"

void send_issue(struct load *lg, struct conn *c, uint64_t due_ns, uint64_t sent_ns)
{
	uint32_t newest = c->oldest + c->in_flight;

	if (newest >= lg->depth)
		newest -= lg->depth;
	load_times(lg, c)[newest] = (struct request_times){.due_ns = due_ns, .sent_ns = sent_ns};
	c->issued += lg->message_bytes;
	c->in_flight++;
	if (lg->in_flight++ == 0)
		lg->waiting_since_ns = sent_ns;
	lg->counts.sent++;
}

bool send_flush(struct load *lg, struct conn *c)
{
	while (c->sent < c->issued) {
		uint64_t owed = c->issued - c->sent;
		size_t want = owed < PATTERN_CHUNK_BYTES ? (size_t)owed : PATTERN_CHUNK_BYTES;

		lg->syscalls++;
		ssize_t n = send(c->fd, pattern_at(lg->pattern, c->phase, c->sent), want, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return true;
			if (conn_errno_breaks(errno))
				conn_break(lg, c, errno);
			else
				fail_call(&lg->failure, "send(%zu bytes)", want);
			return false;
		}
		c->sent += (uint64_t)n;
		/* The socket is full: epoll tells when it takes more. */
		if ((size_t)n < want)
			return true;
	}
	return true;
}
