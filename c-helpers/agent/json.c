#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

#define DEPTH_MAX 8

/* Of what is checked; every reader below returns what stands behind, or NULL with the reason. */
struct reader {
	const char *end;
	const char *why;
	unsigned int depth;
};

static const char *refuse(struct reader *r, const char *why)
{
	r->why = why;
	return NULL;
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\n\r");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits; -1: there are none. */
static int32_t read_hex(const char *at)
{
	int32_t code = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

/* Behind "\u": the character, and where it ends; -1: none. */
static int32_t read_code(const char **at)
{
	int32_t code = read_hex(*at), low;

	if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
		return -1;
	*at += 4;
	if (code < 0xd800 || code > 0xdbff)
		return code;
	if ((*at)[0] != '\\' || (*at)[1] != 'u')
		return -1;
	low = read_hex(*at + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return -1;
	*at += 6;
	return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

static const char *check_escape(struct reader *r, const char *at)
{
	if (*at == 'u') {
		at++;
		return read_code(&at) < 0 ? refuse(r, "an escape \\u that is no character") : at;
	}
	return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : refuse(r, "an escape that there is not");
}

static const char *check_string(struct reader *r, const char *at)
{
	if (*at != '"')
		return refuse(r, "a name in quotes was expected");
	for (at++; *at != '"';) {
		size_t bytes = utf8_bytes(at, (size_t)(r->end - at));

		if (at == r->end)
			return refuse(r, "a text without its end");
		if ((unsigned char)*at < 0x20)
			return refuse(r, "a control character in a text");
		if (bytes == 0)
			return refuse(r, "a text that is not UTF-8");
		at += bytes;
		if (at[-1] == '\\' && !(at = check_escape(r, at)))
			return NULL;
	}
	return at + 1;
}

static const char *check_digits(const char *at)
{
	size_t digits = strspn(at, "0123456789");

	return digits ? at + digits : NULL;
}

static const char *check_number(struct reader *r, const char *at)
{
	at += *at == '-';
	at = *at == '0' ? at + 1 : check_digits(at);
	if (at && *at == '.')
		at = check_digits(at + 1);
	if (at && (*at == 'e' || *at == 'E')) {
		at++;
		at = check_digits(at + (*at == '+' || *at == '-'));
	}
	return at ? at : refuse(r, "a digit was expected");
}

static const char *check_word(struct reader *r, const char *at)
{
	static const char *const words[] = {"null", "false", "true"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	return refuse(r, at == r->end ? "it ends too early" : "a value was expected");
}

static const char *check_value(struct reader *r, const char *at);

static const char *check_member(struct reader *r, const char *at)
{
	at = check_string(r, at);
	if (!at)
		return NULL;
	at = skip_space(at);
	return *at == ':' ? check_value(r, at + 1) : refuse(r, "a colon was expected");
}

static const char *check_container(struct reader *r, const char *at, char close)
{
	if (++r->depth > DEPTH_MAX)
		return refuse(r, "it is nested too deeply");
	at = skip_space(at + 1);
	for (bool first = true; *at != close; first = false) {
		if (!first && *at++ != ',')
			return refuse(r, at > r->end ? "it ends too early" : "a comma was expected");
		at = close == '}' ? check_member(r, skip_space(at)) : check_value(r, at);
		if (!at)
			return NULL;
		at = skip_space(at);
	}
	r->depth--;
	return at + 1;
}

static const char *check_value(struct reader *r, const char *at)
{
	at = skip_space(at);
	switch (*at) {
	case '{':
		return check_container(r, at, '}');
	case '[':
		return check_container(r, at, ']');
	case '"':
		return check_string(r, at);
	case '-':
	case '0' ... '9':
		return check_number(r, at);
	default:
		return check_word(r, at);
	}
}

bool json_check(const char *text, size_t bytes, const char **why)
{
	struct reader r = {.end = text + bytes};
	const char *at = check_value(&r, text);

	if (at && skip_space(at) != r.end)
		r.why = "something follows the value";
	*why = r.why;
	return r.why == NULL;
}

/* Behind a string of a line that was checked. */
static const char *string_end(const char *at)
{
	for (at++; *at != '"'; at++)
		at += *at == '\\';
	return at + 1;
}

/* Behind any value: where a comma or an end is that belongs to what is around it. */
static const char *value_end(const char *at)
{
	unsigned int depth = 0;

	for (;; at++) {
		while (*at == '"')
			at = string_end(at);
		if (depth == 0 && (*at == ',' || *at == ']' || *at == '}' || *at == '\0'))
			return at;
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
	}
}

/* What stands at the next place of a container; NULL at its end. */
static const char *next_place(const char *at)
{
	at = skip_space(at);
	return *at == ']' || *at == '}' || *at == '\0' ? NULL : at;
}

const char *json_first(const char *array)
{
	return json_is_array(array) ? next_place(array + 1) : NULL;
}

const char *json_next(const char *item)
{
	item = value_end(item);
	return *item == ',' ? skip_space(item + 1) : NULL;
}

const char *json_member(const char *object, const char *name)
{
	size_t bytes = strlen(name);
	const char *at = object ? skip_space(object) : NULL;

	if (!at || *at != '{')
		return NULL;
	for (at = next_place(at + 1); at; at = json_next(at)) {
		const char *behind = string_end(at);
		bool found = (size_t)(behind - at) == bytes + 2 && memcmp(at + 1, name, bytes) == 0;

		at = skip_space(skip_space(behind) + 1);
		if (found)
			return at;
	}
	return NULL;
}

static size_t put_code(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = bytes - 1; i > 0; i--, code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)(leads[bytes] | code);
	return bytes;
}

bool json_string(const char *value, char *to, size_t bytes)
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";

	if (!value || *value != '"')
		return false;
	for (value++; *value != '"';) {
		int32_t code = (unsigned char)*value++;
		char piece[4] = {(char)code};
		size_t length = 1;

		if (code == '\\' && *value == 'u') {
			value++;
			code = read_code(&value);
			if (code <= 0)
				return false;
			length = put_code((uint32_t)code, piece);
		} else if (code == '\\') {
			const char *named = strchr(names, *value);

			piece[0] = named ? meant[named - names] : *value;
			value++;
		}
		if (length >= bytes)
			return false;
		memcpy(to, piece, length);
		to += length;
		bytes -= length;
	}
	*to = '\0';
	return bytes > 0;
}

bool json_bool(const char *value, bool *to)
{
	if (!value || (*value != 't' && *value != 'f'))
		return false;
	*to = *value == 't';
	return true;
}

bool json_uint(const char *value, uint64_t max, uint64_t *to)
{
	size_t digits = value ? strspn(value, "0123456789") : 0;

	if (digits == 0 || (value[digits] && strchr(".eE", value[digits])))
		return false;
	errno = 0;
	unsigned long long number = strtoull(value, NULL, 10);
	if (errno != 0 || number > max)
		return false;
	*to = number;
	return true;
}

bool json_double(const char *value, double *to)
{
	if (!value || !*value || !strchr("-0123456789", *value))
		return false;
	*to = strtod(value, NULL);
	return isfinite(*to);
}

bool json_is_null(const char *value)
{
	return value && *value == 'n';
}

bool json_is_array(const char *value)
{
	return value && *value == '[';
}
