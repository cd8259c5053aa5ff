/* probe.c - see probe.h. What a probe observes is kept here until it ends, and then written as one line. */
#include "probe.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../wire/errno_name.h"
#include "result.h"

enum { REASON_BYTES = 512 };

struct seen {
	bool is_there;
	double number;
	char text[RESULT_TEXT_BYTES];
};

static struct {
	const struct probe *probe;
	int fd;
	struct seen seen[PROBE_VALUES_MAX];
} state;

static struct probe *first;

void probe_register(struct probe *probe)
{
	struct probe **at = &first;

	while (*at && strcmp((*at)->id, probe->id) < 0)
		at = &(*at)->next;
	probe->next = *at;
	*at = probe;
}

const struct probe *probes_first(void)
{
	return first;
}

void json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else if (byte < 0x20 || byte >= 0x7f)
			fputc('?', out);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

void result_print(FILE *out, const struct probe *probe, const char *outcome, const char *reason)
{
	bool some = false;

	fprintf(out, "{\"probe\":");
	json_string(out, probe->id);
	fprintf(out, ",\"outcome\":\"%s\"", outcome);
	if (reason) {
		fprintf(out, ",\"reason\":");
		json_string(out, reason);
	}
	fprintf(out, ",\"values\":{");
	for (int i = 0; i < PROBE_VALUES_MAX && !reason; i++) {
		const struct seen *seen = &state.seen[i];
		if (!seen->is_there)
			continue;
		fprintf(out, "%s\"%s\":", some ? "," : "", probe->values[i].name);
		some = true;
		if (probe->values[i].type == VALUE_STRING)
			json_string(out, seen->text);
		else if (probe->values[i].type == VALUE_BOOLEAN)
			fputs(seen->number != 0 ? "true" : "false", out);
		else
			fprintf(out, "%.10g", seen->number);
	}
	fprintf(out, "}}\n");
}

/* In one write: the first line counts, whichever process of the probe it is from. */
static _Noreturn void finish(const char *outcome, const char *reason)
{
	char *line = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&line, &bytes);

	if (!out)
		_exit(EXIT_FAILURE);
	result_print(out, state.probe, outcome, reason);
	fclose(out);
	ssize_t written = write(state.fd, line, bytes);
	free(line);
	_exit(written == (ssize_t)bytes ? EXIT_SUCCESS : EXIT_FAILURE);
}

void result_run(const struct probe *probe, int fd)
{
	state.probe = probe;
	state.fd = fd;
	probe->run();
	for (int i = 0; i < PROBE_VALUES_MAX && probe->values[i].name; i++)
		if (!probe->values[i].optional && !state.seen[i].is_there)
			probe_odd("%s was not observed", probe->values[i].name);
	finish("observed", NULL);
}

static struct seen *see(const char *name, enum value_type type)
{
	for (int i = 0; i < PROBE_VALUES_MAX && state.probe->values[i].name; i++) {
		const struct probe_value *value = &state.probe->values[i];
		if (strcmp(value->name, name) != 0)
			continue;
		if (value->type != type || state.seen[i].is_there)
			probe_odd("%s is declared otherwise, or observed twice", name);
		state.seen[i].is_there = true;
		return &state.seen[i];
	}
	probe_odd("%s is not declared", name);
}

void observe(const char *name, double number)
{
	if (!isfinite(number))
		probe_odd("%s is no number", name);
	see(name, VALUE_NUMBER)->number = number;
}

void observe_is(const char *name, bool yes)
{
	see(name, VALUE_BOOLEAN)->number = yes;
}

void observe_text(const char *name, const char *text)
{
	struct seen *seen = see(name, VALUE_STRING);
	snprintf(seen->text, sizeof(seen->text), "%s", text);
}

void observe_error(const char *name, int error)
{
	observe_text(name, error_name(error));
}

const char *error_name(int error)
{
	static char other[32];
	const char *name = error ? errno_name(error) : "ok";

	if (name)
		return name;
	snprintf(other, sizeof(other), "errno %d", error);
	return other;
}

static _Noreturn void finish_for(const char *outcome, const char *format, va_list args, const char *error)
{
	char reason[REASON_BYTES];

	vsnprintf(reason, sizeof(reason), format, args);
	size_t len = strlen(reason);
	if (error)
		snprintf(reason + len, sizeof(reason) - len, ": %s", error);
	finish(outcome, reason);
}

void probe_unsupported(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	finish_for("unsupported", format, args, NULL);
}

void probe_broken(const char *format, ...)
{
	const char *error = strerror(errno);
	va_list args;
	va_start(args, format);
	finish_for("failed", format, args, error);
}

void probe_odd(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	finish_for("failed", format, args, NULL);
}

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

double median(double *numbers, uint32_t count)
{
	if (count == 0)
		return 0;
	qsort(numbers, count, sizeof(*numbers), by_size);
	return (numbers[count / 2] + numbers[(count - 1) / 2]) / 2;
}
