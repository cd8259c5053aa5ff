/* scratch.h - a file on a real file system, and what of it lies in the page cache. */
#ifndef IOMB_PROBES_SCRATCH_H
#define IOMB_PROBES_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096, SCRATCH_PAGES = 2048 };

/*
 * A file of SCRATCH_PAGES without a name, written to the disk; open for reading, with flags (O_DIRECT,
 * O_NONBLOCK). It lies in IOMB_PROBE_DIR, TMPDIR or /var/tmp. -1: the file system refuses the flags.
 */
int scratch_open(int flags);
/* Whether pages can leave the cache of the file system that scratch_open chose; its name. */
bool scratch_is_cached(int fd, char name[32]);
/* Takes the file out of the page cache, and reading ahead away. */
void scratch_drop(int fd);
/* The share of the pages in the page cache, 0 to 1. */
double scratch_resident(int fd);
bool scratch_is_resident(int fd, uint32_t page);
/* Pages in an order in which no read brings another's page along. */
uint32_t scratch_page(uint32_t i);

#endif
