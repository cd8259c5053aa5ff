#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "programs.h"

#define NAME_BYTES_MAX 64
#define NAMES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* With the slash at its end. */
static char folder[PROGRAM_PATH_BYTES - NAME_BYTES_MAX - 1];
static struct stat self;

bool programs_open(void)
{
	ssize_t n = readlink("/proc/self/exe", folder, sizeof(folder) - 1);

	if (n < 0 || stat("/proc/self/exe", &self) < 0)
		return false;
	folder[n] = '\0';
	char *slash = strrchr(folder, '/');
	if (!slash || (size_t)n == sizeof(folder) - 1) {
		errno = ENAMETOOLONG;
		return false;
	}
	slash[1] = '\0';
	return true;
}

static bool is_name(const char *name)
{
	return name[0] != '\0' && strlen(name) <= NAME_BYTES_MAX && name[strspn(name, NAMES)] == '\0';
}

void program_path(const char *name, char *path)
{
	(void)snprintf(path, PROGRAM_PATH_BYTES, "%s%s", folder, name);
}

bool program_is_there(const char *name)
{
	char path[PROGRAM_PATH_BYTES];
	struct stat st;

	if (!is_name(name))
		return false;
	program_path(name, path);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0 &&
	       (st.st_ino != self.st_ino || st.st_dev != self.st_dev);
}

static int select_program(const struct dirent *entry)
{
	return program_is_there(entry->d_name);
}

void programs_put(void)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, select_program, alphasort);

	for (int i = 0; i < count; i++) {
		put_string(entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}
