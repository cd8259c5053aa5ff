import { constants } from 'node:os';
import koffi from 'koffi';
import type { FileLocks } from '../host/cpu-lock.ts';
import { EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import {
  CONFIG,
  CONGESTION_BYTES,
  COUNTER_NAME_BYTES,
  COUNTERS_MAX,
  type CType,
  decodeStruct,
  EDGE,
  EDGE_FILE_BYTES,
  EDGE_FILES_MAX,
  EDGE_STRUCT,
  HARDWARE_EVENTS,
  HISTOGRAM,
  HISTOGRAM_BUCKETS,
  LISTENER,
  LOADGEN_ABI_VERSION,
  LOADGEN_MODE,
  LOADGEN_PHASE,
  LOADGEN_STATUS,
  MESSAGE_BYTES,
  PATH_BYTES,
  PROGRESS,
  READING,
  REPORT,
  SERVER,
  SPAWNED,
  type Struct,
  structBytes,
  THREAD,
  THREADS_MAX,
  TRACE_MAX,
  UNKNOWN,
  type Values,
  WAIT_SIGNAL,
} from './abi.ts';
import type {
  ClientThread,
  FileReport,
  Listener,
  LoadEdge,
  LoadGenerator,
  LoadLatency,
  LoadProgress,
  LoadReport,
  LoadRequest,
  LoadServer,
} from './generator.ts';

/** 127.0.0.1 in host byte order: servers listen there, and the generator accepts nothing else. */
const LOOPBACK_IPV4 = 0x7f000001;

type RawReport = Values<typeof REPORT>;

/** The structs that cross the border, by the name that an error gives them. */
const STRUCTS = {
  config: CONFIG,
  edge: EDGE_STRUCT,
  report: REPORT,
  thread: THREAD,
  progress: PROGRESS,
  server: SERVER,
  listener: LISTENER,
  spawned: SPAWNED,
} as const satisfies Record<string, Struct>;

/** The struct types, registered with koffi once per process: a second registration is an error. */
const types = {
  config: koffiStruct(STRUCTS.config),
  edge: koffiStruct(STRUCTS.edge),
  report: koffiStruct(STRUCTS.report),
  thread: koffiStruct(STRUCTS.thread),
  progress: koffiStruct(STRUCTS.progress),
  server: koffiStruct(STRUCTS.server),
  listener: koffiStruct(STRUCTS.listener),
  spawned: koffiStruct(STRUCTS.spawned),
};

type KoffiType = string | ReturnType<typeof koffi.struct>;

function koffiStruct(struct: Struct) {
  return koffi.struct(
    Object.fromEntries(Object.entries(struct).map(([name, type]) => [name, koffiType(type)])),
  );
}

function koffiType(type: CType): KoffiType {
  if (typeof type === 'string') return type;
  if ('text' in type) return koffi.array('char', type.text, 'String');
  if ('array' in type) return koffi.array(koffiType(type.array), type.length);
  return koffiStruct(type.struct);
}

function checkSizes(libraryPath: string, version: number, buckets: number): void {
  const problems: string[] = [];
  if (version !== LOADGEN_ABI_VERSION) problems.push(`ABI ${version}, expected ${LOADGEN_ABI_VERSION}`);
  if (buckets !== HISTOGRAM_BUCKETS) problems.push(`${buckets} buckets, expected ${HISTOGRAM_BUCKETS}`);
  for (const [name, type] of Object.entries(types)) {
    const expected = structBytes(STRUCTS[name as keyof typeof STRUCTS]);
    if (koffi.sizeof(type) !== expected)
      problems.push(`struct ${name}: ${koffi.sizeof(type)} bytes, expected ${expected}`);
  }
  if (problems.length > 0)
    throw new EnvironmentError(`${libraryPath} does not match this version: ${problems.join('; ')}`);
}

/** Binds the functions of `abi.h`. Throws `EnvironmentError` if the library cannot be used. */
function bind(libraryPath: string): Functions {
  let fns: Functions;
  try {
    fns = functionsOf(koffi.load(libraryPath));
  } catch (cause) {
    throw new EnvironmentError(`cannot load the load generator ${libraryPath}: ${messageOf(cause)}`, {
      cause,
    });
  }
  checkSizes(libraryPath, Number(fns.abiVersion()), Number(fns.buckets()));
  return fns;
}

function functionsOf(library: ReturnType<typeof koffi.load>) {
  const { config, report, thread, progress, server, listener, spawned } = types;
  return {
    abiVersion: library.func('loadgen_abi_version', 'uint32_t', []),
    buckets: library.func('loadgen_histogram_buckets', 'uint32_t', []),
    create: library.func('loadgen_create', 'void *', [koffi.pointer(config), 'void *']),
    run: library.func('loadgen_run', 'int', ['void *']),
    stop: library.func('loadgen_stop', 'void', ['void *']),
    progress: library.func('loadgen_progress', 'void', ['void *', koffi.out(koffi.pointer(progress))]),
    report: library.func('loadgen_report', 'void', ['void *', koffi.out(koffi.pointer(report))]),
    threads: library.func('loadgen_threads', 'uint32_t', ['void *']),
    thread: library.func('loadgen_thread', 'void', ['void *', 'uint32_t', koffi.out(koffi.pointer(thread))]),
    histogram: library.func('loadgen_histogram', 'void', ['void *', 'uint32_t', 'void *']),
    counterNames: library.func('loadgen_counter_names', 'void', ['void *', 'void *']),
    edgeCounters: library.func('loadgen_edge_counters', 'void', ['void *', 'uint32_t', 'uint32_t', 'void *']),
    setupCounters: library.func('loadgen_setup_counters', 'void', ['void *', 'uint32_t', 'void *']),
    edgeTraces: library.func('loadgen_edge_traces', 'void', ['void *', 'uint32_t', 'void *']),
    edgeFile: library.func('loadgen_edge_file', 'uint32_t', ['void *', 'uint32_t', 'uint32_t', 'void *']),
    session: library.func('loadgen_session', 'void', ['void *']),
    server: library.func('loadgen_server', 'void', ['void *', koffi.out(koffi.pointer(server))]),
    adoptListener: library.func('loadgen_adopt_listener', 'void', [
      'int32_t',
      'uint32_t',
      koffi.out(koffi.pointer(listener)),
    ]),
    spawn: library.func('loadgen_spawn', 'int32_t', [
      'void *',
      'uint32_t',
      koffi.out(koffi.pointer(spawned)),
    ]),
    wait: library.func('loadgen_wait', 'int32_t', ['int32_t']),
    destroy: library.func('loadgen_destroy', 'void', ['void *']),
    congestion: library.func('loadgen_congestion', 'void', ['void *']),
    tryCpu: library.func('loadgen_try_cpu', 'int32_t', ['int32_t']),
    childrenCpuNs: library.func('loadgen_children_cpu_ns', 'uint64_t', []),
    tryLock: library.func('loadgen_try_lock', 'int32_t', ['int32_t']),
    unlock: library.func('loadgen_unlock', 'void', ['int32_t']),
    hardwareCheck: library.func('loadgen_hardware_check', 'int32_t', ['int32_t', 'uint32_t']),
    traceCheck: library.func('loadgen_trace_check', 'int32_t', ['int32_t', 'uint64_t']),
  };
}

type Functions = ReturnType<typeof functionsOf>;

function toConfig(request: LoadRequest): Values<typeof CONFIG> {
  const modes = {
    closed: LOADGEN_MODE.closed,
    'open-fixed': LOADGEN_MODE.openFixed,
    'open-poisson': LOADGEN_MODE.openPoisson,
    churn: LOADGEN_MODE.churn,
    conduct: LOADGEN_MODE.conduct,
  } as const;
  if (request.edgeFiles.length > EDGE_FILES_MAX)
    throw new UsageError(`at most ${EDGE_FILES_MAX} files can be kept at an edge`);
  if (request.traceIds.length > TRACE_MAX)
    throw new UsageError(`at most ${TRACE_MAX} tracepoints can be counted`);
  const clientCpus = request.clientCpus ?? [-1];
  if (clientCpus.length > THREADS_MAX)
    throw new UsageError(`the load generator runs on at most ${THREADS_MAX} CPUs`);
  // koffi would cut them without a word.
  const long = [request.countersPath, ...request.edgeFiles].find(
    (path) => Buffer.byteLength(path) >= PATH_BYTES,
  );
  if (long !== undefined) throw new UsageError(`the path ${long} is longer than ${PATH_BYTES - 1} bytes`);
  return {
    abi_version: LOADGEN_ABI_VERSION,
    mode: modes[request.mode],
    server_ipv4: LOOPBACK_IPV4,
    server_port: request.port,
    connections: request.connections,
    active: request.active,
    depth: request.depth,
    message_bytes: request.messageBytes,
    server_pid: request.serverPid,
    client_threads: clientCpus.length,
    edge_files: request.edgeFiles.length,
    trace_events: request.traceIds.length,
    kernel_threads: request.kernelThreads ? 1 : 0,
    hardware: request.hardware ? 1 : 0,
    seed: request.seed,
    warmup_ns: Math.round(request.warmupNs),
    measure_ns: Math.round(request.measureNs),
    connect_timeout_ns: Math.round(request.connectTimeoutNs),
    stall_timeout_ns: Math.round(request.stallTimeoutNs),
    rate_per_s: request.ratePerS,
    client_cpu: Array.from({ length: THREADS_MAX }, (_, i) => clientCpus[i] ?? -1),
    trace_id: Array.from({ length: TRACE_MAX }, (_, i) => request.traceIds[i] ?? 0),
    counters_path: request.countersPath,
    edge_path: Array.from({ length: EDGE_FILES_MAX }, (_, i) => request.edgeFiles[i] ?? ''),
  };
}

/** The bytes of a C string, up to its NUL. */
function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function readCounterNames(fns: Functions, handle: unknown, counters: number): string[] {
  const bytes = Buffer.alloc(COUNTERS_MAX * COUNTER_NAME_BYTES);
  fns.counterNames(handle, bytes);
  return Array.from({ length: counters }, (_, i) =>
    cString(bytes.subarray(i * COUNTER_NAME_BYTES, (i + 1) * COUNTER_NAME_BYTES)),
  );
}

function readLatency(
  fns: Functions,
  handle: unknown,
  raw: RawReport,
  which: keyof typeof HISTOGRAM,
): LoadLatency {
  const counts = new BigUint64Array(HISTOGRAM_BUCKETS);
  fns.histogram(handle, HISTOGRAM[which], counts);
  return {
    sumNs: raw[`${which}_sum_ns`],
    minNs: raw[`${which}_min_ns`],
    maxNs: raw[`${which}_max_ns`],
    counts: Array.from(counts, Number),
  };
}

function readHardware(raw: Values<typeof EDGE_STRUCT>): LoadEdge['hardware'] {
  return HARDWARE_EVENTS.map((_, i) => ({
    value: raw.hardware[i] ?? 0,
    enabledNs: raw.hardware_enabled_ns[i] ?? 0,
    runningNs: raw.hardware_running_ns[i] ?? 0,
  }));
}

/** Turns what the library holds after a run into a report; every uint64 becomes a number. */
class ReportReader {
  readonly #fns: Functions;
  readonly #handle: unknown;
  readonly #request: LoadRequest;

  constructor(fns: Functions, handle: unknown, request: LoadRequest) {
    this.#fns = fns;
    this.#handle = handle;
    this.#request = request;
  }

  read(): LoadReport {
    const filled = {};
    this.#fns.report(this.#handle, filled);
    const raw = decodeStruct(REPORT, filled);
    const names = readCounterNames(this.#fns, this.#handle, raw.counters);
    return {
      status: LOADGEN_STATUS[raw.status] ?? 'system',
      message: raw.message,
      congestion: raw.congestion || null,
      hardwareErrnos: this.#request.hardware ? raw.hardware_error : [],
      connectionsOpened: raw.connections_opened,
      connectNs: raw.connect_ns,
      warmupCompleted: raw.warmup_completed,
      windowNs: raw.window_ns,
      sent: raw.sent,
      completed: raw.completed,
      errors: raw.errors,
      inFlightAtDeadline: raw.in_flight_at_deadline,
      drained: raw.drained,
      dueUnsent: raw.due_unsent,
      bytesVerified: raw.bytes_verified,
      connectionErrors: raw.connection_errors,
      connectionsChurned: raw.connections_churned,
      clientThreads: this.#readThreads(),
      response: readLatency(this.#fns, this.#handle, raw, 'response'),
      service: readLatency(this.#fns, this.#handle, raw, 'service'),
      setup: this.#readSetup(names),
      start: this.#readEdge(raw, EDGE.start, names),
      end: this.#readEdge(raw, EDGE.end, names),
      file: this.#request.mode === 'conduct' ? this.#readFileReport(raw) : null,
      ...(this.#request.session ? { server: this.#readServer() } : {}),
    };
  }

  #readFileReport(raw: RawReport): FileReport {
    const cached = (edge: number) => {
      const pages = raw.pages_cached[edge] ?? UNKNOWN;
      return pages === UNKNOWN ? null : pages;
    };
    return {
      submit: readLatency(this.#fns, this.#handle, raw, 'submit'),
      bytesMoved: raw.bytes_moved,
      blocksChecked: raw.blocks_checked,
      blocksSeen: raw.blocks_seen,
      pages: raw.pages,
      pagesCachedStart: cached(EDGE.start),
      pagesCachedEnd: cached(EDGE.end),
      loopCpuNs: raw.loop_cpu_ns,
      helperCpuNs: raw.helper_cpu_ns,
    };
  }

  #readServer(): LoadServer {
    const filled = {};
    this.#fns.server(this.#handle, filled);
    const raw = decodeStruct(SERVER, filled);
    const isKnown = raw.sockets_errno === 0;
    return {
      processes: raw.processes,
      tasksEnded: raw.tasks_ended,
      threads: raw.threads,
      rssMaxBytes: raw.rss_max_bytes,
      accepted: isKnown ? raw.accepted : null,
      congestion: isKnown && raw.congested === 1 ? raw.congestion : null,
      socketsErrno: raw.sockets_errno,
    };
  }

  #readThreads(): ClientThread[] {
    return Array.from({ length: Number(this.#fns.threads(this.#handle)) }, (_, i) => {
      const filled = {};
      this.#fns.thread(this.#handle, i, filled);
      const raw = decodeStruct(THREAD, filled);
      return {
        cpu: raw.cpu < 0 ? null : raw.cpu,
        connections: raw.connections,
        active: raw.active,
        completed: raw.completed,
        drained: raw.drained,
        cpuNs: raw.cpu_ns,
        syscalls: raw.syscalls,
        wakeups: raw.wakeups,
        runDelayNs: raw.run_delay_ns === UNKNOWN ? null : raw.run_delay_ns,
      };
    });
  }

  #readEdge(report: RawReport, which: number, names: readonly string[]): LoadEdge {
    const raw = report.edge[which];
    if (!raw) throw new Error(`the report has no edge ${which}`);
    return {
      timeNs: raw.time_ns,
      serverCpuNs: raw.server_cpu_ns,
      clientCpuNs: raw.client_cpu_ns,
      clientSyscalls: raw.client_syscalls,
      clientWakeups: raw.client_wakeups,
      sample:
        raw.sampled === 0
          ? null
          : {
              voluntarySwitches: raw.server_voluntary_switches,
              involuntarySwitches: raw.server_involuntary_switches,
            },
      counters: this.#readCounters(which, READING.beforeTraces, names),
      countersAfter: this.#readCounters(which, READING.afterTraces, names),
      traces: this.#readTraces(which),
      rested: raw.rested === 1,
      kernelThreads: this.#request.kernelThreads
        ? {
            threads: raw.kernel_threads,
            sqpCpuNs: raw.sqp_cpu_ns,
            wrkCpuNs: raw.wrk_cpu_ns,
          }
        : null,
      hardware: this.#request.hardware ? readHardware(raw) : [],
      filesNs: raw.files_ns,
      files: Object.fromEntries(this.#request.edgeFiles.map((path, i) => [path, this.#readFile(which, i)])),
    };
  }

  #readSetup(names: readonly string[]): Record<string, number> {
    const [before, after] = [EDGE.start, EDGE.end].map((edge) => {
      const sums = new BigUint64Array(COUNTERS_MAX);
      this.#fns.setupCounters(this.#handle, edge, sums);
      return sums;
    });
    return Object.fromEntries(
      names.map((name, i) => [name, Number((after?.[i] ?? 0n) - (before?.[i] ?? 0n))]),
    );
  }

  #readCounters(edge: number, reading: number, names: readonly string[]): Record<string, number> {
    const sums = new BigUint64Array(COUNTERS_MAX);
    this.#fns.edgeCounters(this.#handle, edge, reading, sums);
    return Object.fromEntries(names.map((name, i) => [name, Number(sums[i] ?? 0n)]));
  }

  #readTraces(edge: number): number[] {
    const sums = new BigUint64Array(TRACE_MAX);
    this.#fns.edgeTraces(this.#handle, edge, sums);
    return Array.from(sums.subarray(0, this.#request.traceIds.length), Number);
  }

  #readFile(edge: number, file: number): string {
    const text = Buffer.alloc(EDGE_FILE_BYTES);
    const bytes = Number(this.#fns.edgeFile(this.#handle, edge, file, text));
    return text.toString('utf8', 0, bytes);
  }
}

/** The load generator in C, called through koffi on a thread of its own. */
class FfiLoadGenerator implements LoadGenerator {
  readonly #fns: Functions;
  #handle: unknown = null;

  constructor(fns: Functions) {
    this.#fns = fns;
  }

  async run(request: LoadRequest, signal: AbortSignal, onEnded?: () => void): Promise<LoadReport> {
    if (this.#handle) throw new Error('the load generator is already running');
    const why = Buffer.alloc(MESSAGE_BYTES);
    const handle = this.#fns.create(toConfig(request), why);
    if (!handle) throw new UsageError(`load generator: ${cString(why)}`);
    this.#handle = handle;
    if (request.session) this.#fns.session(handle);
    const stop = () => this.#fns.stop(handle);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const status = await runAsync(this.#fns, handle);
      if (LOADGEN_STATUS[status] === 'ok') onEnded?.();
      return new ReportReader(this.#fns, handle, request).read();
    } finally {
      signal.removeEventListener('abort', stop);
      this.#handle = null;
      this.#fns.destroy(handle);
    }
  }

  progress(): LoadProgress | null {
    if (!this.#handle) return null;
    const filled = {};
    this.#fns.progress(this.#handle, filled);
    const raw = decodeStruct(PROGRESS, filled);
    return {
      phase: LOADGEN_PHASE[raw.phase] ?? 'ended',
      connectionsOpened: raw.connections_opened,
      completed: raw.completed,
    };
  }
}

function runAsync(fns: Functions, handle: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    fns.run.async(handle, (error: unknown, status: number) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)));
      else resolve(status);
    });
  });
}

