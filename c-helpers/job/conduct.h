/* conduct.h - serves the phases of wire/conduct.h. */
#ifndef IOMB_JOB_CONDUCT_H
#define IOMB_JOB_CONDUCT_H

#include "file.h"
#include "job.h"

#define JOB_USAGE                                                                                            \
	"--file=PATH --file-bytes=N --block-bytes=N [--depth=1] [--action=read|write|append|synced] "        \
	"[--cache=warm|cold|direct] [--order=sequential|random] [--refill=single|batch] [--seed=N] "         \
	"[--lay-out|--verify]"

struct conductor {
	struct job_config config;
	struct loop *loop;
	int listen_fd;
	uint32_t cpus; /* that the program may run on */
	struct job job;
	struct file file;
	struct conduct_answer answer;
};

/* Opens the file and the program; dies where something is wrong. With --lay-out or --verify: makes
 * or checks all of the file, and exits. */
void conductor_open(struct conductor *conductor, struct loop *loop, int listen_fd);
/* Until the process is stopped. */
_Noreturn void conduct(struct conductor *conductor);
/* One phase as asked for. */
void conductor_take(struct conductor *conductor, const struct conduct_ask *ask,
		    struct conduct_answer *answer);

#endif
