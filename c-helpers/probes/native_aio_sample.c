/* native_aio_sample - whether the guide's sample of native AIO compiles with the headers that it names. */
#include <stdlib.h>

#include "compiler.h"
#include "probe.h"

#define WRAPPERS                                                                                             \
	"#include <linux/aio_abi.h>\n"                                                                       \
	"#include <sys/syscall.h>\n"                                                                         \
	"#include <unistd.h>\n"                                                                              \
	"#include <stdint.h>\n"                                                                              \
	"#include <signal.h>\n"                                                                              \
	"#include <time.h>\n"                                                                                \
	"static int io_setup(unsigned nr_events, aio_context_t *ctx) {\n"                                    \
	"    return syscall(SYS_io_setup, nr_events, ctx);\n"                                                \
	"}\n"                                                                                                \
	"static int io_submit(aio_context_t ctx, long nr, struct iocb **iocbpp) {\n"                         \
	"    return syscall(SYS_io_submit, ctx, nr, iocbpp);\n"                                              \
	"}\n"

/* The guide's lines inside a function. */
static const char sample[] = WRAPPERS "int main(void) {\n"
				      "    int fd = 0; char buf[4096];\n"
				      "    aio_context_t ctx = 0;\n"
				      "    io_setup(256, &ctx);\n"
				      "    struct iocb cb, *cbs[1];\n"
				      "    io_prep_pread(&cb, fd, buf, 4096, 0);\n"
				      "    cb.aio_sigev_notify = SIGEV_NONE;\n"
				      "    cbs[0] = &cb;\n"
				      "    return io_submit(ctx, 1, cbs);\n"
				      "}\n";

/* The same with what those headers have. */
static const char control[] =
	WRAPPERS "int main(void) {\n"
		 "    int fd = 0; static char buf[4096];\n"
		 "    aio_context_t ctx = 0;\n"
		 "    io_setup(256, &ctx);\n"
		 "    struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,\n"
		 "        .aio_buf = (uintptr_t)buf, .aio_nbytes = sizeof(buf) }, *cbs[1];\n"
		 "    cbs[0] = &cb;\n"
		 "    return io_submit(ctx, 1, cbs);\n"
		 "}\n";

static void run(void)
{
	/* As compilers of the guide's time take it: an undeclared function alone is no error to all of them.
	 */
	const char *options =
		"-x c -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Werror=implicit-function-declaration -";
	struct compiled well = compile(options, control), guide = compile(options, sample);

	if (well.code != 0)
		probe_unsupported("the headers that the sample names are not here: %s", well.first_error);
	observe("controlErrors", well.errors);
	observe("errors", guide.errors);
	observe_text("firstError", guide.first_error);
	free(well.output);
	free(guide.output);
}

PROBE(.id = "native-aio-sample", .title = "the guide's sample of native AIO, compiled", .run = run,
      .values = {
	      NUMBER("controlErrors", "errors of the same with what the headers have"),
	      NUMBER("errors", "errors of the sample"),
	      STRING("firstError", "the first of them"),
      });
