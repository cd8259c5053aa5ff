/*
 * abi.h - the wire between the orchestrator and the load generator; its twin is src/load/abi.ts.
 *
 * Only fixed-width members, ordered so that there is no hidden padding; abi_version first in every
 * struct; sizes asserted here and compared through koffi.sizeof at load. All times are nanoseconds of
 * CLOCK_MONOTONIC unless the name says otherwise.
 *
 * Life of a generator: create (validates, opens nothing) -> run (once, blocking: call it .async) ->
 * report, thread, histogram, edge_counters, edge_traces, edge_file -> destroy. progress and stop may be
 * called from another thread while run is under way.
 */
#ifndef IOMB_LOADGEN_ABI_H
#define IOMB_LOADGEN_ABI_H

#include <stdint.h>
#include <stddef.h>

#include "congestion.h"

#define LOADGEN_ABI_VERSION 6u
#define LOADGEN_PATH_BYTES 1024
#define LOADGEN_MESSAGE_BYTES 256
#define LOADGEN_EDGE_FILES_MAX 12
#define LOADGEN_EDGE_FILE_BYTES 16384
#define LOADGEN_COUNTERS_MAX 56
#define LOADGEN_COUNTER_NAME_BYTES 24
#define LOADGEN_TRACE_MAX 64
#define LOADGEN_HARDWARE_EVENTS 4
#define LOADGEN_THREADS_MAX 256

#define LOADGEN_API __attribute__((visibility("default")))

enum loadgen_mode {
	LOADGEN_CLOSED = 0,	  /* a new request as soon as one completes */
	LOADGEN_OPEN_FIXED = 1,	  /* requests fall due at equal distances */
	LOADGEN_OPEN_POISSON = 2, /* exponential distances, same mean */
	LOADGEN_CHURN = 3,	  /* connect, one request, close, again */
	/*
	 * No load: a program that reads and writes a file is asked for its phases; see conduct.h. A request
	 * is an operation of the program, and its times are those that the program took.
	 */
	LOADGEN_CONDUCT = 4,
};

enum loadgen_status {
	LOADGEN_OK = 0,
	LOADGEN_STOPPED = 1,	    /* loadgen_stop was called */
	LOADGEN_CONNECT_FAILED = 2, /* some connection could not be opened in time */
	LOADGEN_STALLED = 3, /* requests in flight and no answer for stall_timeout_ns; or none to an ask */
	LOADGEN_SERVER_GONE = 4, /* the server's process ended */
	LOADGEN_CORRUPT = 5,	 /* an echoed byte, or a block of the file, is not what was written */
	LOADGEN_UNBALANCED = 6,	 /* sent != completed + errors + in flight: our own bug, or a program's */
	LOADGEN_SYSTEM = 7,	 /* a system call of the generator failed */
	LOADGEN_CONNECTIONS_LOST = 8,  /* some broke in the warm-up, or while they were idle */
	LOADGEN_COUNTS_DIFFER = 9,     /* the server accepted or echoed something else than this load sent */
	LOADGEN_OPERATION_FAILED = 10, /* conduct: an operation, or what the program prepares it with */
};

enum loadgen_edge_id { LOADGEN_EDGE_START = 0, LOADGEN_EDGE_END = 1, LOADGEN_EDGES = 2 };
/* The counters are read twice at an edge, so that they enclose the traces. */
enum loadgen_reading { LOADGEN_BEFORE_TRACES = 0, LOADGEN_AFTER_TRACES = 1, LOADGEN_READINGS = 2 };
/* The CPU's own counters, over all tasks of the server. */
enum loadgen_hardware_id {
	LOADGEN_INSTRUCTIONS_USER = 0,
	LOADGEN_INSTRUCTIONS_KERNEL = 1,
	LOADGEN_CYCLES = 2,	  /* in user space and in the kernel */
	LOADGEN_CACHE_MISSES = 3, /* likewise */
};
enum loadgen_histogram_id {
	LOADGEN_HIST_RESPONSE = 0,
	LOADGEN_HIST_SERVICE = 1,
	LOADGEN_HIST_SUBMIT = 2, /* conduct: in the call that issues, shared evenly by what it issued */
	LOADGEN_HISTS = 3
};

