#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "json.h"
#include "texts.h"

#define PATH_BYTES 4096
#define FILE_BYTES 65536
#define PART_BYTES 32768
#define NAME_BYTES_MAX 512		       /* KSYM_NAME_LEN */
#define SYMBOL_BYTES_MAX (NAME_BYTES_MAX + 24) /* of a line: sign, address, space and end */

static bool read_file(const char *path, char *to, size_t bytes, size_t *used)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : 1;

	*used = 0;
	while (n > 0 && *used < bytes) {
		n = read(fd, to + *used, bytes - *used);
		if (n > 0)
			*used += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (fd >= 0)
		(void)close(fd);
	return n >= 0;
}

void files(const struct ask *ask)
{
	static char text[FILE_BYTES];
	const char *paths = json_member(ask->json, "paths");
	char path[PATH_BYTES];
	size_t used;

	bool fits = json_is_array(paths);
	for (const char *item = json_first(paths); item; item = json_next(item))
		fits = fits && json_string(item, path, sizeof(path));
	if (!fits) {
		answer_refused(ask->id, "files: \"paths\" are not all texts");
		return;
	}
	answer_begin_to(ask->id, "files");
	put_name("texts");
	put_object();
	for (const char *item = json_first(paths); item; item = json_next(item)) {
		(void)json_string(item, path, sizeof(path));
		put_name(path);
		if (read_file(path, text, sizeof(text), &used))
			put_text(text, used);
		else
			put_null();
	}
	put_object_end();
	answer_end();
}

struct symbols {
	int64_t id;
	uint64_t address; /* of the last symbol */
	uint64_t part;
	size_t used;
	char text[PART_BYTES];
};

static void put_part(struct symbols *s, bool last)
{
	answer_begin_to(s->id, "symbols");
	put_member_uint("part", s->part++);
	put_name("text");
	put_text(s->text, s->used);
	put_member_bool("last", last);
	answer_end();
	s->used = 0;
}

static bool is_padding(const char *name)
{
	return strncmp(name, "__pfx_", 6) == 0 || strncmp(name, "__cfi_", 6) == 0;
}

/* A line of /proc/kallsyms: address, type, name. What is no function is left out: the line is slow. */
static void take_symbol(struct symbols *s, const char *line)
{
	char *at;
	uint64_t address = strtoull(line, &at, 16);

	if (at == line || at[0] != ' ' || !at[1] || !strchr("tTwW", at[1]) || at[2] != ' ' ||
	    is_padding(at + 3))
		return;
	size_t length = strcspn(at + 3, " \t\n"); /* a module's name may follow */
	bool below = address < s->address;
	uint64_t delta = below ? s->address - address : address - s->address;
	s->used += (size_t)snprintf(s->text + s->used, SYMBOL_BYTES_MAX, "%s%" PRIx64 " %.*s\n",
				    below ? "-" : "", delta,
				    (int)(length < NAME_BYTES_MAX ? length : NAME_BYTES_MAX), at + 3);
	s->address = address;
	if (s->used > sizeof(s->text) - SYMBOL_BYTES_MAX)
		put_part(s, false);
}

void symbols(const struct ask *ask)
{
	static struct symbols s;
	FILE *list = fopen("/proc/kallsyms", "re");
	char *line = NULL;
	size_t bytes = 0;

	if (!list) {
		answer_refused(ask->id, "symbols: open(/proc/kallsyms): %s", strerror(errno));
		return;
	}
	s = (struct symbols){.id = ask->id};
	while (!inbox_interrupted() && getline(&line, &bytes, list) >= 0)
		take_symbol(&s, line);
	put_part(&s, true);
	free(line);
	(void)fclose(list);
}
