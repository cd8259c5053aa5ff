/* scratch.c - see scratch.h. */
#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "probe.h"

#define FILE_BYTES ((size_t)SCRATCH_PAGES * PAGE_BYTES)
/* Of linux/magic.h. */
enum { EXT4_MAGIC = 0xef53, TMPFS_MAGIC = 0x01021994, XFS_MAGIC = 0x58465342, OVERLAY_MAGIC = 0x794c7630 };
#define BTRFS_MAGIC 0x9123683eu
#define RAMFS_MAGIC 0x858458f6u

static const char *folder(void)
{
	const char *named = getenv("IOMB_PROBE_DIR");
	if (named && *named)
		return named;
	const char *temporary = getenv("TMPDIR");
	return temporary && *temporary ? temporary : "/var/tmp";
}

int scratch_open(int flags)
{
	char path[4096], self[64];
	static char page[PAGE_BYTES];

	snprintf(path, sizeof(path), "%s/iomodels-probe-XXXXXX", folder());
	int writer = mkostemp(path, O_CLOEXEC);
	if (writer < 0)
		probe_broken("mkostemp(%s)", path);
	unlink(path);
	for (uint32_t i = 0; i < SCRATCH_PAGES; i++) {
		memset(page, (int)(i % 251) + 1, sizeof(page));
		if (pwrite(writer, page, sizeof(page), (off_t)i * PAGE_BYTES) != sizeof(page))
			probe_broken("pwrite(%s)", folder());
	}
	if (fdatasync(writer) < 0)
		probe_broken("fdatasync(%s)", folder());
	snprintf(self, sizeof(self), "/proc/self/fd/%d", writer);
	/* For writing too: mincore(2) tells the truth to owners only. */
	int fd = open(self, O_RDWR | O_CLOEXEC | flags);
	if (fd < 0 && flags == 0)
		probe_broken("open(%s)", self);
	close(writer);
	return fd;
}

bool scratch_is_cached(int fd, char name[32])
{
	struct statfs fs;
	if (fstatfs(fd, &fs) < 0)
		probe_broken("fstatfs");
	uint32_t magic = (uint32_t)fs.f_type;
	snprintf(name, 32, "%s",
		 magic == EXT4_MAGIC	  ? "ext4"
		 : magic == TMPFS_MAGIC	  ? "tmpfs"
		 : magic == RAMFS_MAGIC	  ? "ramfs"
		 : magic == XFS_MAGIC	  ? "xfs"
		 : magic == BTRFS_MAGIC	  ? "btrfs"
		 : magic == OVERLAY_MAGIC ? "overlay"
					  : "other");
	return magic != TMPFS_MAGIC && magic != RAMFS_MAGIC;
}

void scratch_drop(int fd)
{
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) != 0 ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		probe_broken("posix_fadvise");
}

static void residency(int fd, unsigned char pages[SCRATCH_PAGES])
{
	void *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || mincore(map, FILE_BYTES, pages) < 0)
		probe_broken("mincore");
	munmap(map, FILE_BYTES);
}

double scratch_resident(int fd)
{
	unsigned char pages[SCRATCH_PAGES];
	uint32_t count = 0;
	residency(fd, pages);
	for (uint32_t i = 0; i < SCRATCH_PAGES; i++)
		count += pages[i] & 1;
	return (double)count / SCRATCH_PAGES;
}

bool scratch_is_resident(int fd, uint32_t page)
{
	unsigned char pages[SCRATCH_PAGES];
	residency(fd, pages);
	return pages[page] & 1;
}

uint32_t scratch_page(uint32_t i)
{
	/* Odd, so every page comes once; far, so none is beside the last. */
	return (i * 1237u + 17u) % SCRATCH_PAGES;
}
