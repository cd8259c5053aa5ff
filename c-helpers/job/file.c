/* file.c - see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../server/net.h"

/* The kernel may take some pages back while others are read. */
#define WARM_TRIES 5u

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* 6.5 */
#endif

/* cachestat(2) */
struct cachestat_range {
	uint64_t off, len;
};
struct cachestat {
	uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

/* A part of a file would be taken for one. */
static _Noreturn void give_up(const struct job_config *config, const char *what, uint64_t at)
{
	int error = errno;

	(void)unlink(config->path);
	errno = error;
	die("%s(%s, at %llu)", what, config->path, (unsigned long long)at);
}

static void write_all(int fd, const uint8_t *bytes, size_t count, uint64_t at,
		      const struct job_config *config)
{
	for (size_t done = 0; done < count;) {
		ssize_t n = pwrite(fd, bytes + done, count - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up(config, "write", at + done);
		done += (size_t)n;
	}
}

void file_lay_out(const struct job_config *config)
{
	uint8_t *chunk = net_slab(1, FILE_SCRATCH_BYTES);
	int fd = open(config->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		die("open(%s)", config->path);
	/* Room first: running out of it in the middle would leave others none. */
	int error = posix_fallocate(fd, 0, (off_t)config->file_bytes);
	if (error) {
		errno = error;
		(void)unlink(config->path);
		die("room for %llu bytes of %s", (unsigned long long)config->file_bytes, config->path);
	}
	for (uint64_t at = 0; at < config->file_bytes;) {
		uint64_t left = config->file_bytes - at;
		size_t bytes = left < FILE_SCRATCH_BYTES ? (size_t)left : FILE_SCRATCH_BYTES;
		for (size_t block = 0; block < bytes; block += BLOCK_BYTES)
			block_fill(chunk + block, at + block, config->layout_seed);
		write_all(fd, chunk, bytes, at, config);
		at += bytes;
	}
	if (fsync(fd) < 0)
		give_up(config, "fsync", 0);
	close(fd);
	munmap(chunk, FILE_SCRATCH_BYTES);
}

static int open_as(const struct job_config *config, int flags)
{
	int fd = open(config->path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EINVAL && (flags & O_DIRECT))
		die_unsupported("the file system of %s does not take O_DIRECT (EINVAL)", config->path);
	if (fd < 0)
		die("open(%s)", config->path);
	return fd;
}

void file_open(struct file *file, const struct job_config *config)
{
	int flags = O_RDWR | (config->cache == JOB_DIRECT ? O_DIRECT : 0) |
		    (config->action == JOB_APPEND ? O_CREAT : 0);
	struct stat status;

	file->config = config;
	file->fd = open_as(config, flags);
	file->check_fd = open_as(config, flags);
	if (fstat(file->fd, &status) < 0)
		die("fstat(%s)", config->path);
	if (!S_ISREG(status.st_mode))
		die_usage("%s is not a regular file", config->path);
	if (config->action != JOB_APPEND && (uint64_t)status.st_size != config->file_bytes)
		die_usage("%s has %lld bytes, and not %llu: lay it out anew", config->path,
			  (long long)status.st_size, (unsigned long long)config->file_bytes);
	file->blocks = config->file_bytes / BLOCK_BYTES;
	file->scratch = net_slab(1, FILE_SCRATCH_BYTES);
	file->generations = net_slab(file->blocks, sizeof(*file->generations));
	file->append_end = 0;
}

static bool cached_by_mincore(const struct file *file, uint64_t *pages)
{
	size_t bytes = (size_t)file->config->file_bytes, page = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file->fd, 0);
	size_t count = (bytes + page - 1) / page;
	unsigned char *in = map == MAP_FAILED ? NULL : malloc(count);
	bool told = in && mincore(map, bytes, in) == 0;

	*pages = 0;
	for (size_t i = 0; told && i < count; i++)
		*pages += in[i] & 1;
	free(in);
	if (map != MAP_FAILED)
		munmap(map, bytes);
	return told;
}

bool file_cached(const struct file *file, uint64_t *pages)
{
	struct cachestat_range range = {.len = file->config->file_bytes};
	struct cachestat stat;

	if (syscall(SYS_cachestat, file->fd, &range, &stat, 0) < 0)
		return cached_by_mincore(file, pages);
	*pages = stat.cached;
	return true;
}

static bool read_all(const struct file *file)
{
	for (uint64_t at = 0; at < file->config->file_bytes;) {
		ssize_t n = pread(file->check_fd, file->scratch, FILE_SCRATCH_BYTES, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (uint64_t)n;
	}
	return true;
}

static bool settle_warm(const struct file *file, char *why)
{
	uint64_t pages, all = file->blocks * BLOCK_BYTES / (uint64_t)sysconf(_SC_PAGESIZE);

	for (uint32_t tries = 0; tries < WARM_TRIES; tries++) {
		if (!file_cached(file, &pages) || pages == all)
			return true;
		if (read_all(file))
			continue;
		(void)snprintf(why, CONDUCT_MESSAGE_BYTES, "reading all of %s: %s", file->config->path,
			       strerror(errno));
		return false;
	}
	if (file_cached(file, &pages) && pages != all) {
		(void)snprintf(
			why, CONDUCT_MESSAGE_BYTES,
			"the page cache keeps %llu of %llu pages of %s: too little memory for this file",
			(unsigned long long)pages, (unsigned long long)all, file->config->path);
		return false;
	}
	return true;
}

/* The pages of this file alone, once they are clean. */
static bool settle_cold(const struct file *file, char *why)
{
	uint64_t pages = 0;

	if (fdatasync(file->fd) < 0 || posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED) != 0) {
		(void)snprintf(why, CONDUCT_MESSAGE_BYTES, "dropping the pages of %s: %s", file->config->path,
			       strerror(errno));
		return false;
	}
	if (file_cached(file, &pages) && pages != 0) {
		(void)snprintf(why, CONDUCT_MESSAGE_BYTES,
			       "%llu pages of %s stay in the page cache: it is no file that can be cold here",
			       (unsigned long long)pages, file->config->path);
		return false;
	}
	return true;
}

bool file_empty(struct file *file, char *why)
{
	file->append_end = 0;
	memset(file->generations, 0, file->blocks * sizeof(*file->generations));
	if (ftruncate(file->fd, 0) == 0)
		return true;
	(void)snprintf(why, CONDUCT_MESSAGE_BYTES, "ftruncate(%s): %s", file->config->path, strerror(errno));
	return false;
}

bool file_settle(struct file *file, char *why)
{
	if (file->config->action == JOB_APPEND)
		return file_empty(file, why);
	switch (file->config->cache) {
	case JOB_WARM:
		return settle_warm(file, why);
	case JOB_COLD:
		return settle_cold(file, why);
	case JOB_DIRECT:
		break;
	}
	/* Pages that others left would have to be looked for and dropped by each operation. */
	(void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
	return true;
}
