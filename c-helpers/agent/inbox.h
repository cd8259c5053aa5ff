/*
 * inbox.h - what is asked, read by a thread of its own, so that the end of the input and a stop are seen
 * while a load keeps the main thread. It sleeps in poll(2) until something comes.
 *
 * One thing at a time, and one ask may wait. "stop" takes its place, and interrupts what is under way.
 */
#ifndef IOMB_AGENT_INBOX_H
#define IOMB_AGENT_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/abi.h"

#define INBOX_LINE_BYTES_MAX 65536u

struct ask {
	int64_t id;
	char name[16];	  /* its member "ask" */
	const char *json; /* all of it, checked; until the next */
};

/* Begins to read. False with errno. */
bool inbox_open(int fd);
/* Waits for an ask. False: the input has ended. */
bool inbox_next(struct ask *ask);
/* Readable once what is under way is to end. */
int inbox_interrupt_fd(void);
bool inbox_interrupted(void);
/* Sleeps so long, or until interrupted. */
void inbox_sleep(uint64_t ms);
/* The load that is under way and ends when interrupted; every progress_ms its progress is told; 0: never. */
void inbox_watch(struct loadgen *load, uint32_t progress_ms);
/* Before the load is destroyed. No progress is told any more when it returns. */
void inbox_unwatch(void);

#endif
