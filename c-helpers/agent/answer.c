#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "utf8.h"

#define PIECE_BYTES 4096
#define MESSAGE_BYTES 512
#define REPLACEMENT "\xef\xbf\xbd"

static struct {
	pthread_mutex_t lock; /* held while a line is under way */
	int fd;
	bool failed;
	bool comma; /* the next item has one before it */
	size_t used;
	char piece[PIECE_BYTES];
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDOUT_FILENO};

static void flush_piece(void)
{
	size_t done = 0;

	while (done < out.used && !out.failed) {
		ssize_t n = write(out.fd, out.piece + done, out.used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			out.failed = true;
		else
			done += (size_t)n;
	}
	out.used = 0;
}

static void put_bytes(const char *bytes, size_t count)
{
	while (count > 0) {
		size_t room = sizeof(out.piece) - out.used;
		size_t now = count < room ? count : room;

		memcpy(out.piece + out.used, bytes, now);
		out.used += now;
		bytes += now;
		count -= now;
		if (out.used == sizeof(out.piece))
			flush_piece();
	}
}

static void put_char(char c)
{
	put_bytes(&c, 1);
}

static void begin_item(void)
{
	if (out.comma)
		put_char(',');
	out.comma = true;
}

void answer_to(int fd)
{
	out.fd = fd;
}

void answer_begin(const char *event, int64_t id)
{
	(void)pthread_mutex_lock(&out.lock);
	out.comma = false;
	put_object();
	put_member_string("event", event);
	put_name("id");
	if (id < 0)
		put_null();
	else
		put_int(id);
}

void answer_end(void)
{
	put_object_end();
	put_char('\n');
	flush_piece();
	(void)pthread_mutex_unlock(&out.lock);
}

static void put_escaped(unsigned char c)
{
	char code[8];

	switch (c) {
	case '"':
		put_bytes("\\\"", 2);
		return;
	case '\\':
		put_bytes("\\\\", 2);
		return;
	case '\n':
		put_bytes("\\n", 2);
		return;
	case '\t':
		put_bytes("\\t", 2);
		return;
	default:
		(void)snprintf(code, sizeof(code), "\\u%04x", (unsigned int)c);
		put_bytes(code, 6);
	}
}

void put_text(const char *text, size_t bytes)
{
	begin_item();
	put_char('"');
	for (size_t at = 0; at < bytes;) {
		unsigned char c = (unsigned char)text[at];
		size_t length = utf8_bytes(text + at, bytes - at);

		if (length == 0)
			put_bytes(REPLACEMENT, sizeof(REPLACEMENT) - 1);
		else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			put_escaped(c);
		else
			put_bytes(text + at, length);
		at += length ? length : 1;
	}
	put_char('"');
}

void put_string(const char *text)
{
	put_text(text, strlen(text));
}

void put_json(const char *json, size_t bytes)
{
	begin_item();
	put_bytes(json, bytes);
}

void put_uint(uint64_t value)
{
	char digits[24];

	put_json(digits, (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value));
}

void put_int(int64_t value)
{
	char digits[24];

	put_json(digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value));
}

void put_bool(bool value)
{
	put_json(value ? "true" : "false", value ? 4 : 5);
}

void put_null(void)
{
	put_json("null", 4);
}

static void open_container(char c)
{
	begin_item();
	put_char(c);
	out.comma = false;
}

static void close_container(char c)
{
	put_char(c);
	out.comma = true;
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
	put_char(':');
	out.comma = false;
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

void answer_refused(int64_t id, const char *format, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	answer_begin("refused", id);
	put_member_string("message", message);
	answer_end();
}
