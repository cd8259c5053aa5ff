/*
 * json.h - reads one line of JSON (RFC 8259), strictly and within bounds: no recursion, no memory of its
 * own. Stricter than the RFC where a sloppy sender would show: a member may occur once, and a text holds
 * no NUL.
 */
#ifndef IOMB_AGENT_JSON_H
#define IOMB_AGENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_TOKENS_MAX 1024
#define JSON_DEPTH_MAX 8
#define JSON_NUMBER_BYTES_MAX 40

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* A value, followed by those in it; in an object each is led by its name. */
struct json_token {
	enum json_type type;
	uint32_t next;	  /* the token behind it and all that is in it */
	uint32_t items;	  /* of an array or object */
	uint32_t bytes;	  /* of text */
	const char *text; /* of a string: decoded and ended by a NUL; of a number: as it was written */
};

struct json {
	const char *error; /* why it is none */
	size_t error_at;   /* in the line */
	uint32_t tokens;
	struct json_token token[JSON_TOKENS_MAX]; /* the first is the whole */
};

/* Strings are decoded in the line, which must live as long as they are used. False with `error`. */
bool json_parse(struct json *json, char *line, size_t bytes);

/* A member of an object; NULL: it has none of that name, or is no object. */
const struct json_token *json_member(const struct json *json, const struct json_token *object,
				     const char *name);
/* The first item of an array, or the first name of an object; NULL where it has none. */
const struct json_token *json_first(const struct json *json, const struct json_token *container);
/* What stands behind it and all that is in it. Only as often as there are items. */
const struct json_token *json_next(const struct json *json, const struct json_token *token);

/* False for anything else; a missing value (NULL) is nothing of all this. */
bool json_text(const struct json_token *token, const char **text);
bool json_bool(const struct json_token *token, bool *value);
/* A whole number within 0..max, written without fraction and exponent. */
bool json_uint(const struct json_token *token, uint64_t max, uint64_t *value);
/* Finite. */
bool json_double(const struct json_token *token, double *value);
bool json_is_null(const struct json_token *token);

#endif