struct loadgen_config {
	uint32_t abi_version;
	uint32_t mode;	      /* enum loadgen_mode */
	uint32_t server_ipv4; /* host byte order; must lie in 127.0.0.0/8 */
	uint32_t server_port;
	/* N; in churn: connections alive at once. In conduct this, the next two and client_threads are 1 */
	uint32_t connections;
	uint32_t active;	 /* M <= N connections that carry requests */
	uint32_t depth;		 /* D requests in flight per active connection */
	uint32_t message_bytes;	 /* S; in conduct: of an operation */
	int32_t server_pid;	 /* for its CPU clock and SIGUSR1; 0: neither is read */
	uint32_t client_threads; /* of the generator; no more run than there are active connections */
	uint32_t edge_files;	 /* how many of edge_path[] are set */
	uint32_t trace_events;	 /* how many of trace_id[] are set */
	uint32_t kernel_threads; /* 1: read the CPU of io_uring's kernel threads */
	uint32_t hardware;	 /* 1: count by enum loadgen_hardware_id */
	uint64_t seed;
	uint64_t warmup_ns;
	uint64_t measure_ns;
	uint64_t connect_timeout_ns;
	uint64_t stall_timeout_ns;
	double rate_per_s;			 /* open loop: over all active connections */
	int32_t client_cpu[LOADGEN_THREADS_MAX]; /* where to pin each thread; -1: leave it */
	uint64_t trace_id[LOADGEN_TRACE_MAX];	 /* tracepoints, by the id that tracefs gives them */
	char counters_path[LOADGEN_PATH_BYTES];	 /* /proc/<pid>/fd/<n>; empty: no counters */
	/* Files whose text is kept at both edges of the window, e.g. /proc/stat. */
	char edge_path[LOADGEN_EDGE_FILES_MAX][LOADGEN_PATH_BYTES];
};
_Static_assert(sizeof(struct loadgen_config) == 14 * 4 + 5 * 8 + 8 + LOADGEN_THREADS_MAX * 4 +
							LOADGEN_TRACE_MAX * 8 +
							LOADGEN_PATH_BYTES * (1 + LOADGEN_EDGE_FILES_MAX),
	       "loadgen_config has padding");

/*
 * What is read at an edge. The load is quiet then, on all of its threads: no request is in flight, and the
 * window is the same for all.
 */
struct loadgen_edge {
	uint64_t time_ns;
	uint64_t server_cpu_ns; /* clock_getcpuclockid(server_pid): all tasks, ended ones included */
	uint64_t client_cpu_ns; /* CPU of the generator's threads, added up; so are the next two */
	uint64_t client_syscalls;
	uint64_t client_wakeups;
	uint64_t sampled; /* 1: the server answered SIGUSR1 and the next two are valid */
	uint64_t server_voluntary_switches;
	uint64_t server_involuntary_switches;
	/*
	 * 1: all the server's tasks slept while counters and traces were read, so both tell of the same
	 * moment. 0: the two readings of the counters are the least and the most that traces can say.
	 */
	uint64_t rested;
	/* With kernel_threads: how many there are, and the CPU of iou-sqp and of iou-wrk; see tasks.h. */
	uint64_t kernel_threads;
	uint64_t sqp_cpu_ns;
	uint64_t wrk_cpu_ns;
	uint64_t files_ns; /* when edge_path[] was read: outside of the window */
	/*
	 * By enum loadgen_hardware_id, since the run began: counts, the time that the tasks ran, and that in
	 * which a counter was theirs; less where events take turns at a counter. Zeros where not counted.
	 */
	uint64_t hardware[LOADGEN_HARDWARE_EVENTS];
	uint64_t hardware_enabled_ns[LOADGEN_HARDWARE_EVENTS];
	uint64_t hardware_running_ns[LOADGEN_HARDWARE_EVENTS];
};

struct loadgen_report {
	uint32_t abi_version;
	uint32_t status; /* enum loadgen_status */
	uint32_t connections_opened;
	uint32_t counters; /* counters that the server's page names */
	/* Why an event of config.hardware is not counted: an errno of perf_event_open or read; 0: it is. */
	int32_t hardware_error[LOADGEN_HARDWARE_EVENTS];
	uint64_t connect_ns;		/* first connect() to the last established connection */
	uint64_t warmup_completed;	/* requests completed before the start edge */
	uint64_t window_ns;		/* start edge to deadline: the time that throughput divides by */
	uint64_t sent;			/* requests since the start edge */
	uint64_t completed;		/* ... completed by the deadline */
	uint64_t errors;		/* ... whose connection broke */
	uint64_t in_flight_at_deadline; /* sent = completed + errors + in_flight_at_deadline */
	uint64_t drained;		/* of those in flight, completed before the end edge */
	uint64_t due_unsent;		/* open loop: due by the deadline, never sent; in the response times
					   with what they had waited by then */
	uint64_t bytes_verified;	/* since the start edge, drained ones included; in conduct: of the
					   blocks that were checked whole */
	uint64_t connection_errors;
	uint64_t connections_churned; /* churn: connections closed in the window */
	uint64_t response_sum_ns, response_min_ns, response_max_ns;
	uint64_t service_sum_ns, service_min_ns, service_max_ns;
	/* From here to the edges, of conduct; zero in a load. */
	uint64_t submit_sum_ns, submit_min_ns, submit_max_ns;
	uint64_t bytes_moved;	 /* by what was completed */
	uint64_t blocks_checked; /* whole: when the file was settled, and after the window */
	uint64_t blocks_seen;	 /* by header and tail, in the window */
	uint64_t pages;		 /* of the file */
	/* ... in the page cache before the window and after it; UINT64_MAX: the kernel does not tell. */
	uint64_t pages_cached[LOADGEN_EDGES];
	uint64_t loop_cpu_ns; /* of the threads that issue, in the window */
	/*
	 * ... and of the process's other ones, between the edges: all but those and io_uring's kernel
	 * threads, which are known with config.kernel_threads alone. What the program spends on asking and
	 * answering is in it, some 0.1 ms.
	 */
	uint64_t helper_cpu_ns;
	struct loadgen_edge edge[LOADGEN_EDGES];
	char congestion[CONGESTION_NAME_BYTES]; /* TCP congestion control of the load's sockets */
	char message[LOADGEN_MESSAGE_BYTES];	/* why status is not OK, for people */
};
_Static_assert(sizeof(struct loadgen_report) == 4 * (4 + LOADGEN_HARDWARE_EVENTS) + 29 * 8 +
							2 * (13 + 3 * LOADGEN_HARDWARE_EVENTS) * 8 +
							CONGESTION_NAME_BYTES + LOADGEN_MESSAGE_BYTES,
	       "loadgen_report has padding");

