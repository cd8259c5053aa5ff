import type { LoadPhase, LoadStatus } from './abi.ts';

/** What one trial asks of the load generator. Times in nanoseconds. */
export interface LoadRequest {
  /**
   * `conduct` is no load: a program that reads and writes a file is asked for its phases. A request is an operation of
   * `messageBytes` then, and connections, active, depth and client threads are 1.
   */
  readonly mode: 'closed' | 'open-fixed' | 'open-poisson' | 'churn' | 'conduct';
  readonly port: number;
  readonly connections: number;
  readonly active: number;
  readonly depth: number;
  readonly messageBytes: number;
  /** Requests per second over all active connections; 0 unless open loop. */
  readonly ratePerS: number;
  readonly seed: number;
  readonly warmupNs: number;
  readonly measureNs: number;
  readonly connectTimeoutNs: number;
  readonly stallTimeoutNs: number;
  readonly serverPid: number;
  /** Where the server's counters page can be opened, `/proc/<pid>/fd/<n>`; empty: it has none. */
  readonly countersPath: string;
  /** The server is every process of the session that `serverPid` leads, and was not built for this. */
  readonly session?: boolean;
  /** A thread is pinned to each; null: one thread, which is not. No more run than there are active connections. */
  readonly clientCpus: readonly number[] | null;
  /** Files whose text is kept at both edges of the window. */
  readonly edgeFiles: readonly string[];
  /**
   * Tracepoints that the kernel counts over all tasks of the server, by the id that tracefs gives them;
   * see `measure/tracepoints.ts`. They slow every system call on the host, so what such a load measures is
   * no throughput.
   */
  readonly traceIds: readonly number[];
  /** Whether to read the CPU of io_uring's kernel threads; costs a look at every task of the server. */
  readonly kernelThreads: boolean;
  /** Whether to count instructions, cycles and cache misses of the server's tasks, where the CPU has counters. */
  readonly hardware: boolean;
}

/** Readings at one edge of the measured window, when no request is in flight. */
export interface LoadEdge {
  readonly timeNs: number;
  readonly serverCpuNs: number;
  /** Of all threads of the client; so are the next two. */
  readonly clientCpuNs: number;
  readonly clientSyscalls: number;
  readonly clientWakeups: number;
  /** What the server answered about itself; null if it did not answer. */
  readonly sample: {
    readonly voluntarySwitches: number;
    readonly involuntarySwitches: number;
  } | null;
  /** The server's counters, summed over its threads. */
  readonly counters: Readonly<Record<string, number>>;
  /** The counters once more, after the traces were read; without traces, the same reading. */
  readonly countersAfter: Readonly<Record<string, number>>;
  /** Hits of `LoadRequest.traceIds`, in that order. */
  readonly traces: readonly number[];
  /**
   * All tasks of the server slept while counters and traces were read, so these tell of the same moment.
   * False for a server that spins, and without traces.
   */
  readonly rested: boolean;
  /** CPU of io_uring's kernel threads that live; null if it was not asked for. See `tasks.h`. */
  readonly kernelThreads: {
    readonly threads: number;
    /** Of `iou-sqp`; lags by up to a tick of the kernel (1 to 10 ms) while it polls. */
    readonly sqpCpuNs: number;
    /** Of `iou-wrk`; shrinks when one ends, which it does after five seconds without work. */
    readonly wrkCpuNs: number;
  } | null;
  /** By `HARDWARE_EVENTS`, over all tasks of the server since the run began; empty if not asked for. */
  readonly hardware: readonly {
    readonly value: number;
    /** In which the tasks ran. */
    readonly enabledNs: number;
    /** ... and a counter was theirs; less where several events took turns at it. */
    readonly runningNs: number;
  }[];
  /** When `files` were read: before the window, and after it. */
  readonly filesNs: number;
  /** The text of `LoadRequest.edgeFiles`, by path; empty where it could not be read. */
  readonly files: Readonly<Record<string, string>>;
}

/** One of the client's threads, between the edges of the window. */
export interface ClientThread {
  /** That it was pinned to; null: it was not. */
  readonly cpu: number | null;
  /** Dealt to it. */
  readonly connections: number;
  readonly active: number;
  readonly completed: number;
  readonly drained: number;
  readonly cpuNs: number;
  readonly syscalls: number;
  readonly wakeups: number;
  /** Ready and without a CPU; null where the kernel does not tell. */
  readonly runDelayNs: number | null;
}

export interface LoadLatency {
  readonly sumNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  /** Dense counts of the 3,840 buckets of `stats/histogram.ts`. */
  readonly counts: readonly number[];
}

