/* cached_file.h - a regular file that is in the page cache: the program that runs. */
#ifndef IOMB_COSTS_CACHED_FILE_H
#define IOMB_COSTS_CACHED_FILE_H

#include "cost.h"

#define CACHED_BYTES 4096

/* Opened for reading, its first CACHED_BYTES read once. -1 after bench_fail or bench_unsupported. */
int cached_file(struct bench *bench);

#endif
