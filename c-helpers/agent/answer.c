#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

#include "answer.h"
#include "utf8.h"

#define MESSAGE_BYTES 512
#define REPLACEMENT "\xef\xbf\xbd"

static pthread_mutex_t line = PTHREAD_MUTEX_INITIALIZER; /* held while one is under way */
static FILE *out;
static bool comma; /* the next item has one before it */

static void begin_item(void)
{
	if (comma)
		(void)fputc(',', out);
	comma = true;
}

void answer_to(FILE *stream)
{
	out = stream;
}

void answer_begin(const char *event)
{
	(void)pthread_mutex_lock(&line);
	comma = false;
	put_object();
	put_member_string("event", event);
}

void answer_begin_to(int64_t id, const char *event)
{
	answer_begin(event);
	put_name("id");
	if (id < 0)
		put_null();
	else
		put_int(id);
}

void answer_end(void)
{
	put_object_end();
	(void)fputc('\n', out);
	(void)fflush(out);
	(void)pthread_mutex_unlock(&line);
}

void answer_refused(int64_t id, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	answer_begin_to(id, "refused");
	put_member_string("message", message);
	answer_end();
}

/* Bytes that stand for themselves; the rest is at most one of them. */
static size_t plain_bytes(const char *text, size_t bytes)
{
	size_t at = 0, length;

	while (at < bytes) {
		unsigned char c = (unsigned char)text[at];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			break;
		length = utf8_bytes(text + at, bytes - at);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

static void put_special(unsigned char c)
{
	if (c >= 0x80)
		(void)fputs(REPLACEMENT, out);
	else if (c == '\n')
		(void)fputs("\\n", out);
	else if (c == '"' || c == '\\')
		(void)fprintf(out, "\\%c", c);
	else
		(void)fprintf(out, "\\u%04x", (unsigned int)c);
}

void put_text(const char *text, size_t bytes)
{
	begin_item();
	(void)fputc('"', out);
	for (size_t at = 0; at < bytes; at++) {
		size_t plain = plain_bytes(text + at, bytes - at);

		(void)fwrite(text + at, 1, plain, out);
		at += plain;
		if (at < bytes)
			put_special((unsigned char)text[at]);
	}
	(void)fputc('"', out);
}

void put_string(const char *text)
{
	put_text(text, strlen(text));
}

void put_json(const char *json)
{
	begin_item();
	(void)fputs(json ? json : "null", out);
}

void put_uint(uint64_t value)
{
	begin_item();
	(void)fprintf(out, "%" PRIu64, value);
}

void put_int(int64_t value)
{
	begin_item();
	(void)fprintf(out, "%" PRId64, value);
}

void put_bool(bool value)
{
	put_json(value ? "true" : "false");
}

void put_null(void)
{
	put_json(NULL);
}

static void open_container(char c)
{
	begin_item();
	(void)fputc(c, out);
	comma = false;
}

static void close_container(char c)
{
	(void)fputc(c, out);
	comma = true;
}

void put_array(void)
{
	open_container('[');
}

void put_array_end(void)
{
	close_container(']');
}

void put_object(void)
{
	open_container('{');
}

void put_object_end(void)
{
	close_container('}');
}

void put_name(const char *name)
{
	put_string(name);
	(void)fputc(':', out);
	comma = false;
}

void put_member_string(const char *name, const char *text)
{
	put_name(name);
	put_string(text);
}

void put_member_uint(const char *name, uint64_t value)
{
	put_name(name);
	put_uint(value);
}

void put_member_bool(const char *name, bool value)
{
	put_name(name);
	put_bool(value);
}
