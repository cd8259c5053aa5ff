/*
 * model.h - the contract between a model (c-helpers/models/<program>.c) and the server harness.
 *
 * The harness (main.c) owns argv, limits, pinning, the listening socket, the counters page, signals
 * and the ready line. A model owns how it waits for and does I/O, and nothing else. One program is
 * one model file linked with everything in this folder, which finds it by its `model`.
 */
#ifndef IOMB_MODEL_H
#define IOMB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "count.h"

enum exit_code { EXIT_SERVED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNSUPPORTED = 77 };

/* File descriptors that are not connections: stdio, the listener, the counters, a model's own. */
#define SERVER_FDS_RESERVED 32

/* The most that one recv asks for, and the most that a server owes one connection. */
#define SERVER_BUF_BYTES 65536u

struct server {
	int listen_fd;		    /* non-blocking if the model wants it */
	bool listen_shared;	    /* with other workers; else it is the loop's own */
	uint32_t worker;	    /* 0: the main thread */
	struct counters_slot *slot; /* the worker's */
	uint32_t conns_max;	    /* more are refused, by name */
	uint32_t fds_max;	    /* every admitted fd is below this: size fd-indexed tables by it */
	uint32_t buf_bytes;	    /* SERVER_BUF_BYTES */
	uint32_t cpus;		    /* CPUs that the server may run on, after pinning */
	bool loopback;		    /* it listens there alone: no network card brings it packets */
	const char *conns_max_name; /* what set conns_max, e.g. "--conns-max" or "FD_SETSIZE" */
	uint64_t conns_max_value;   /* and to what that is set itself, e.g. 1,024 for FD_SETSIZE */
};

struct model_limit {
	uint32_t conns;	  /* connections that this model can hold on this host */
	const char *name; /* of the limit; NULL: the model has none of its own */
	uint64_t value;	  /* to which the host sets it */
};

#define PROBE_TEXT_BYTES 256
struct probe {
	char reason[PROBE_TEXT_BYTES];	 /* why it is unsupported, one line */
	char features[PROBE_TEXT_BYTES]; /* optional kernel features in use, separated by commas */
};

/*
 * The state of one loop, defined by the model: its options, its tables, and what every function of it
 * needs of the harness. A process may run several, so a model keeps nothing else that can change.
 */
struct loop;

/* How several workers come to their connections, each a thread with a loop of its own. */
enum sharing {
	SHARING_NONE,	  /* there is one worker */
	SHARING_LISTENER, /* all have the same listener */
	SHARING_PORT,	  /* a listener each on the same port, by SO_REUSEPORT */
};

/* What a program is. Hooks that it has no use for are NULL. */
struct model {
	const char *name;
	const char *usage;    /* the model's own options, for --help; NULL: none */
	bool listen_blocking; /* the listener, and so what it accepts, is not O_NONBLOCK */
	bool threads_accept;  /* ... and several threads sleep in accept4 of it */
	bool processes;	      /* connections are served by children of the process */
	size_t loop_bytes;    /* of struct loop; the harness hands it over zeroed */

	/* One "--name=value" that the harness does not know. False: not the model's, or a bad value. */
	bool (*option)(struct loop *loop, const char *arg);

	/* What --workers=N makes of it, with these options; NULL: SHARING_NONE, and N > 1 is a usage error.
	 */
	enum sharing (*sharing)(const struct loop *loop);

	/* The limit that the model itself has; NULL: none. */
	struct model_limit (*limit)(void);

	/*
	 * What selftest.h cannot tell: features in use, and a better reason. EXIT_SERVED, or
	 * EXIT_UNSUPPORTED with one. server holds the limits, and no listener. NULL: nothing.
	 */
	enum exit_code (*probe)(struct loop *loop, const struct server *server, struct probe *probe);

	/* The test that it serves, where that is not to echo a byte; see selftest.h. NULL: it is. */
	enum exit_code (*selftest)(struct loop *loop, const struct server *server, struct probe *probe);

	/*
	 * Everything that can fail or that costs memory, before the ready line: tables, rings, contexts.
	 * A failure ends the process through die(). Runs in the thread that is going to serve the loop.
	 */
	void (*prepare)(struct loop *loop, const struct server *server);

	/* Serves until the process is stopped by SIGTERM, which ends it from the handler. Does not return. */
	void (*serve)(struct loop *loop);

	/*
	 * Brings the counters up to date before the stats line, wherever serve was interrupted: it runs in a
	 * signal handler of the thread that serves the loop, and serve never goes on. NULL: they always are.
	 */
	void (*stopping)(struct loop *loop);

	/* In the handler of SIGCHLD, on the main thread: waits for what ended. NULL: there are no children.
	 */
	void (*child_ended)(struct loop *loop);
};

/* One per program. */
extern const struct model model;

/* Every model file ends with it, and names what is not the same in all of them. */
#define MODEL(...)                                                                                           \
	const struct model model = {.loop_bytes = sizeof(struct loop),                                       \
				    .prepare = model_prepare,                                                \
				    .serve = model_serve,                                                    \
				    __VA_ARGS__}

#endif
