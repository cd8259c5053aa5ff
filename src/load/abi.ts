/**
 * The TypeScript side of the wire to the load generator; its twin is `c-helpers/wire/abi.h`.
 * Struct members are listed in the order of the C header.
 */
export const LOADGEN_ABI_VERSION = 6;
export const PATH_BYTES = 1024;
export const MESSAGE_BYTES = 256;
export const EDGE_FILES_MAX = 12;
export const EDGE_FILE_BYTES = 16_384;
export const COUNTERS_MAX = 56;
export const COUNTER_NAME_BYTES = 24;
export const TRACE_MAX = 64;
export const THREADS_MAX = 256;
/** What a number is that the kernel does not tell: `UINT64_MAX`, rounded as every uint64 here is. */
export const UNKNOWN = 2 ** 64;
/** `enum loadgen_hardware_id`, by value. */
export const HARDWARE_EVENTS = ['instructionsUser', 'instructionsKernel', 'cycles', 'cacheMisses'] as const;
export const CONGESTION_BYTES = 16;
export const HISTOGRAM_BUCKETS = 3840;

/** `enum loadgen_mode`. */
export const LOADGEN_MODE = { closed: 0, openFixed: 1, openPoisson: 2, churn: 3, conduct: 4 } as const;

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
  'connections-lost',
  'counts-differ',
  'operation-failed',
] as const;
export type LoadStatus = (typeof LOADGEN_STATUS)[number];

/** `loadgen_progress.phase`, by value. */
export const LOADGEN_PHASE = ['connecting', 'warm-up', 'measuring', 'draining', 'ended'] as const;
export type LoadPhase = (typeof LOADGEN_PHASE)[number];

export const EDGE = { start: 0, end: 1 } as const;
/** `enum loadgen_reading`. */
export const READING = { beforeTraces: 0, afterTraces: 1 } as const;
export const HISTOGRAM = { response: 0, service: 1, submit: 2 } as const;

/** The C type of a member: a number, a text of so many bytes, or an array of one of these. */
export type CType =
  | 'uint32_t'
  | 'int32_t'
  | 'uint64_t'
  | 'double'
  | { readonly text: number }
  | { readonly array: CType; readonly length: number }
  | { readonly struct: Struct };

/** The members of a struct, in the order of the C header. */
export type Struct = Readonly<Record<string, CType>>;

/** `struct loadgen_config`. */
export const CONFIG = {
  abi_version: 'uint32_t',
  mode: 'uint32_t',
  server_ipv4: 'uint32_t',
  server_port: 'uint32_t',
  connections: 'uint32_t',
  active: 'uint32_t',
  depth: 'uint32_t',
  message_bytes: 'uint32_t',
  server_pid: 'int32_t',
  client_threads: 'uint32_t',
  edge_files: 'uint32_t',
  trace_events: 'uint32_t',
  kernel_threads: 'uint32_t',
  hardware: 'uint32_t',
  seed: 'uint64_t',
  warmup_ns: 'uint64_t',
  measure_ns: 'uint64_t',
  connect_timeout_ns: 'uint64_t',
  stall_timeout_ns: 'uint64_t',
  rate_per_s: 'double',
  client_cpu: { array: 'int32_t', length: THREADS_MAX },
  trace_id: { array: 'uint64_t', length: TRACE_MAX },
  counters_path: { text: PATH_BYTES },
  edge_path: { array: { text: PATH_BYTES }, length: EDGE_FILES_MAX },
} as const satisfies Struct;

/** `struct loadgen_edge`. */
export const EDGE_STRUCT = {
  time_ns: 'uint64_t',
  server_cpu_ns: 'uint64_t',
  client_cpu_ns: 'uint64_t',
  client_syscalls: 'uint64_t',
  client_wakeups: 'uint64_t',
  sampled: 'uint64_t',
  server_voluntary_switches: 'uint64_t',
  server_involuntary_switches: 'uint64_t',
  rested: 'uint64_t',
  kernel_threads: 'uint64_t',
  sqp_cpu_ns: 'uint64_t',
  wrk_cpu_ns: 'uint64_t',
  files_ns: 'uint64_t',
  hardware: { array: 'uint64_t', length: HARDWARE_EVENTS.length },
  hardware_enabled_ns: { array: 'uint64_t', length: HARDWARE_EVENTS.length },
  hardware_running_ns: { array: 'uint64_t', length: HARDWARE_EVENTS.length },
} as const satisfies Struct;

