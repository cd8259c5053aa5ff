/*
 * load.h - the state of the load, shared by its files. It knows an address, and nothing of the process
 * behind it: what is read of that stands behind edge_reader.h.
 *
 * A load is one thread's part of a whole (crew.h): that thread owns all of it while the load runs, only
 * struct progress and meetings are read by others, and what all parts have in common is struct crew.
 *
 * Each file calls only those below it:
 *   engine.c    the event loop and the phases        conduct.c   the phases of a file program, instead
 *   traffic.c   requests of lasting connections      churn.c     connections of one request each
 *   receive.c   answers: read, verified, completed
 *   window.c    the end of the load; the books
 *   due.c       open loop: what falls due is sent
 *   send.c      requests: entered, and sent
 *   conns.c     opening and closing
 *   crew.c      the threads: where they meet, and how they end
 *   schedule.c  due times     pattern.c  the bytes
 */
#ifndef IOMB_LOAD_H
#define IOMB_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../wire/abi.h"
#include "../wire/failure.h"
#include "../wire/histogram.h"
#include "pattern.h"
#include "schedule.h"

#define GENERATOR_CACHE_LINE 64
#define GENERATOR_EVENTS_MAX 512 /* what one return from epoll_wait can report */
#define SLOT_IDLE UINT32_MAX
/* The kernel copies to it, and is slower where it starts within a cache line. */
#define CHUNK_ALIGNMENT 4096

/* What epoll reports beside connections, whose events carry their index. */
enum event_source { EVENT_STOP = 0xfffffff0u, EVENT_ALARM, EVENT_DUE, EVENT_ENDED };

enum generator_phase {
	PHASE_CONNECTING = 0,
	PHASE_WARMUP = 1,
	PHASE_MEASURING = 2,
	PHASE_DRAINING = 3,
	PHASE_ENDED = 4,
};

enum conn_state { CONN_CLOSED = 0, CONN_CONNECTING, CONN_OPEN, CONN_CLOSING };

struct request_times {
	uint64_t due_ns;
	uint64_t sent_ns;
};

/* Offsets count the bytes of the connection's stream since it was opened. One cache line. */
struct conn {
	_Alignas(GENERATOR_CACHE_LINE) int fd;
	uint32_t state;	   /* enum conn_state */
	uint32_t phase;	   /* where in the pattern the stream starts */
	uint32_t slot;	   /* index among the active connections, or SLOT_IDLE */
	uint64_t issued;   /* end of the last request */
	uint64_t sent;	   /* what the kernel has taken */
	uint64_t received; /* what came back and was verified */
	uint32_t in_flight;
	uint32_t oldest;	    /* ring index of the oldest request in flight */
	struct request_times times; /* the ring, where one request is in flight at most */
};
_Static_assert(sizeof(struct conn) == GENERATOR_CACHE_LINE, "one cache line per connection");

/* Since the last reset; each is counted where it happens, none is derived from another. */
struct counts {
	uint64_t sent;
	uint64_t completed; /* while the load was on */
	uint64_t errors;    /* ... requests whose connection broke */
	uint64_t drained;   /* completed after the load was switched off */
	uint64_t lost;	    /* broke after the load was switched off */
	uint64_t bytes_verified;
	uint64_t churned; /* connections closed after their request, while the load was on */
};

/* What other threads read while the load runs, on a cache line of its own. */
struct progress {
	_Alignas(GENERATOR_CACHE_LINE) _Atomic uint64_t connections_opened;
	_Atomic uint64_t completed;
};

struct sources {
	uint32_t per_address; /* connections that one source address carries */
	uint32_t addresses;   /* 1: the kernel picks the address */
};

/* The congestion control of the load's own sockets: pinned where the kernel allows it. */
struct congestion {
	bool refused;			  /* the pinned one is: the host's default stays */
	char name[CONGESTION_NAME_BYTES]; /* what the first connection has; empty before it */
};

/* The load's own readings at an edge of the window. */
struct load_edge {
	uint64_t time_ns;
	uint64_t cpu_ns; /* of the load's thread */
	uint64_t syscalls;
	uint64_t wakeups;
	uint64_t run_delay_ns; /* ready, and without a CPU; RUN_DELAY_UNKNOWN */
};
#define RUN_DELAY_UNKNOWN UINT64_MAX

struct crew;
struct conducted;

/* What a load is: an address, and what is sent to it. Nothing of the process that listens there. */
struct load_config {
	uint32_t server_ipv4; /* host byte order */
	uint32_t server_port;
	uint32_t connections;
	uint64_t warmup_ns, measure_ns;
	uint64_t connect_timeout_ns, stall_timeout_ns;
	bool marks; /* see mark.h */
};

struct load {
	/* What every request needs, together. */
	_Alignas(GENERATOR_CACHE_LINE) uint64_t now_ns; /* the last reading of the clock */
	uint64_t deadline_ns;
	uint64_t waiting_since_ns; /* last answer, or first request after silence */
	uint64_t in_flight;
	uint64_t syscalls;
	uint64_t wakeups;
	struct conn *conns;	    /* [config.connections] */
	struct epoll_event *events; /* [GENERATOR_EVENTS_MAX] */
	const struct pattern *pattern;
	struct request_times *times; /* [active][depth], a ring per active connection; unused at depth 1 */
	uint32_t message_bytes;
	uint32_t depth;
	int epoll_fd;
	bool open_loop;
	bool churn;
	bool issuing; /* the load is on: new requests are started */
	bool measuring;
	struct failure failure; /* its status; the message is seldom touched */
	struct counts counts;
	struct histogram response;
	struct histogram service; /* open loop and churn; else every service time is the response */

	struct load_config config; /* connections: of this thread */
	struct crew *crew;
	uint32_t number;	  /* of this thread in the crew; the first one reads the edges */
	int32_t cpu;		  /* pinned to; -1: not pinned */
	bool pace_accepts;	  /* see struct crew; false as well once it stood still */
	uint32_t active;	  /* connections of this thread */
	uint32_t *active_conn;	  /* [active]: slot -> index in conns */
	uint64_t ended_ns;	  /* when the load was switched off */
	uint32_t connected;	  /* established and not closed */
	uint32_t closing;	  /* churn: waiting for the server's FIN */
	uint32_t failures_in_row; /* churn: connections that broke since the last that did not */
	int last_error;		  /* errno of the last connection that broke */
	int alarm_fd;		  /* wakes the loop to look after itself */
	int due_fd;		  /* open loop: wakes it for the next due time */
	uint64_t due_armed_ns;
	uint64_t opened; /* connections established since the beginning */
	uint64_t tried;	 /* connections begun */
	uint64_t connection_errors;
	uint64_t connect_ns;
	uint64_t idle_lost; /* ... of those that carry no requests */
	uint64_t warmup_completed;
	uint64_t warmup_bytes; /* verified */
	uint64_t window_ns;
	uint64_t in_flight_at_deadline;
	uint64_t due_unsent;
	struct congestion congestion;
	struct schedule schedule;    /* open loop only */
	struct conducted *conducted; /* a file program's phases; NULL: a load */
	struct load_edge edge[LOADGEN_EDGES];
	atomic_uint meetings; /* that this thread has come to */
	struct progress progress;
	_Alignas(CHUNK_ALIGNMENT) uint8_t chunk[PATTERN_CHUNK_BYTES];
};

/* The ring of the times of a connection's requests in flight. */
static inline struct request_times *load_times(struct load *lg, struct conn *c)
{
	return lg->depth == 1 ? &c->times : &lg->times[(size_t)c->slot * lg->depth];
}

#endif
