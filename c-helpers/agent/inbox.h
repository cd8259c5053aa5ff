/*
 * inbox.h - what is asked, read by a thread of its own, so that an ask can be taken back and the end of
 * the input is seen while a load keeps the main thread. The thread sleeps in poll(2) until something comes.
 *
 * A line that is no ask is refused here; "cancel" is answered here; all else waits for inbox_next.
 */
#ifndef IOMB_AGENT_INBOX_H
#define IOMB_AGENT_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/abi.h"
#include "json.h"

#define INBOX_LINE_BYTES_MAX 65536u

struct ask {
	int64_t id;
	const char *name; /* its member "ask" */
	struct json json;
	char line[]; /* what the texts of json point into */
};

/* Begins to read. False with errno. */
bool inbox_open(int fd);
/* Waits for the next ask, to be given back by ask_free. NULL: the input has ended. */
struct ask *inbox_next(void);
void ask_free(struct ask *ask);

/* From now on a cancel of this ask, a stop or the end of the input interrupts. */
void inbox_begin(int64_t id);
/* Readable once interrupted. */
int inbox_interrupt_fd(void);
bool inbox_interrupted(void);
/* A load that an interruption is to stop; every progress_ms its progress is told; 0: never. */
void inbox_watch(struct loadgen *load, uint32_t progress_ms);
/* Before the load is destroyed. No progress is told any more when it returns. */
void inbox_unwatch(void);
void inbox_end(void);

#endif
