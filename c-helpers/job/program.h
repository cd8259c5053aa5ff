/*
 * program.h - what every file of c-helpers/files begins and ends with: the harness of c-helpers/server runs
 * it as it runs a server, and its loop serves phases instead of connections.
 */
#ifndef IOMB_PROGRAM_H
#define IOMB_PROGRAM_H

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "../server/net.h"
#include "conduct.h"
#include "selftest.h"

/* A loop of a file program holds a `struct conductor conductor`, and may take options of its own. */
#define FILE_PROGRAM(program_name, own_usage, own_option, ...)                                               \
	const struct file_program program = {__VA_ARGS__};                                                   \
                                                                                                             \
	static bool model_option(struct loop *loop, const char *arg)                                         \
	{                                                                                                    \
		bool (*own)(struct loop *, const char *) = own_option;                                       \
		return job_option(&loop->conductor.config, arg) || (own && own(loop, arg));                  \
	}                                                                                                    \
                                                                                                             \
	static enum exit_code model_selftest(struct loop *loop, const struct server *server,                 \
					     struct probe *probe)                                            \
	{                                                                                                    \
		loop->conductor.cpus = server->cpus;                                                         \
		return job_selftest(&loop->conductor, loop, probe);                                          \
	}                                                                                                    \
                                                                                                             \
	static void model_prepare(struct loop *loop, const struct server *server)                            \
	{                                                                                                    \
		loop->conductor.cpus = server->cpus;                                                         \
		conductor_open(&loop->conductor, loop, server->listen_fd);                                   \
	}                                                                                                    \
                                                                                                             \
	static void model_serve(struct loop *loop)                                                           \
	{                                                                                                    \
		conduct(&loop->conductor);                                                                   \
	}                                                                                                    \
                                                                                                             \
	MODEL(.name = (program_name), .usage = JOB_USAGE own_usage, .listen_blocking = true,                 \
	      .option = model_option, .selftest = model_selftest);

#endif
