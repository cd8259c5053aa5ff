/*
 * probe.h - what a behaviour probe is, and how it says what it saw.
 *
 * One file is one probe: it ends with PROBE(...), which makes it known to the program, and its run observes
 * each value that it declared. Observing is all it does: what a value says about a claim is decided
 * elsewhere. It runs in a process of its own, which is ended with all its children when it returns, and
 * killed after its deadline.
 */
#ifndef IOMB_PROBE_H
#define IOMB_PROBE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* For what is known to come, and for what is known not to. */
enum { SOON_MS = 2000, QUIET_MS = 20 };

enum { PROBE_VALUES_MAX = 80 };

enum value_type { VALUE_NUMBER, VALUE_BOOLEAN, VALUE_STRING };

struct probe_value {
	const char *name; /* NULL: behind the last */
	const char *text; /* with its unit */
	enum value_type type;
	bool optional; /* may be left out where this host cannot show it */
};

#define NUMBER(name, text)                                                                                   \
	{                                                                                                    \
		name, text, VALUE_NUMBER, false                                                              \
	}
#define BOOLEAN(name, text)                                                                                  \
	{                                                                                                    \
		name, text, VALUE_BOOLEAN, false                                                             \
	}
#define STRING(name, text)                                                                                   \
	{                                                                                                    \
		name, text, VALUE_STRING, false                                                              \
	}
#define NUMBER_OR_NONE(name, text)                                                                           \
	{                                                                                                    \
		name, text, VALUE_NUMBER, true                                                               \
	}
#define BOOLEAN_OR_NONE(name, text)                                                                          \
	{                                                                                                    \
		name, text, VALUE_BOOLEAN, true                                                              \
	}
#define STRING_OR_NONE(name, text)                                                                           \
	{                                                                                                    \
		name, text, VALUE_STRING, true                                                               \
	}

struct probe {
	const char *id, *title;
	void (*run)(void);
	uint32_t deadline_ms; /* on an idle machine, of which slower ones get a multiple; 0: as most */
	struct probe_value values[PROBE_VALUES_MAX];
	struct probe *next;
};

void probe_register(struct probe *probe);

/* Once in a file, at its end: PROBE(.id = "...", .title = "...", .run = run, .values = {...}); */
#define PROBE(...)                                                                                           \
	static struct probe this_probe = {__VA_ARGS__};                                                      \
	__attribute__((constructor)) static void register_this_probe(void)                                   \
	{                                                                                                    \
		probe_register(&this_probe);                                                                 \
	}                                                                                                    \
	_Static_assert(true, "a semicolon follows")

/* A value of this probe; once each. */
void observe(const char *name, double number);
void observe_is(const char *name, bool yes);
void observe_text(const char *name, const char *text);
/* "ok" for 0, else the name of the errno. */
void observe_error(const char *name, int error);
const char *error_name(int error);

/* Ends the probe, from whichever of its processes: this host cannot show the behaviour. */
__attribute__((format(printf, 1, 2))) _Noreturn void probe_unsupported(const char *format, ...);
/* The same: a call failed that has nothing to do with what is probed; errno is added. */
__attribute__((format(printf, 1, 2))) _Noreturn void probe_broken(const char *format, ...);
/* The same, where no call failed but what must hold does not. */
__attribute__((format(printf, 1, 2))) _Noreturn void probe_odd(const char *format, ...);

/* Of numbers, which it sorts; of an even count the mean of the middle two. */
double median(double *numbers, uint32_t count);

#endif