/** `struct loadgen_report`. */
export const REPORT = {
  abi_version: 'uint32_t',
  status: 'uint32_t',
  connections_opened: 'uint32_t',
  counters: 'uint32_t',
  hardware_error: { array: 'int32_t', length: HARDWARE_EVENTS.length },
  connect_ns: 'uint64_t',
  warmup_completed: 'uint64_t',
  window_ns: 'uint64_t',
  sent: 'uint64_t',
  completed: 'uint64_t',
  errors: 'uint64_t',
  in_flight_at_deadline: 'uint64_t',
  drained: 'uint64_t',
  due_unsent: 'uint64_t',
  bytes_verified: 'uint64_t',
  connection_errors: 'uint64_t',
  connections_churned: 'uint64_t',
  response_sum_ns: 'uint64_t',
  response_min_ns: 'uint64_t',
  response_max_ns: 'uint64_t',
  service_sum_ns: 'uint64_t',
  service_min_ns: 'uint64_t',
  service_max_ns: 'uint64_t',
  submit_sum_ns: 'uint64_t',
  submit_min_ns: 'uint64_t',
  submit_max_ns: 'uint64_t',
  bytes_moved: 'uint64_t',
  blocks_checked: 'uint64_t',
  blocks_seen: 'uint64_t',
  pages: 'uint64_t',
  pages_cached: { array: 'uint64_t', length: 2 },
  loop_cpu_ns: 'uint64_t',
  helper_cpu_ns: 'uint64_t',
  edge: { array: { struct: EDGE_STRUCT }, length: 2 },
  congestion: { text: CONGESTION_BYTES },
  message: { text: MESSAGE_BYTES },
} as const satisfies Struct;

export const PORTS_MAX = 8;

/** `struct loadgen_server`. */
export const SERVER = {
  abi_version: 'uint32_t',
  processes: 'uint32_t',
  tasks_ended: 'uint64_t',
  threads: 'uint64_t',
  rss_max_bytes: 'uint64_t',
  accepted: 'uint64_t',
  sockets_errno: 'int32_t',
  congested: 'uint32_t',
  congestion: { text: CONGESTION_BYTES },
} as const satisfies Struct;

/** `struct loadgen_listener`. */
export const LISTENER = {
  abi_version: 'uint32_t',
  error: 'int32_t',
  owner: 'int32_t',
  congestion_error: 'int32_t',
  listeners: 'uint32_t',
  ports: 'uint32_t',
  port: { array: 'uint32_t', length: PORTS_MAX },
} as const satisfies Struct;

/** `struct loadgen_spawned`. */
export const SPAWNED = {
  abi_version: 'uint32_t',
  pid: 'int32_t',
  stdout_fd: 'int32_t',
  stderr_fd: 'int32_t',
} as const satisfies Struct;

/** Added to a signal's number where that ended a process. */
export const WAIT_SIGNAL = 256;

/** `struct loadgen_thread`. */
export const THREAD = {
  abi_version: 'uint32_t',
  cpu: 'int32_t',
  connections: 'uint32_t',
  active: 'uint32_t',
  completed: 'uint64_t',
  drained: 'uint64_t',
  cpu_ns: 'uint64_t',
  syscalls: 'uint64_t',
  wakeups: 'uint64_t',
  run_delay_ns: 'uint64_t',
} as const satisfies Struct;

/** `struct loadgen_progress`. */
export const PROGRESS = {
  abi_version: 'uint32_t',
  phase: 'uint32_t',
  connections_opened: 'uint64_t',
  completed: 'uint64_t',
  elapsed_ns: 'uint64_t',
} as const satisfies Struct;

/** What a member is in TypeScript; every number is one, for none of them reaches 2^53 but `UNKNOWN`. */
type Value<T> = T extends string
  ? number
  : T extends { readonly text: number }
    ? string
    : T extends { readonly array: infer Item }
      ? readonly Value<Item>[]
      : T extends { readonly struct: infer S }
        ? Values<S>
        : never;
/** A struct's members by their names in C. */
export type Values<S> = { readonly [K in keyof S]: Value<S[K]> };

const NUMBER_BYTES = { uint32_t: 4, int32_t: 4, uint64_t: 8, double: 8 } as const;

function bytesOf(type: CType): number {
  if (typeof type === 'string') return NUMBER_BYTES[type];
  if ('text' in type) return type.text;
  if ('array' in type) return type.length * bytesOf(type.array);
  return structBytes(type.struct);
}

/** `sizeof` in C: the structs have no padding, which C asserts and koffi is asked when the library is loaded. */
export function structBytes(struct: Struct): number {
  return Object.values(struct).reduce((sum, type) => sum + bytesOf(type), 0);
}

function decode(type: CType, raw: unknown): unknown {
  if (typeof type === 'string') return Number(raw);
  if ('text' in type) return raw;
  if ('array' in type) return Array.from(raw as ArrayLike<unknown>, (item) => decode(type.array, item));
  return decodeStruct(type.struct, raw as Readonly<Record<string, unknown>>);
}

/** The values of a struct that koffi has filled: it gives uint64 as number or bigint. */
export function decodeStruct<S extends Struct>(struct: S, raw: Readonly<Record<string, unknown>>): Values<S> {
  return Object.fromEntries(
    Object.entries(struct).map(([name, type]) => [name, decode(type, raw[name])]),
  ) as Values<S>;
}