/** Loads the compiled generator. Throws `EnvironmentError` if it cannot be loaded or does not match. */
export function loadGenerator(libraryPath: string): LoadGenerator {
  return new FfiLoadGenerator(bind(libraryPath));
}

/** The cheapest call across the language border, for `doctor`'s calibration. */
export function cheapestCall(libraryPath: string): () => void {
  const fns = bind(libraryPath);
  return () => void fns.abiVersion();
}

/**
 * Whether this process may count the tracepoint `id` in the task `pid`: 0, or the errno of
 * perf_event_open(2). Opens and closes one counter; the last close of a tracepoint on the host takes
 * the kernel some milliseconds.
 */
export function traceChecker(libraryPath: string): (pid: number, id: number) => number {
  const fns = bind(libraryPath);
  return (pid, id) => Number(fns.traceCheck(pid, id));
}

/** Whether this process may count each of `HARDWARE_EVENTS` in itself: 0, or the errno of perf_event_open(2). */
export function hardwareErrnos(libraryPath: string): readonly number[] {
  const fns = bind(libraryPath);
  return HARDWARE_EVENTS.map((_, event) => Number(fns.hardwareCheck(process.pid, event)));
}

/** TCP congestion control that the load's sockets have here; null where the kernel does not tell. */
export function congestionOf(libraryPath: string): string | null {
  const name = Buffer.alloc(CONGESTION_BYTES);
  bind(libraryPath).congestion(name);
  return cString(name) || null;
}

