/*
 * file.h - the file that a job works on: how it is laid out and opened, and what of it lies in the page
 * cache.
 */
#ifndef IOMB_FILE_H
#define IOMB_FILE_H

#include "job.h"

#define FILE_SCRATCH_BYTES (1024u * 1024u)
/* Of the first block of an operation: a write of it is in flight. */
#define FILE_BUSY (1u << 31)

struct file {
	const struct job_config *config;
	int fd;		       /* as the job wants it */
	int check_fd;	       /* the same file, to be checked: buffered, or O_DIRECT where the job's is */
	uint8_t *scratch;      /* FILE_SCRATCH_BYTES, aligned */
	uint32_t *generations; /* [blocks]: what this process has written last; 0: nothing; | FILE_BUSY */
	uint64_t blocks;       /* BLOCK_BYTES each */
	uint64_t append_end;   /* behind the last append */
};

/* Writes the whole file, and to the disk. Dies where it cannot. */
void file_lay_out(const struct job_config *config);
/* Opens it; dies where it is missing, has another size, or does not take O_DIRECT (EXIT_UNSUPPORTED). */
void file_open(struct file *file, const struct job_config *config);
/* Puts the cache into the state that the job wants before a phase. False: it could not, and why. */
bool file_settle(struct file *file, char *why);
/* Of a job that appends: begins again with an empty file, which has been checked. False: it could not. */
bool file_empty(struct file *file, char *why);
/* How many pages of the file lie in the cache; cachestat(2), or mincore(2) where it is missing. */
bool file_cached(const struct file *file, uint64_t *pages);

#endif
