#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "failure.h"

void fail(struct failure *f, enum loadgen_status status, const char *format, ...)
{
	va_list args;

	if (f->status != LOADGEN_OK)
		return;
	f->status = status;
	va_start(args, format);
	(void)vsnprintf(f->message, sizeof(f->message), format, args);
	va_end(args);
}

void fail_call(struct failure *f, const char *format, ...)
{
	int error = errno;
	char call[LOADGEN_MESSAGE_BYTES / 2];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(call, sizeof(call), format, args);
	va_end(args);
	fail(f, LOADGEN_SYSTEM, "%s: %s", call, strerror(error));
}
