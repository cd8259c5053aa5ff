/* cached_file.c - a regular file that is in the page cache: nothing has to be written for it. */
#include "cached_file.h"

#include <fcntl.h>
#include <unistd.h>

int cached_file(struct bench *bench)
{
	char bytes[CACHED_BYTES];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		bench_fail(bench, "open(/proc/self/exe)");
		return -1;
	}
	if (pread(fd, bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		bench_fail(bench, "pread(/proc/self/exe, 4096)");
		close(fd);
		return -1;
	}
	return fd;
}
