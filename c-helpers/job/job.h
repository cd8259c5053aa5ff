/*
 * job.h - the contract between a program of c-helpers/files and the harness of file I/O.
 *
 * The harness owns the file: its layout, the page cache, where the next operation goes, what stands in a
 * block, times and books. A program owns how an operation is issued and how its end is learnt, and nothing
 * else: it takes operations from job_next while there are any, and gives each back to job_done.
 *
 * Each file calls only those below it:
 *   conduct.c  the phases, as they are asked for     options.c  the job on the command line
 *   job.c      operations and books                 file_check.c  what is in the file
 *   file.c     the file and its pages in the cache
 *   block.c    what stands in a block
 */
#ifndef IOMB_JOB_H
#define IOMB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../server/die.h"
#include "../server/model.h"
#include "../wire/clock.h"
#include "../wire/conduct.h"
#include "block.h"

#define JOB_DEPTH_MAX 1024u
#define JOB_BLOCK_BYTES_MAX (1024u * 1024u)

enum job_action {
	JOB_READ,
	JOB_WRITE,
	JOB_APPEND, /* behind the last one, and fsync: one operation */
	JOB_SYNCED, /* a write in place, and fsync */
};

enum job_cache {
	JOB_WARM,   /* the file lies in the page cache */
	JOB_COLD,   /* none of it does when a phase begins */
	JOB_DIRECT, /* O_DIRECT */
};

struct job_config {
	const char *path;
	uint64_t file_bytes;
	uint32_t block_bytes; /* of an operation: a multiple of BLOCK_BYTES */
	uint32_t depth;	      /* operations in flight */
	enum job_action action;
	enum job_cache cache;
	bool random; /* else in order, from the beginning again at the end */
	bool batch;  /* refill when all that has ended is reaped, else each one at once */
	uint64_t seed;
	uint64_t layout_seed;
	bool lay_out; /* make the file, and no more */
	bool verify;  /* check all of it, and no more */
};

/* An operation. It has a buffer of its own, aligned as O_DIRECT wants it. */
struct op {
	uint32_t slot; /* below depth; its own index */
	bool is_write, wants_sync;
	bool in_flight;
	uint8_t stage;	/* for the program: what of it has ended */
	int64_t result; /* for the program */
	uint64_t offset;
	uint64_t begin_ns;
	uint8_t *buffer; /* block_bytes */
	uint64_t *sums;	 /* of the payloads in the buffer */
	void *own;	 /* for the program */
};

/* One issuer of operations: a program with several threads has one for each; see job_split. */
struct job {
	const struct job_config *config;
	struct counters_slot *slot;
	int fd;
	uint32_t depth; /* of this issuer */
	uint32_t first; /* its first slot among all */
	bool issuing;
	uint64_t now_ns, deadline_ns, last_end_ns, stall_ns;
	uint64_t began_ns, ended_ns;
	uint64_t random;
	uint64_t next_block; /* in order: the next operation's, in operations */
	uint64_t sent, completed, in_flight, in_flight_at_end, blocks_seen;
	uint64_t cpu_ns;
	uint32_t status; /* enum conduct_status */
	char message[CONDUCT_MESSAGE_BYTES];
	struct op *ops;	  /* [depth] */
	uint8_t *buffers; /* of all of them, in their order: page-aligned */
	struct histogram response, submit;
	struct file *file;
};

/* ---- what a program calls ---- */

/*
 * The next operation for a slot that is free, its buffer filled if it is a write; NULL when the phase is
 * over. It begins now: job->now_ns, which job_clock or the last job_done read.
 */
struct op *job_next(struct job *job, uint32_t slot);
/* Reads the clock into job->now_ns. */
static inline uint64_t job_clock(struct job *job)
{
	return job->now_ns = now_ns();
}
/*
 * An operation has ended: result is the bytes of the read or write, or -errno; after a sync 0 or -errno.
 * Reads the clock. Checks what was read, and ends the phase where something is wrong.
 */
void job_done(struct job *job, struct op *op, int64_t result);
/* The same for one of many that ended at job->now_ns. */
void job_ended(struct job *job, struct op *op, int64_t result);
/* Time in the call that issued so many operations. */
void job_submitted(struct job *job, uint64_t call_ns, uint32_t operations);
/* Ends the phase: a call that every operation needs has failed. */
__attribute__((format(printf, 2, 3))) void job_fail(struct job *job, const char *format, ...);
/*
 * For loops that wait: nothing has ended for too long, so that the phase has failed and what is in flight is
 * given up. A signal a second, which ends waits with EINTR, sees to it that they ask.
 */
bool job_is_stuck(struct job *job);
/* What a program is. Hooks that it has no use for are NULL. */
struct file_program {
	/* Once, before the first phase: rings, contexts, threads. job has its buffers. */
	void (*open)(struct loop *loop, struct job *job);
	/* A phase: issues until job_next gives nothing, and returns when nothing is in flight. */
	void (*run)(struct loop *loop, struct job *job);
};

extern const struct file_program program;

/* Splits a job into as many of one slot each, and adds up their books again. */
struct job *job_split(struct job *job);
void job_join(struct job *job, struct job *parts);

/* ---- what the harness calls ---- */
bool job_option(struct job_config *config, const char *arg);
void job_check_options(struct job_config *config);
void job_open(struct job *job, const struct job_config *config, struct file *file,
	      struct counters_slot *slot);
/* Makes waits end once a second. */
void job_tick(void);
void job_begin(struct job *job, uint64_t now, uint64_t ns, uint64_t stall_ns);

#endif
