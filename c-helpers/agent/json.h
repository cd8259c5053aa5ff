/*
 * json.h - reads one line of JSON (RFC 8259) without memory of its own. A line is checked once; after that
 * a value is the place in the line where it begins, and NULL is a value that is not there, of which
 * everything below says so.
 */
#ifndef IOMB_AGENT_JSON_H
#define IOMB_AGENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether `bytes` of text, with a NUL behind them, are one value. False with the reason. */
bool json_check(const char *text, size_t bytes, const char **why);

/* The value of the first member of that name; names are compared as they are written. */
const char *json_member(const char *object, const char *name);
/* The first item of an array, and the one behind an item. */
const char *json_first(const char *array);
const char *json_next(const char *item);

/* Decodes a string that takes, with its NUL, at most `bytes`; one that holds a NUL is none. */
bool json_string(const char *value, char *to, size_t bytes);
bool json_bool(const char *value, bool *to);
/* A whole number within 0..max, written without fraction and exponent. */
bool json_uint(const char *value, uint64_t max, uint64_t *to);
/* Finite. */
bool json_double(const char *value, double *to);
bool json_is_null(const char *value);
bool json_is_array(const char *value);

#endif
