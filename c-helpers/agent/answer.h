/*
 * answer.h - writes lines of JSON to a stream. One line is under way at a time; another thread that begins
 * one waits. Once a write has failed nobody listens any more, and what follows goes nowhere.
 */
#ifndef IOMB_AGENT_ANSWER_H
#define IOMB_AGENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Where lines go; before the first. */
void answer_to(FILE *stream);
/* Begins {"event":<event>. */
void answer_begin(const char *event);
/* ... and with the id of what was asked; a negative one is written as null. */
void answer_begin_to(int64_t id, const char *event);
void answer_end(void);
/* A whole line: what was asked is not understood, or cannot be done. */
void answer_refused(int64_t id, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Values: items of an array, or what follows a name. */
void put_string(const char *text);
/* Bytes that are not UTF-8 become U+FFFD. */
void put_text(const char *text, size_t bytes);
void put_uint(uint64_t value);
void put_int(int64_t value);
void put_bool(bool value);
void put_null(void);
/* JSON as it is: one value, on one line; NULL is written as null. */
void put_json(const char *json);
void put_array(void);
void put_array_end(void);
void put_object(void);
void put_object_end(void);

/* A member of an object: its name, and one of the above behind it. */
void put_name(const char *name);
/* Both at once. */
void put_member_string(const char *name, const char *text);
void put_member_uint(const char *name, uint64_t value);
void put_member_bool(const char *name, bool value);

#endif