/* One of the threads that ran; between the edges of the window. */
struct loadgen_thread {
	uint32_t abi_version;
	int32_t cpu;	      /* that it was pinned to; -1: not pinned */
	uint32_t connections; /* dealt to it */
	uint32_t active;
	uint64_t completed; /* by the deadline */
	uint64_t drained;
	uint64_t cpu_ns;
	uint64_t syscalls;
	uint64_t wakeups;
	uint64_t run_delay_ns; /* ready, and without a CPU; UINT64_MAX: the kernel does not tell */
};
_Static_assert(sizeof(struct loadgen_thread) == 4 * 4 + 6 * 8, "loadgen_thread has padding");

struct loadgen_progress {
	uint32_t abi_version;
	uint32_t phase; /* 0 connecting, 1 warm-up, 2 measuring, 3 draining, 4 ended */
	uint64_t connections_opened;
	uint64_t completed;
	uint64_t elapsed_ns;
};

/* What is known of a server that was not built for this; see loadgen_session. */
struct loadgen_server {
	uint32_t abi_version;
	uint32_t processes;			/* at the end edge */
	uint64_t tasks_ended;			/* between the edges: their switches are not known */
	uint64_t threads;			/* at the end edge */
	uint64_t rss_max_bytes;			/* peaks of all processes, added up */
	uint64_t accepted;			/* connections, at the start edge */
	int32_t sockets_errno;			/* why accepted and congestion are not known; 0: they are */
	uint32_t congested;			/* 1: congestion is known */
	char congestion[CONGESTION_NAME_BYTES]; /* of its connections */
};
_Static_assert(sizeof(struct loadgen_server) == 4 * 4 + 4 * 8 + CONGESTION_NAME_BYTES,
	       "loadgen_server has padding");

#define LOADGEN_PORTS_MAX 8

/* Who listens on a port, and where a session listens. */
struct loadgen_listener {
	uint32_t abi_version;
	int32_t error;		  /* why nothing of it is known: an errno; 0: it is */
	int32_t owner;		  /* the process of the session that listens on the port; 0: none */
	int32_t congestion_error; /* why its congestion control was not pinned: an errno; 0: it is */
	uint32_t listeners;	  /* sockets of anybody that listen on the port */
	uint32_t ports;		  /* how many of port[] are set: where the session listens */
	uint32_t port[LOADGEN_PORTS_MAX];
};
_Static_assert(sizeof(struct loadgen_listener) == (6 + LOADGEN_PORTS_MAX) * 4,
	       "loadgen_listener has padding");

/* A process that was started, and where what it says can be read; these belong to the caller. */
struct loadgen_spawned {
	uint32_t abi_version;
	int32_t pid;
	int32_t stdout_fd;
	int32_t stderr_fd;
};
_Static_assert(sizeof(struct loadgen_spawned) == 4 * 4, "loadgen_spawned has padding");

/* Added to a signal's number where that ended a process. */
#define LOADGEN_WAIT_SIGNAL 256

struct loadgen;

LOADGEN_API uint32_t loadgen_abi_version(void);
LOADGEN_API uint32_t loadgen_histogram_buckets(void);
/* NULL on a config that makes no sense; message (LOADGEN_MESSAGE_BYTES) then says why. */
LOADGEN_API struct loadgen *loadgen_create(const struct loadgen_config *config, char *message);
/* Before run: what is executed from start edge to end edge is enclosed in marker instructions (x86-64). */
LOADGEN_API void loadgen_mark(struct loadgen *lg);
/*
 * Before run: the server is every process of the session that server_pid leads, and knows nothing of us: no
 * counters page, no SIGUSR1. CPU, switches and events are those of all of them.
 */
