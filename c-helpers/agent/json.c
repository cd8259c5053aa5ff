#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

struct parser {
	struct json *json;
	const char *begin;
	char *at;
	char *end;
	uint32_t open[JSON_DEPTH_MAX]; /* the containers around what comes next */
	uint32_t depth;
};

static bool refuse(struct parser *p, const char *error)
{
	p->json->error = error;
	p->json->error_at = (size_t)(p->at - p->begin);
	return false;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static bool is_digit(const struct parser *p)
{
	return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static struct json_token *add_token(struct parser *p, enum json_type type)
{
	struct json *json = p->json;

	if (json->tokens == JSON_TOKENS_MAX) {
		(void)refuse(p, "it has too many values");
		return NULL;
	}
	struct json_token *token = &json->token[json->tokens++];
	*token = (struct json_token){.type = type, .next = json->tokens};
	return token;
}

/* Four hexadecimal digits. */
static bool read_hex(struct parser *p, uint32_t *unit)
{
	*unit = 0;
	if (p->end - p->at < 4)
		return refuse(p, "\\u without four digits");
	for (int i = 0; i < 4; i++, p->at++) {
		char c = *p->at;
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint32_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (uint32_t)(c - 'A') + 10;
		else
			return refuse(p, "\\u without four digits");
		*unit = *unit * 16 + digit;
	}
	return true;
}

/* Behind "\u"; what it stands for takes fewer bytes than what was read. */
static bool read_unicode(struct parser *p, char **to)
{
	uint32_t code, low;

	if (!read_hex(p, &code))
		return false;
	if (code == 0)
		return refuse(p, "a text with a NUL");
	if (code >= 0xdc00 && code <= 0xdfff)
		return refuse(p, "half a surrogate pair");
	if (code >= 0xd800 && code <= 0xdbff) {
		if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
			return refuse(p, "half a surrogate pair");
		p->at += 2;
		if (!read_hex(p, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(p, "half a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	if (code < 0x80) {
		*(*to)++ = (char)code;
	} else if (code < 0x800) {
		*(*to)++ = (char)(0xc0 | code >> 6);
		*(*to)++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*(*to)++ = (char)(0xe0 | code >> 12);
		*(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
		*(*to)++ = (char)(0x80 | (code & 0x3f));
	} else {
		*(*to)++ = (char)(0xf0 | code >> 18);
		*(*to)++ = (char)(0x80 | (code >> 12 & 0x3f));
		*(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
		*(*to)++ = (char)(0x80 | (code & 0x3f));
	}
	return true;
}

/* Behind the backslash. */
static bool read_escape(struct parser *p, char **to)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (p->at == p->end)
		return refuse(p, "a text without its end");
	char c = *p->at++;
	if (c == 'u')
		return read_unicode(p, to);
	found = c ? strchr(names, c) : NULL;
	if (!found)
		return refuse(p, "an escape that there is not");
	*(*to)++ = meant[found - names];
	return true;
}

static bool read_string(struct parser *p)
{
	if (p->at == p->end || *p->at != '"')
		return refuse(p, "a name in quotes was expected");
	struct json_token *token = add_token(p, JSON_STRING);
	if (!token)
		return false;
	char *to = ++p->at;

	token->text = to;
	while (p->at < p->end && *p->at != '"') {
		if (*p->at == '\\') {
			p->at++;
			if (!read_escape(p, &to))
				return false;
			continue;
		}
		if ((unsigned char)*p->at < 0x20)
			return refuse(p, "a control character in a text");
		size_t bytes = utf8_bytes(p->at, (size_t)(p->end - p->at));
		if (bytes == 0)
			return refuse(p, "a text that is not UTF-8");
		memmove(to, p->at, bytes);
		to += bytes;
		p->at += bytes;
	}
	if (p->at == p->end)
		return refuse(p, "a text without its end");
	token->bytes = (uint32_t)(to - token->text);
	p->at++;
	*to = '\0'; /* at the latest where the quote stood */
	return true;
}

static bool read_digits(struct parser *p)
{
	if (!is_digit(p))
		return refuse(p, "a digit was expected");
	while (is_digit(p))
		p->at++;
	return true;
}

static bool read_number(struct parser *p)
{
	struct json_token *token = add_token(p, JSON_NUMBER);

	if (!token)
		return false;
	token->text = p->at;
	if (*p->at == '-')
		p->at++;
	if (p->at < p->end && *p->at == '0') {
		p->at++;
		if (is_digit(p))
			return refuse(p, "a number that begins with 0");
	} else if (!read_digits(p)) {
		return false;
	}
	if (p->at < p->end && *p->at == '.') {
		p->at++;
		if (!read_digits(p))
			return false;
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		if (!read_digits(p))
			return false;
	}
	if (p->at - token->text > JSON_NUMBER_BYTES_MAX)
		return refuse(p, "a number with too many digits");
	token->bytes = (uint32_t)(p->at - token->text);
	return true;
}

static bool read_word(struct parser *p)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = {{"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t bytes = strlen(words[i].word);

		if ((size_t)(p->end - p->at) < bytes || memcmp(p->at, words[i].word, bytes) != 0)
			continue;
		p->at += bytes;
		return add_token(p, words[i].type) != NULL;
	}
	return refuse(p, "a value was expected");
}

static bool open_container(struct parser *p, enum json_type type)
{
	if (p->depth == JSON_DEPTH_MAX)
		return refuse(p, "it is nested too deeply");
	if (!add_token(p, type))
		return false;
	p->open[p->depth++] = p->json->tokens - 1;
	p->at++;
	return true;
}

static bool read_value(struct parser *p)
{
	skip_space(p);
	if (p->at == p->end)
		return refuse(p, "it ends too early");
	switch (*p->at) {
	case '{':
		return open_container(p, JSON_OBJECT);
	case '[':
		return open_container(p, JSON_ARRAY);
	case '"':
		return read_string(p);
	case '-':
	case '0' ... '9':
		return read_number(p);
	default:
		return read_word(p);
	}
}

static bool read_name(struct parser *p, const struct json_token *object)
{
	skip_space(p);
	if (!read_string(p))
		return false;
	const struct json_token *name = &p->json->token[p->json->tokens - 1];
	if (json_member(p->json, object, name->text))
		return refuse(p, "a name that occurs twice");
	skip_space(p);
	if (p->at == p->end || *p->at != ':')
		return refuse(p, "a colon was expected");
	p->at++;
	return true;
}

/* The next item of the innermost container, or its end. */
static bool read_item(struct parser *p)
{
	struct json_token *container = &p->json->token[p->open[p->depth - 1]];
	bool object = container->type == JSON_OBJECT;

	skip_space(p);
	if (p->at == p->end)
		return refuse(p, "it ends too early");
	if (*p->at == (object ? '}' : ']')) {
		p->at++;
		container->next = p->json->tokens;
		p->depth--;
		return true;
	}
	if (container->items > 0) {
		if (*p->at != ',')
			return refuse(p, "a comma was expected");
		p->at++;
	}
	if (object && !read_name(p, container))
		return false;
	container->items++;
	return read_value(p);
}

bool json_parse(struct json *json, char *line, size_t bytes)
{
	struct parser p = {.json = json, .begin = line, .at = line, .end = line + bytes};

	json->error = NULL;
	json->tokens = 0;
	if (!read_value(&p))
		return false;
	while (p.depth > 0)
		if (!read_item(&p))
			return false;
	skip_space(&p);
	return p.at == p.end || refuse(&p, "something follows the value");
}

const struct json_token *json_first(const struct json *json, const struct json_token *container)
{
	if (!container || container->type < JSON_ARRAY || container->items == 0)
		return NULL;
	return container + 1 < json->token + json->tokens ? container + 1 : NULL;
}

const struct json_token *json_next(const struct json *json, const struct json_token *token)
{
	return &json->token[token->next];
}

const struct json_token *json_member(const struct json *json, const struct json_token *object,
				     const char *name)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	const struct json_token *member = json_first(json, object);
	for (uint32_t i = 0; i < object->items; i++, member = json_next(json, member + 1))
		if (strcmp(member->text, name) == 0)
			return member + 1;
	return NULL;
}

bool json_text(const struct json_token *token, const char **text)
{
	if (!token || token->type != JSON_STRING)
		return false;
	*text = token->text;
	return true;
}

bool json_bool(const struct json_token *token, bool *value)
{
	if (!token || (token->type != JSON_TRUE && token->type != JSON_FALSE))
		return false;
	*value = token->type == JSON_TRUE;
	return true;
}

/* What follows a number in the line is not a NUL. */
static bool copy_number(const struct json_token *token, char *copy)
{
	if (!token || token->type != JSON_NUMBER)
		return false;
	memcpy(copy, token->text, token->bytes);
	copy[token->bytes] = '\0';
	return true;
}

bool json_uint(const struct json_token *token, uint64_t max, uint64_t *value)
{
	char copy[JSON_NUMBER_BYTES_MAX + 1];

	if (!copy_number(token, copy) || copy[strspn(copy, "0123456789")] != '\0')
		return false;
	errno = 0;
	unsigned long long number = strtoull(copy, NULL, 10);
	if (errno != 0 || number > max)
		return false;
	*value = number;
	return true;
}

bool json_double(const struct json_token *token, double *value)
{
	char copy[JSON_NUMBER_BYTES_MAX + 1];

	if (!copy_number(token, copy))
		return false;
	*value = strtod(copy, NULL);
	return isfinite(*value);
}

bool json_is_null(const struct json_token *token)
{
	return token && token->type == JSON_NULL;
}
