/*
 * check.h - the little that the C unit tests share. A test prints one line per check and exits with
 * 0 passed, 1 failed, 77 skipped.
 */
#ifndef IOMB_TESTS_CHECK_H
#define IOMB_TESTS_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_SKIPPED 77

static int checks_failed;

/* What is expected, as a sentence; what was found belongs into it. */
__attribute__((format(printf, 2, 3))) static inline bool check(bool passed, const char *format, ...)
{
	va_list args;

	printf("%s - ", passed ? "ok" : "FAILED");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	(void)fflush(stdout);
	if (!passed)
		checks_failed++;
	return passed;
}

/* For what a test needs and is not about. */
__attribute__((format(printf, 2, 3))) static inline void need(bool have, const char *format, ...)
{
	va_list args;

	if (have)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(EXIT_FAILURE);
}

static inline int checks_exit(void)
{
	return checks_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
