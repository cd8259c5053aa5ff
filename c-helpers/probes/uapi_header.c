/*
 * uapi_header - what the kernel headers of this system say: sizes and types of structures, flags, and whether
 * names that the guide has are in them. A small program of the headers is compiled and asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"
#include "probe.h"
#include "process.h"

static const char program[] =
	"#include <stdio.h>\n"
	"#include <stdint.h>\n"
	"#include <sys/epoll.h>\n"
	"#include <linux/io_uring.h>\n"
	"#ifndef IORING_ENTER_SQ_WAIT\n"
	"#define IORING_ENTER_SQ_WAIT 0\n"
	"#endif\n"
	"#ifndef IORING_ENTER_EXT_ARG\n"
	"#define IORING_ENTER_EXT_ARG 0\n"
	"#endif\n"
	"int main(void) {\n"
	"    struct io_uring_sqe sqe = { 0 };\n"
	"    sqe.fd = -1;\n"
	"    printf(\"%d %d %d %d %d %d %d %d %d\\n\", (int)sizeof(struct io_uring_sqe),\n"
	"        (int)sizeof(struct io_uring_cqe), sqe.fd < 0, (int)sizeof(struct epoll_event),\n"
	"        (int)IORING_ENTER_GETEVENTS, (int)IORING_ENTER_SQ_WAKEUP, (int)IORING_ENTER_SQ_WAIT,\n"
	"        (int)IORING_ENTER_EXT_ARG, (int)IORING_OP_LAST);\n"
	"    return 0;\n"
	"}\n";

/* Builds it, runs it, and reads its numbers. */
static void ask(int numbers[9])
{
	char path[] = "/var/tmp/iomodels-probe-XXXXXX", options[128];
	int fd = mkostemp(path, 0), count = 0;

	if (fd < 0)
		probe_broken("mkostemp(%s)", path);
	close(fd);
	snprintf(options, sizeof(options), "-x c -std=gnu11 -D_GNU_SOURCE -o %s -", path);
	struct compiled built = compile(options, program);
	if (built.code != 0) {
		unlink(path);
		probe_unsupported("there are no kernel headers with io_uring here: %s", built.first_error);
	}
	FILE *answer = popen(path, "re");
	if (answer)
		while (count < 9 && fscanf(answer, "%d", &numbers[count]) == 1)
			count++;
	if (answer)
		pclose(answer);
	unlink(path);
	if (count != 9)
		probe_unsupported("a program that was compiled into /var/tmp cannot be executed there");
}

static bool has(const char *options, const char *include, const char *word)
{
	struct compiled text = compile(options, include);
	bool found = text.code == 0 && strstr(text.output, word);

	free(text.output);
	return found;
}

static void run(void)
{
	static const char ring[] = "#include <linux/io_uring.h>\n";
	const char *text = "-x c -E -", *macros = "-x c -E -dM -";
	int numbers[9];

	ask(numbers);
	observe("sqeBytes", numbers[0]);
	observe("cqeBytes", numbers[1]);
	observe_is("fdSigned", numbers[2]);
	observe("epollEventBytes", numbers[3]);
	observe("enterGetevents", numbers[4]);
	observe("enterSqWakeup", numbers[5]);
	observe("enterSqWait", numbers[6]);
	observe("enterExtArg", numbers[7]);
	observe("ops", numbers[8]);
	if (!has(text, ring, "IORING_OP_FSYNC") || !has(macros, "#include <sys/syscall.h>\n", "SYS_read"))
		probe_odd("the compiler does not show the headers");
	observe_is("hasFdatasync", has(text, ring, "IORING_OP_FDATASYNC"));
	observe_is("hasSetupTest", has(text, ring, "SETUP_TEST"));
	observe_is("hasClone", has(text, ring, "IORING_OP_CLONE"));
	observe_is("hasRoprec",
		   has(macros, "#include <linux/io_uring.h>\n#include <linux/fs.h>\n", "ROPREC"));
	observe_is("hasKqueue", has(macros, "#include <sys/syscall.h>\n", "kqueue"));
	observe_is("iocbSigev", has(text, "#include <linux/aio_abi.h>\n", "aio_sigev_notify"));
}

PROBE(.id = "uapi-header", .title = "what the kernel headers of this system say", .run = run,
      .values = {
	      NUMBER("sqeBytes", "bytes of struct io_uring_sqe"),
	      NUMBER("cqeBytes", "bytes of struct io_uring_cqe"),
	      BOOLEAN("fdSigned", "its member fd is signed"),
	      NUMBER("epollEventBytes", "bytes of struct epoll_event"),
	      NUMBER("enterGetevents", "IORING_ENTER_GETEVENTS"),
	      NUMBER("enterSqWakeup", "IORING_ENTER_SQ_WAKEUP"),
	      NUMBER("enterSqWait", "IORING_ENTER_SQ_WAIT; 0 where these headers have none"),
	      NUMBER("enterExtArg", "IORING_ENTER_EXT_ARG; 0 where these headers have none"),
	      NUMBER("ops", "operations of enum io_uring_op"),
	      BOOLEAN("hasFdatasync", "there is an IORING_OP_FDATASYNC"),
	      BOOLEAN("hasSetupTest", "there is a SETUP_TEST"),
	      BOOLEAN("hasClone", "there is an IORING_OP_CLONE"),
	      BOOLEAN("hasRoprec", "there is a flag ROPREC"),
	      BOOLEAN("hasKqueue", "there is a system call kqueue"),
	      BOOLEAN("iocbSigev", "struct iocb has an aio_sigev_notify"),
      });