/** Why no thread of this process may run on a CPU, as a cpuset decides; null: one may. */
export function whyNotCpu(cpu: number, libraryPath: string): string | null {
  const errno = Number(bind(libraryPath).tryCpu(cpu));
  return errno === 0 ? null : `sched_setaffinity: ${errnoName(errno)}`;
}

/**
 * Looks for who of a session listens on a port, and gives that socket the congestion control that all others have; see
 * `loadgen_adopt_listener`.
 */
export function listenerAdopter(libraryPath: string): (session: number, port: number) => Listener {
  const fns = bind(libraryPath);
  const named = (errno: number) => (errno === 0 ? null : errnoName(errno));
  return (session, port) => {
    const filled = {};
    fns.adoptListener(session, port, filled);
    const raw = decodeStruct(LISTENER, filled);
    return {
      error: named(raw.error),
      owner: raw.owner === 0 ? null : raw.owner,
      congestionError: named(raw.congestion_error),
      listeners: raw.listeners,
      ports: raw.port.slice(0, raw.ports),
    };
  };
}

/** A process that was started; its descriptors are the caller's. */
export interface SpawnedProcess {
  readonly pid: number;
  readonly stdoutFd: number;
  readonly stderrFd: number;
  /** Resolves when it has ended; to be called once, for it collects it. */
  wait(): Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

/** Starts programs without a copy of this process; see `loadgen_spawn`. An errno's name where one cannot be started. */
export function spawner(libraryPath: string): (words: readonly string[]) => SpawnedProcess | string {
  const fns = bind(libraryPath);
  return (words) => {
    const filled = {};
    const text = Buffer.from(words.map((word) => `${word}\0`).join(''));
    const errno = Number(fns.spawn(text, words.length, filled));
    if (errno !== 0) return errnoName(errno);
    const { pid, stdout_fd, stderr_fd } = decodeStruct(SPAWNED, filled);
    return { pid, stdoutFd: stdout_fd, stderrFd: stderr_fd, wait: () => waitFor(fns, pid) };
  };
}

function waitFor(fns: Functions, pid: number): ReturnType<SpawnedProcess['wait']> {
  return new Promise((resolve, reject) => {
    fns.wait.async(pid, (error: unknown, status: number) => {
      if (error || status < 0) reject(new Error(`waitpid(${pid}): ${error ?? errnoName(-status)}`));
      else if (status >= WAIT_SIGNAL) resolve({ exitCode: null, signal: signalName(status - WAIT_SIGNAL) });
      else resolve({ exitCode: status, signal: null });
    });
  });
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}

function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, value]) => value === errno);
  return found?.[0] ?? `errno ${errno}`;
}

/** flock(2) of a descriptor, exclusive and without waiting: 0, or the errno; and its release. */
export function fileLocker(libraryPath: string): FileLocks {
  const fns = bind(libraryPath);
  return { tryLock: (fd) => Number(fns.tryLock(fd)), unlock: (fd) => void fns.unlock(fd) };
}

/** CPU of all children that ended and were waited for, in ns: their threads, those of the kernel and their own children included. */
export function childrenCpu(libraryPath: string): () => number {
  const fns = bind(libraryPath);
  return () => Number(fns.childrenCpuNs());
}
