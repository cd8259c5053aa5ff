/* file_check.h - whether the file still holds what was written. */
#ifndef IOMB_FILE_CHECK_H
#define IOMB_FILE_CHECK_H

#include "file.h"

/*
 * Checks so many blocks, drawn by the seed, all where there are no more, and every one that this process has
 * written. Returns how many, each counted once; false in *whole with the reason where one is wrong.
 */
uint64_t file_check(struct file *file, uint64_t count, uint64_t seed, bool *whole, char *why);

#endif
