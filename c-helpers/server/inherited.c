/* inherited.c - see inherited.h. */
#include <dirent.h>
#include <stdlib.h>

#include "../wire/uapi.h"
#include "inherited.h"

/* Before Linux 5.9, or where a seccomp filter hides close_range: one by one, as /proc lists them. */
static void close_listed(void)
{
	DIR *list = opendir("/proc/self/fd");
	if (!list)
		return;
	for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
		int fd = atoi(entry->d_name); /* 0 for "." and ".." */
		if (fd > STDERR_FILENO && fd != dirfd(list))
			(void)close(fd);
	}
	(void)closedir(list);
}

void close_inherited(void)
{
	/* The call itself, for its wrapper came with glibc 2.34. */
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) < 0)
		close_listed();
}