LOADGEN_API void loadgen_session(struct loadgen *lg);
LOADGEN_API int loadgen_run(struct loadgen *lg); /* returns enum loadgen_status */
LOADGEN_API void loadgen_stop(struct loadgen *lg);
LOADGEN_API void loadgen_progress(const struct loadgen *lg, struct loadgen_progress *out);
LOADGEN_API void loadgen_report(const struct loadgen *lg, struct loadgen_report *out);
/* How many threads it runs. */
LOADGEN_API uint32_t loadgen_threads(const struct loadgen *lg);
/* Zeros but for cpu, connections and active where nothing was measured. */
LOADGEN_API void loadgen_thread(const struct loadgen *lg, uint32_t thread, struct loadgen_thread *out);
/* Copies loadgen_histogram_buckets() counts. */
LOADGEN_API void loadgen_histogram(const struct loadgen *lg, uint32_t id, uint64_t *counts);
/* Names as LOADGEN_COUNTERS_MAX * LOADGEN_COUNTER_NAME_BYTES chars; sums as u64[LOADGEN_COUNTERS_MAX]. */
LOADGEN_API void loadgen_counter_names(const struct loadgen *lg, char *names);
LOADGEN_API void loadgen_edge_counters(const struct loadgen *lg, uint32_t edge, uint32_t reading,
				       uint64_t *sums);
/*
 * The counters before the first connect (edge LOADGEN_EDGE_START) and when the server has accepted the
 * last connection (LOADGEN_EDGE_END); zeros in churn and conduct, which have no such phase.
 */
LOADGEN_API void loadgen_setup_counters(const struct loadgen *lg, uint32_t edge, uint64_t *sums);
/* Hits of trace_id[], in that order, over all tasks of the server: u64[LOADGEN_TRACE_MAX]. */
LOADGEN_API void loadgen_edge_traces(const struct loadgen *lg, uint32_t edge, uint64_t *sums);
/* Returns the bytes copied, at most LOADGEN_EDGE_FILE_BYTES; 0 when the file could not be read. */
LOADGEN_API uint32_t loadgen_edge_file(const struct loadgen *lg, uint32_t edge, uint32_t file, char *text);
/* Zeros without loadgen_session. */
LOADGEN_API void loadgen_server(const struct loadgen *lg, struct loadgen_server *out);
LOADGEN_API void loadgen_destroy(struct loadgen *lg);
/* Whether this process may count a tracepoint in the task pid: 0, or the errno of perf_event_open. */
LOADGEN_API int32_t loadgen_trace_check(int32_t pid, uint64_t id);
/* Whether this process may count an event of enum loadgen_hardware_id in the task pid: 0, or an errno. */
LOADGEN_API int32_t loadgen_hardware_check(int32_t pid, uint32_t event);
/* TCP congestion control that the load's sockets have here: CONGESTION_NAME_BYTES, empty if not told. */
LOADGEN_API void loadgen_congestion(char *name);
/*
 * Looks for who of a session listens on a port, and gives that socket the congestion control that all
 * others have, which its connections inherit: by pidfd_getfd(2), which takes the right to trace the process.
 */
LOADGEN_API void loadgen_adopt_listener(int32_t session, uint32_t port, struct loadgen_listener *out);
/*
 * Starts a program in a session of its own, with nothing to read on stdin: for the orchestrator, whose fork
 * is dear. text holds `count` words, each with a NUL behind it, and is looked for in PATH. 0, or an errno.
 */
LOADGEN_API int32_t loadgen_spawn(char *text, uint32_t count, struct loadgen_spawned *spawned);
/* Waits for it: its exit code, LOADGEN_WAIT_SIGNAL and the signal, or a negative errno. May block. */
LOADGEN_API int32_t loadgen_wait(int32_t pid);
/* CPU of all children that this process has waited for, with those that they have waited for. */
LOADGEN_API uint64_t loadgen_children_cpu_ns(void);
/* Whether a thread of this process may run on a CPU: 0, or the errno of sched_setaffinity. */
LOADGEN_API int32_t loadgen_try_cpu(int32_t cpu);
/*
 * flock(2) of a descriptor, exclusive and without waiting: 0, or the errno; EWOULDBLOCK: another has it.
 * For the orchestrator, whose language has no such call.
 */
LOADGEN_API int32_t loadgen_try_lock(int32_t fd);
/* Also where other processes or threads have inherited the descriptor. */
LOADGEN_API void loadgen_unlock(int32_t fd);

#endif
