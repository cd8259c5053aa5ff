/* epoll_anon_inode - whether each epoll set has an inode of its own. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "probe.h"
#include "sockets.h"

static ino_t inode_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		probe_broken("fstat");
	return status.st_ino;
}

static void run(void)
{
	ino_t first = inode_of(epoll_open()), second = inode_of(epoll_open());

	observe_is("epollsEqual", first == second);
	observe_is("eventfdEqual", first == inode_of(eventfd(0, EFD_CLOEXEC)));
}

PROBE(.id = "epoll-anon-inode", .title = "the inode of an epoll set", .run = run,
      .values = {
	      BOOLEAN("epollsEqual", "two sets have the same inode"),
	      BOOLEAN("eventfdEqual", "an eventfd has it as well"),
      });
