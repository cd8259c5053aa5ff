/**
 * The TypeScript side of the wire to the load generator; its twin is `c-helpers/wire/abi.h`.
 * Struct members are listed in the order of the C header.
 */
export const LOADGEN_ABI_VERSION = 2;
export const PATH_BYTES = 64;
export const MESSAGE_BYTES = 256;
export const EDGE_FILES_MAX = 8;
export const EDGE_FILE_BYTES = 16_384;
export const COUNTERS_MAX = 56;
export const COUNTER_NAME_BYTES = 24;
export const TRACE_MAX = 64;
export const HISTOGRAM_BUCKETS = 3840;

/** `enum loadgen_mode`. */
export const LOADGEN_MODE = { closed: 0, openFixed: 1, openPoisson: 2, churn: 3 } as const;

/** `enum loadgen_status`, by value. */
export const LOADGEN_STATUS = [
  'ok',
  'stopped',
  'connect-failed',
  'stalled',
  'server-gone',
  'corrupt',
  'unbalanced',
  'system',
] as const;
export type LoadStatus = (typeof LOADGEN_STATUS)[number];

/** `loadgen_progress.phase`, by value. */
export const LOADGEN_PHASE = ['connecting', 'warm-up', 'measuring', 'draining', 'ended'] as const;
export type LoadPhase = (typeof LOADGEN_PHASE)[number];

export const EDGE = { start: 0, end: 1 } as const;
/** `enum loadgen_reading`. */
export const READING = { beforeTraces: 0, afterTraces: 1 } as const;
export const HISTOGRAM = { response: 0, service: 1 } as const;

/** Members of `struct loadgen_edge`, all uint64. */
export const EDGE_FIELDS = [
  'time_ns',
  'server_cpu_ns',
  'client_cpu_ns',
  'client_syscalls',
  'client_wakeups',
  'sampled',
  'server_voluntary_switches',
  'server_involuntary_switches',
  'rested',
  'kernel_threads',
  'sqp_cpu_ns',
  'wrk_cpu_ns',
] as const;

/** The uint64 members of `struct loadgen_report`, between its four uint32 and its edges. */
export const REPORT_FIELDS = [
  'connect_ns',
  'warmup_completed',
  'window_ns',
  'sent',
  'completed',
  'errors',
  'in_flight_at_deadline',
  'drained',
  'due_unsent',
  'bytes_verified',
  'connection_errors',
  'connections_churned',
  'response_sum_ns',
  'response_min_ns',
  'response_max_ns',
  'service_sum_ns',
  'service_min_ns',
  'service_max_ns',
] as const;

export type EdgeField = (typeof EDGE_FIELDS)[number];
export type ReportField = (typeof REPORT_FIELDS)[number];

/** `sizeof` of the structs in C, asserted there too; compared through koffi when the library is loaded. */
export const STRUCT_BYTES = {
  config: 14 * 4 + 5 * 8 + 8 + TRACE_MAX * 8 + PATH_BYTES * (1 + EDGE_FILES_MAX),
  edge: EDGE_FIELDS.length * 8,
  report: 4 * 4 + REPORT_FIELDS.length * 8 + 2 * EDGE_FIELDS.length * 8 + MESSAGE_BYTES,
  progress: 2 * 4 + 3 * 8,
} as const;
