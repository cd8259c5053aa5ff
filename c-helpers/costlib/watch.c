/* watch.c - an epoll set of descriptors of the pool. */
#include "watch.h"

#include <sys/epoll.h>
#include <unistd.h>

int watch_open(struct bench *bench, uint32_t count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0) {
		bench_fail(bench, "epoll_create1");
		return -1;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, bench->pool[i], &event) == 0)
			continue;
		if (errno == ENOSPC)
			bench_unsupported(bench, "epoll_ctl(ADD): fs.epoll.max_user_watches is reached");
		else
			bench_fail(bench, "epoll_ctl(ADD)");
		close(epoll);
		return -1;
	}
	return epoll;
}

bool pool_raise(struct bench *bench, uint32_t index)
{
	uint64_t one = 1;
	return write(bench->pool[index], &one, sizeof(one)) == sizeof(one) ||
	       bench_fail(bench, "write(eventfd)");
}

void pool_lower(struct bench *bench, uint32_t index)
{
	uint64_t value;
	/* EAGAIN: it was not raised. */
	ssize_t n = read(bench->pool[index], &value, sizeof(value));
	(void)n;
}