/** What is known of a server that was not built for this. */
export interface LoadServer {
  /** Of its session, at the end edge. */
  readonly processes: number;
  /** Between the edges; how often they were switched is not known. */
  readonly tasksEnded: number;
  /** Of all processes, at the end edge. */
  readonly threads: number;
  /** Their peaks added up: pages that they share count in each. */
  readonly rssMaxBytes: number;
  /** Connections that it had accepted at the start edge; null: the kernel does not tell. */
  readonly accepted: number | null;
  /** TCP congestion control of its connections, `several` where they differ; null: the kernel does not tell. */
  readonly congestion: string | null;
  /** Why the kernel does not tell, an errno; 0: it does. */
  readonly socketsErrno: number;
}

/** What a program that reads and writes a file tells, of the window where nothing else is said. */
export interface FileReport {
  /**
   * Of an operation, in the call that issues it and perhaps others, evenly shared; empty where issuing and waiting
   * are one call. The response time begins with it.
   */
  readonly submit: LoadLatency;
  /** By what was completed. */
  readonly bytesMoved: number;
  /** Blocks of 4 KiB that were checked whole, when the file was settled and after the window. */
  readonly blocksChecked: number;
  /** Those of which header and tail were looked at when they had been read. */
  readonly blocksSeen: number;
  /** Of the file, and how many of them lay in the page cache before and after it; null: the kernel does not tell. */
  readonly pages: number;
  readonly pagesCachedStart: number | null;
  readonly pagesCachedEnd: number | null;
  /** CPU of the threads that issue. */
  readonly loopCpuNs: number;
  /**
   * CPU of the process's other threads between the edges, such as POSIX AIO's pool. Those of the kernel are left out
   * with `LoadRequest.kernelThreads` alone. Some 0.1 ms for asking and answering is in it.
   */
  readonly helperCpuNs: number;
}

/** Who listens on a port, and where a session listens. */
export interface Listener {
  /** Why nothing of it is known, by its name; null: it is. */
  readonly error: string | null;
  /** The process of the session that listens on the port; null: none. */
  readonly owner: number | null;
  /** Why the socket does not have the congestion control of all others now, by its name; null: it has. */
  readonly congestionError: string | null;
  /** Sockets of anybody that listen on the port. */
  readonly listeners: number;
  /** Where the session listens. */
  readonly ports: readonly number[];
}

/** What the load generator reports; see `abi.h` for each member. */
export interface LoadReport {
  readonly status: LoadStatus;
  readonly message: string;
  /** TCP congestion control of the client's sockets; null: not told, or none was opened. */
  readonly congestion: string | null;
  /** By `HARDWARE_EVENTS`, why one is not counted: an errno; 0: it is. Empty if not asked for. */
  readonly hardwareErrnos: readonly number[];
  readonly connectionsOpened: number;
  readonly connectNs: number;
  readonly warmupCompleted: number;
  readonly windowNs: number;
  readonly sent: number;
  readonly completed: number;
  readonly errors: number;
  readonly inFlightAtDeadline: number;
  readonly drained: number;
  /** They count in `response` with the time they had waited when the load ended. */
  readonly dueUnsent: number;
  /** Of `conduct`: of the blocks that were checked whole. */
  readonly bytesVerified: number;
  readonly connectionErrors: number;
  readonly connectionsChurned: number;
  /** Those that ran. */
  readonly clientThreads: readonly ClientThread[];
  readonly response: LoadLatency;
  readonly service: LoadLatency;
  /**
   * What the server's counters grew by from before the first connect to the last accept; all zero in
   * churn and conduct, which have no such phase.
   */
  readonly setup: Readonly<Record<string, number>>;
  readonly start: LoadEdge;
  readonly end: LoadEdge;
  /** Of `LoadRequest.session`. */
  readonly server?: LoadServer;
  /** Of the mode `conduct`; null in all others. */
  readonly file: FileReport | null;
}

export interface LoadProgress {
  readonly phase: LoadPhase;
  readonly connectionsOpened: number;
  readonly completed: number;
}

/** Drives one server with one load shape. One call at a time. */
export interface LoadGenerator {
  /**
   * Resolves when the load has ended, whatever its status; rejects with `UsageError` if the request
   * makes no sense. An abort ends the load soon, with status `stopped`.
   * @param onEnded called when the load went well and is over, before it is reported: nothing is measured any more.
   */
  run(request: LoadRequest, signal: AbortSignal, onEnded?: () => void): Promise<LoadReport>;
  /** How the load under way stands; null when there is none. */
  progress(): LoadProgress | null;
}
