/* die.c - see die.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "model.h"

#define DIE_TEXT_BYTES 512

/* _exit, not exit: other threads may be running, and there is nothing to flush. */
static _Noreturn void end(enum exit_code code, const char *format, va_list args, const char *reason)
{
	char text[DIE_TEXT_BYTES];
	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "%s: %s%s%s\n", model.name, text, reason ? ": " : "", reason ? reason : "");
	fflush(stderr);
	_exit(code);
}

void die(const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list args;
	va_start(args, format);
	end(EXIT_FAILED, format, args, reason);
}

void die_because(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	end(EXIT_FAILED, format, args, NULL);
}

void die_usage(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	end(EXIT_USAGE, format, args, NULL);
}

void die_unsupported(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	end(EXIT_UNSUPPORTED, format, args, NULL);
}
