/* die.h - how a server gives up: one line on stderr, for people, and the exit code. */
#ifndef IOMB_DIE_H
#define IOMB_DIE_H

/* "<what>: <strerror(errno)>", exit 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "<what>", exit 1. */
_Noreturn void die_because(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "<what>", exit 2: the caller asked for something that makes no sense or is over a limit. */
_Noreturn void die_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "<what>", exit 77: this kernel or machine cannot do it. */
_Noreturn void die_unsupported(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
