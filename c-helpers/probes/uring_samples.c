/* uring_samples - lines of the guide's io_uring samples that a compiler objects to, and the same put right.
 */
#include <stdlib.h>

#include "compiler.h"
#include "probe.h"

/* What the lines use, as linux/io_uring.h and liburing.h declare it. */
#define DECLARATIONS                                                                                         \
	"#include <stdio.h>\n"                                                                               \
	"#include <string.h>\n"                                                                              \
	"typedef unsigned long long __u64; typedef unsigned __u32; typedef int __s32;\n"                     \
	"struct io_uring { int ring_fd; };\n"                                                                \
	"struct io_uring_params { __u32 flags, sq_thread_idle; };\n"                                         \
	"struct io_uring_cqe { __u64 user_data; __s32 res; __u32 flags; };\n"                                \
	"int io_uring_queue_init_params(unsigned, struct io_uring *, struct io_uring_params *);\n"

static const char printf_sample[] =
	DECLARATIONS "void f(struct io_uring_cqe *cqe) {\n"
		     "    printf(\"op %u returned %d\\n\", cqe->user_data, cqe->res);\n"
		     "    printf(\"op %lu completed: %d\\n\", cqe->user_data, cqe->res);\n"
		     "}\n";
static const char printf_control[] =
	DECLARATIONS "void f(struct io_uring_cqe *cqe) {\n"
		     "    printf(\"op %llu returned %d\\n\", (unsigned long long)cqe->user_data, cqe->res);\n"
		     "}\n";
/* The page shows a pilcrow where "&para" stood. */
static const char params_sample[] =
	DECLARATIONS "int f(void) {\n"
		     "    struct io_uring ring; struct io_uring_params params = { 0 };\n"
		     "    int ring_fd = io_uring_queue_init_params(256, &ring, \xc2\xb6ms);\n"
		     "    return ring_fd;\n"
		     "}\n";
static const char params_control[] =
	DECLARATIONS "int f(void) {\n"
		     "    struct io_uring ring; struct io_uring_params params = { 0 };\n"
		     "    return io_uring_queue_init_params(256, &ring, &params);\n"
		     "}\n";

static void run(void)
{
	const char *options = "-x c -std=gnu11 -Wformat -fsyntax-only -";
	struct compiled control = compile(options, printf_control);

	if (control.code != 0)
		probe_unsupported("the compiler does not take what it should: %s", control.first_error);
	observe("printfControl", control.warnings);
	observe("printfWarnings", compile(options, printf_sample).warnings);
	observe("paramsControl", compile(options, params_control).errors);
	observe("paramsErrors", compile(options, params_sample).errors);
}

PROBE(.id = "uring-samples", .title = "lines of the guide's io_uring samples, compiled", .run = run,
      .values = {
	      NUMBER("printfWarnings", "-Wformat warnings of the two lines that print user_data"),
	      NUMBER("printfControl", "warnings with the format put right"),
	      NUMBER("paramsErrors", "errors of the call of io_uring_queue_init_params as it is shown"),
	      NUMBER("paramsControl", "errors with &params"),
      });
