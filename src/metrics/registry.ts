import type { Observation } from '../results/schema.ts';
import { per, sumOf } from '../stats/sums.ts';
import { NS_PER_S } from '../util/units.ts';
import { DOMAINS, type Domain, domainOf, type Workload } from '../workloads/schema.ts';
import type { Metric, Unit } from './metric.ts';
import { largest, perRequest, quantileOf, ratioOf, steadyMean } from './reduce.ts';

/** What most metrics are. */
const COST = {
  better: 'lower',
  domains: DOMAINS,
  ofDevice: false,
  takenFrom: 'own',
  alsoTraced: false,
  resolution: 0,
  movedBy: 'wall',
  countedThreshold: null,
  detectable: null,
  isRate: false,
  comparedBy: 'middle',
  gate: false,
  ofRungs: false,
  judged: true,
  optional: false,
  kernelColumn: null,
  fileColumn: null,
  workersColumn: null,
} as const satisfies Partial<Metric>;

/** What noise can only make worse. */
const BEST = { comparedBy: 'best' } as const satisfies Partial<Metric>;

/** Steady enough for the overall verdict. */
const GATE = { ...BEST, gate: true } as const satisfies Partial<Metric>;

/** Work done per time. */
const RATE = { ...COST, ...BEST, better: 'higher', isRate: true } as const satisfies Partial<Metric>;

/** A count per request: differences of a fiftieth of a call are none. */
const COUNT = { ...COST, resolution: 0.02, movedBy: 'load' } as const satisfies Partial<Metric>;

/** What the CPU counts, per request; null where it has no counters, or none that may be used. */
const HARDWARE = {
  ...COST,
  takenFrom: 'cpu',
  unit: 'per-request',
  optional: true,
} as const satisfies Partial<Metric>;

/** Instructions depend on the program and the kernel alone; interrupts only add some. */
const INSTRUCTIONS = {
  ...HARDWARE,
  ...GATE,
  movedBy: 'program',
  countedThreshold: 0.01,
} as const satisfies Partial<Metric>;

/** One connection repeats to some hundredths of a per cent from boot to boot, fifty to one per cent. */
function detectableByBoots(connections: number): number {
  return connections === 1 ? 0.005 : 0.02;
}

/** What a guest executed, per request; null on a host, where nothing counts it. */
const PATH_LENGTH = {
  ...COST,
  domains: ['socket'],
  unit: 'per-request',
  optional: true,
  movedBy: 'boot',
  detectable: detectableByBoots,
  comparedBy: 'exact',
} as const satisfies Partial<Metric>;

/** Of connections alone. */
const OF_SOCKETS = { domains: ['socket'] } as const satisfies Partial<Metric>;

/** Of files alone. */
const OF_FILES = { domains: ['file'], optional: true } as const satisfies Partial<Metric>;

/** Shown and exported, and judged by `compare` only where asked for. */
const TOLD = { judged: false } as const satisfies Partial<Metric>;

/** Memory comes in pages, and libc asks for many at once: equal runs of a server lie up to 150 KiB apart. */
const MEMORY_RESOLUTION_BYTES = 256 * 1024;

/** What a guest executes for a request, all in all: what kernels are compared by. */
export const PATH_LENGTH_ID = 'guestInstructionsPerRequest';

/** In the order of the tables. */
const ROWS: readonly Metric[] = [
  {
    ...PATH_LENGTH,
    id: PATH_LENGTH_ID,
    stem: 'guest_instructions',
    title: 'path length',
    name: 'instructions/request',
    help: 'Guest instructions per request: server, client and kernel',
    gate: true,
    column: { header: 'instr.\n/req', priority: 0 },
    ...perRequest((o) => o.pathLength?.total ?? null),
  },
  {
    ...PATH_LENGTH,
    id: 'guestServerInstructionsPerRequest',
    stem: 'guest_server_instructions',
    title: "path length of the server's share",
    name: 'server instr./request',
    help: 'Guest instructions per request while the server ran, in a guest with one CPU',
    column: { header: 'server\ninstr.', priority: 1 },
    ...perRequest((o) => o.pathLength?.server ?? null),
  },
  {
    ...PATH_LENGTH,
    ...TOLD,
    id: 'guestClientInstructionsPerRequest',
    stem: 'guest_client_instructions',
    title: "path length of the client's share",
    name: 'client instr./request',
    help: 'Guest instructions per request while the load generator ran, in a guest with one CPU',
    column: { header: 'client\ninstr.', priority: 3 },
    ...perRequest((o) => o.pathLength?.client ?? null),
  },
  {
    // No gate: in a closed loop it follows the response time, in an open one it is given.
    ...RATE,
    id: 'throughputPerS',
    fileColumn: { header: 'IOPS', priority: 0 },
    ofRungs: true,
    stem: 'throughput',
    unit: 'requests-per-second',
    title: 'throughput',
    name: 'throughput',
    help: 'Completed requests per second',
    named: { gobench: 'req/s' },
    column: { header: 'req/s', priority: 0 },
    workersColumn: { header: 'req/s', priority: 0 },
    ...steadyMean((o) => o.throughputPerS),
  },
  {
    ...RATE,
    ...TOLD,
    id: 'goodputBytesPerS',
    fileColumn: { header: 'bytes\n/s', priority: 4 },
    stem: 'goodput',
    unit: 'bytes-per-second',
    title: 'goodput',
    name: 'goodput',
    help: 'Bytes of completed requests per second, in one direction: echoed and verified, or read or written',
    column: null,
    // Bytes are verified until the last answer is drained, so this is the mean message times the rate. Exact
    // where no request broke; parts of broken echoes are counted, and the table tells of them.
    ...steadyMean(({ requests, throughputPerS, file, windowNs }) =>
      file !== null
        ? (file.bytes / windowNs) * NS_PER_S
        : requests.accounted === 0
          ? null
          : (requests.bytesVerified / requests.accounted) * throughputPerS,
    ),
  },
  {
    ...COST,
    ...GATE,
    id: 'responseP50Ns',
    ofDevice: true,
    fileColumn: { header: 'p50', priority: 2 },
    stem: 'response_p50',
    unit: 'ns',
    title: 'p50 latency',
    name: 'p50',
    help: 'Median of the reply minus its due time',
    named: { bmf: 'latency' },
    column: { header: 'p50', priority: 4 },
    ...quantileOf('response', 0.5),
  },
  {
    ...COST,
    id: 'responseP99Ns',
    fileColumn: { header: 'p99', priority: 2 },
    ofRungs: true,
    stem: 'response_p99',
    unit: 'ns',
    title: 'p99 latency',
    name: 'p99',
    help: '99th percentile of the reply minus its due time',
    column: { header: 'p99', priority: 2 },
    ...quantileOf('response', 0.99),
  },
  {
    ...COST,
    ...TOLD,
    id: 'responseP999Ns',
    fileColumn: { header: 'p99.9', priority: 5 },
    stem: 'response_p999',
    unit: 'ns',
    title: 'p99.9 latency',
    name: 'p99.9',
    help: '99.9th percentile of the reply minus its due time',
    column: { header: 'p99.9', priority: 3 },
    ...quantileOf('response', 0.999),
  },
  {
    ...COST,
    ...BEST,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'serviceP50Ns',
    stem: 'service_p50',
    unit: 'ns',
    title: 'p50 service time',
    name: 'p50 service',
    help: 'Median of the reply minus its actual send, where that is not the due time',
    column: null,
    ...quantileOf('service', 0.5),
  },
  {
    ...COST,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'serviceP99Ns',
    stem: 'service_p99',
    unit: 'ns',
    title: 'p99 service time',
    name: 'p99 service',
    help: '99th percentile of the reply minus its actual send, where that is not the due time',
    column: null,
    ...quantileOf('service', 0.99),
  },
  {
    ...COST,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'serviceP999Ns',
    stem: 'service_p999',
    unit: 'ns',
    title: 'p99.9 service time',
    name: 'p99.9 service',
    help: '99.9th percentile of the reply minus its actual send, where that is not the due time',
    column: null,
    ...quantileOf('service', 0.999),
  },
  {
    ...COST,
    ...GATE,
    id: 'cpuNsPerRequest',
    fileColumn: { header: 'CPU ns\n/op', priority: 0 },
    ofRungs: true,
    stem: 'cpu',
    unit: 'ns-per-request',
    title: 'server CPU',
    name: 'CPU/request',
    help: 'Server CPU time per request, all threads and the kernel threads of io_uring included',
    movedBy: 'cpu',
    workersColumn: { header: 'CPU ns\n/req', priority: 0 },
    column: { header: 'CPU ns\n/req', priority: 0 },
    kernelColumn: 'cpu',
    ...steadyMean((o) => per(o.server.cpuNs, o.requests.accounted)),
  },
  {
    ...COST,
    ...BEST,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'clientCpuNsPerRequest',
    stem: 'client_cpu',
    unit: 'ns-per-request',
    title: 'client CPU',
    name: 'client CPU/request',
    help: 'CPU time of the load generator per request',
    movedBy: 'cpu',
    column: null,
    ...steadyMean((o) => per(o.client.cpuNs, o.requests.accounted)),
  },
  {
    ...INSTRUCTIONS,
    id: 'instructionsUserPerRequest',
    fileColumn: { header: 'user\ninstr.', priority: 8 },
    stem: 'instructions_user',
    title: 'instructions in user space',
    name: 'user instr./request',
    help: 'Instructions of the server per request, in user space',
    column: { header: 'user\ninstr.', priority: 8 },
    ...perRequest((o) => o.server.hardware?.instructionsUser ?? null),
  },
  {
    ...INSTRUCTIONS,
    id: 'instructionsKernelPerRequest',
    fileColumn: { header: 'kernel\ninstr.', priority: 8 },
    stem: 'instructions_kernel',
    title: 'instructions in the kernel',
    name: 'kernel instr./request',
    help: 'Instructions of the server per request, in the kernel, interrupts of its CPU included',
    column: { header: 'kernel\ninstr.', priority: 8 },
    ...perRequest((o) => o.server.hardware?.instructionsKernel ?? null),
  },
  {
    ...HARDWARE,
    ...TOLD,
    id: 'cyclesPerRequest',
    stem: 'cycles',
    title: 'cycles',
    name: 'cycles/request',
    help: 'CPU cycles of the server per request',
    movedBy: 'cpu',
    column: null,
    ...perRequest((o) => o.server.hardware?.cycles ?? null),
  },
  {
    ...HARDWARE,
    ...TOLD,
    id: 'instructionsPerCycle',
    stem: 'instructions_per_cycle',
    unit: 'ratio',
    title: 'instructions per cycle',
    name: 'IPC',
    help: 'Instructions of the server per CPU cycle, in user space and in the kernel',
    better: 'higher',
    movedBy: 'cpu',
    column: { header: 'IPC', priority: 9 },
    ...ratioOf(instructions, (o) => o.server.hardware?.cycles ?? null),
  },
  {
    ...HARDWARE,
    ...TOLD,
    id: 'cacheMissesPerRequest',
    stem: 'cache_misses',
    title: 'cache misses',
    name: 'cache misses/request',
    help: 'Cache misses of the server per request, of the last level as a rule',
    movedBy: 'cpu',
    column: { header: 'cache\nmisses', priority: 9 },
    ...perRequest((o) => o.server.hardware?.cacheMisses ?? null),
  },
  {
    ...COUNT,
    id: 'syscallsPerRequest',
    fileColumn: { header: 'sysc.\n/op', priority: 2 },
    ofRungs: true,
    stem: 'syscalls',
    unit: 'per-request',
    title: 'system calls',
    name: 'syscalls/request',
    help: 'System calls of the server per request',
    countedThreshold: 0.01,
    column: { header: 'sysc.\n/req', priority: 2 },
    kernelColumn: 'calls',
    alsoTraced: true,
    ...perRequest(({ server: { syscalls, syscallsPerRequest } }) =>
      syscallsPerRequest === null ? null : sumOf(Object.values(syscalls), (count) => count),
    ),
  },
  {
    ...COUNT,
    id: 'contextSwitchesPerRequest',
    fileColumn: { header: 'ctxsw\n/op', priority: 4 },
    ofRungs: true,
    stem: 'context_switches',
    unit: 'per-request',
    title: 'context switches',
    name: 'switches/request',
    help: 'Context switches of the server per request, voluntary and not',
    column: { header: 'ctxsw\n/req', priority: 5 },
    workersColumn: { header: 'ctxsw\n/req', priority: 1 },
    ...perRequest(({ server: { voluntarySwitches, involuntarySwitches } }) =>
      voluntarySwitches === null || involuntarySwitches === null
        ? null
        : voluntarySwitches + involuntarySwitches,
    ),
  },
  {
    ...COST,
    ...TOLD,
    id: 'threadsMax',
    fileColumn: { header: 'thr.', priority: 6 },
    stem: 'threads_max',
    unit: 'count',
    title: 'threads',
    name: 'threads',
    help: 'Threads of the server at the end of the window, the most of any trial',
    movedBy: 'chance',
    column: { header: 'thr.', priority: 7 },
    ...largest((o) => o.server.threads),
  },
  {
    ...COST,
    id: 'rssMaxBytes',
    fileColumn: { header: 'peak\nRSS', priority: 8 },
    stem: 'rss_max',
    unit: 'bytes',
    title: 'peak resident memory',
    name: 'RSS',
    help: 'Peak resident memory of the server, the largest of any trial',
    resolution: MEMORY_RESOLUTION_BYTES,
    movedBy: 'chance',
    column: { header: 'peak\nRSS', priority: 6 },
    ...largest((o) => o.server.rssMaxBytes),
  },
  {
    ...COUNT,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'wakeupsPerConnection',
    stem: 'wakeups',
    unit: 'per-connection',
    title: 'wakeups per accepted connection',
    name: 'wakeups/connection',
    help: 'Returns from the wait call per accepted connection, before the first request; of short connections those of their requests as well',
    column: null,
    workersColumn: { header: 'wakeups\n/conn.', priority: 2 },
    ...steadyMean((o) => o.server.wakeupsPerConnection),
  },
  {
    ...COUNT,
    ...TOLD,
    ...OF_SOCKETS,
    id: 'connectionImbalance',
    stem: 'connection_imbalance',
    unit: 'ratio',
    title: 'imbalance of connections over workers',
    name: 'imbalance',
    help: 'Connections of the worker that accepted the most, over their mean; 1 is even',
    optional: true,
    column: null,
    workersColumn: { header: 'conns of a\nworker,\nmax/mean', priority: 1 },
    ...steadyMean((o) => imbalance(o.server.acceptedByWorker)),
  },
  {
    ...COST,
    ...BEST,
    ...OF_FILES,
    id: 'submitP50Ns',
    stem: 'submit_p50',
    unit: 'ns',
    title: 'p50 submit latency',
    name: 'p50 submit',
    help: 'Median of the time of an operation in the call that issues it, shared evenly by what it issues',
    movedBy: 'cpu',
    judged: false,
    column: null,
    fileColumn: { header: 'submit\np50', priority: 1 },
    ...quantileOf('submit', 0.5),
  },
  {
    ...COST,
    ...OF_FILES,
    ...TOLD,
    id: 'submitP99Ns',
    stem: 'submit_p99',
    unit: 'ns',
    title: 'p99 submit latency',
    name: 'p99 submit',
    help: '99th percentile of the time of an operation in the call that issues it, shared evenly by what it issues',
    column: null,
    ...quantileOf('submit', 0.99),
  },
  {
    ...COST,
    ...OF_FILES,
    ...TOLD,
    id: 'helperCpuNsPerRequest',
    stem: 'helper_cpu',
    unit: 'ns-per-request',
    title: 'CPU of helper threads',
    name: 'helpers CPU/request',
    help: 'CPU time per operation of threads other than those that issue: a pool of libc, iou-wrk, iou-sqp; part of the CPU',
    movedBy: 'cpu',
    column: null,
    fileColumn: { header: 'of it\nhelpers', priority: 3 },
    ...perRequest((o) => o.file?.helperCpuNs ?? null),
  },
  {
    ...COST,
    ...OF_FILES,
    ...TOLD,
    id: 'cachedShare',
    stem: 'cached_share',
    unit: 'ratio',
    title: 'page cache share',
    name: 'cached',
    help: 'Share of the file that lay in the page cache when the window ended',
    better: 'higher',
    movedBy: 'chance',
    column: null,
    fileColumn: { header: 'cached', priority: 6 },
    ...ratioOf(
      (o) => o.file?.pagesCachedEnd ?? null,
      (o) => o.file?.pages ?? null,
    ),
  },
  {
    ...COST,
    ...OF_FILES,
    ...TOLD,
    id: 'deviceBytesPerRequest',
    stem: 'device_bytes',
    unit: 'per-request',
    title: 'bytes of the device',
    name: 'device bytes/request',
    help: 'Bytes that the block device read and wrote per operation, for everybody on the host',
    movedBy: 'chance',
    column: null,
    fileColumn: { header: 'device\nB/op', priority: 5 },
    ...perRequest(({ file }) => (file?.device ? file.device.readBytes + file.device.writeBytes : null)),
  },
];

/** The largest over the mean; null without workers, and where nobody accepted anything. */
function imbalance(accepted: readonly number[] | null): number | null {
  const sum = sumOf(accepted ?? [], (count) => count);
  return accepted === null || sum === 0 ? null : Math.max(...accepted) / (sum / accepted.length);
}

/**
 * Units of what a guest that counts instructions does not tell: no time; and no memory, for kernels differ in how late they add
 * up the pages of a task (4 KiB under Linux 6.1 are 920 KiB under 6.12), and nothing else of a server differs there.
 */
const OF_HOSTS: ReadonlySet<Unit> = new Set<Unit>([
  'bytes',
  'requests-per-second',
  'bytes-per-second',
  'ns',
  'ns-per-request',
]);

/** A metric of hosts has no value of what was not timed. */
function ofHostsOnly(metric: Metric): Metric {
  if (!OF_HOSTS.has(metric.unit)) return metric;
  const isTimed = ({ pathLength }: Observation) => pathLength === null;
  return {
    ...metric,
    ofTrial: (o) => (isTimed(o) ? metric.ofTrial(o) : null),
    ofRow: (all) => (all.every(isTimed) ? metric.ofRow(all) : { value: null, enough: true }),
  };
}

/** Under loads of another domain it has no value. */
function ofItsDomains(metric: Metric): Metric {
  if (metric.domains.length === DOMAINS.length) return metric;
  const isOf = ({ file }: Observation) => metric.domains.includes(file === null ? 'socket' : 'file');
  return {
    ...metric,
    ofTrial: (o) => (isOf(o) ? metric.ofTrial(o) : null),
    ofRow: (all) => {
      const own = all.filter(isOf);
      return own.length === 0 ? { value: null, enough: true } : metric.ofRow(own);
    },
  };
}

/** The column of a metric in tables of a domain; null: it has none there. */
export function columnOf(metric: Metric, domain: Domain): Metric['column'] {
  if (!metric.domains.includes(domain)) return null;
  return domain === 'file' ? metric.fileColumn : metric.column;
}

/**
 * Whether a metric is judged under a workload.
 * @param paired rows of one run are compared, side by side.
 */
export function isJudgedUnder(metric: Metric, workload: Workload, paired: boolean): boolean {
  if (!metric.domains.includes(domainOf(workload))) return false;
  if (paired || !metric.ofDevice || workload.mode !== 'job') return true;
  return workload.cache === 'warm' && workload.action === 'read';
}

/**
 * THE METRICS, in the order of the tables. A row is all that a metric costs: no other file knows it, and
 * none asks for one by its id.
 */
export const METRICS: readonly Metric[] = ROWS.map(ofHostsOnly).map(ofItsDomains);

/** In user space and in the kernel. */
function instructions({ server: { hardware } }: Observation): number | null {
  if (hardware === null || hardware.instructionsUser === null || hardware.instructionsKernel === null)
    return null;
  return hardware.instructionsUser + hardware.instructionsKernel;
}

/** The metric of this id; undefined for one of another version. */
export function findMetric(id: string): Metric | undefined {
  return METRICS.find((metric) => metric.id === id);
}

/** How a unit is written, by format. `prometheus` has base units: values are divided by `perBase`. */
interface UnitNames {
  /** Behind a name in snake case: csv, influx. */
  readonly snake: string;
  readonly prometheus: string;
  /** As OpenMetrics names it; null: the unit is no base unit by itself. */
  readonly base: 'seconds' | 'bytes' | null;
  readonly perBase: number;
  /** Behind a name with dashes: bmf, where the measure has its unit elsewhere. */
  readonly dashed: string;
  readonly gobench: string;
  /** For people. */
  readonly shown: string;
}

export const UNITS: Readonly<Record<Unit, UnitNames>> = {
  'requests-per-second': {
    snake: '_per_s',
    prometheus: '_requests_per_second',
    base: null,
    perBase: 1,
    dashed: '',
    gobench: '-req/s',
    shown: 'req/s',
  },
  'bytes-per-second': {
    snake: '_bytes_per_s',
    prometheus: '_bytes_per_second',
    base: null,
    perBase: 1,
    dashed: '',
    gobench: '-bytes/s',
    shown: 'bytes/s',
  },
  ns: {
    snake: '_ns',
    prometheus: '_seconds',
    base: 'seconds',
    perBase: NS_PER_S,
    dashed: '',
    gobench: '-ns',
    shown: 'ns',
  },
  'ns-per-request': {
    snake: '_ns_per_request',
    prometheus: '_per_request_seconds',
    base: 'seconds',
    perBase: NS_PER_S,
    dashed: '-per-request',
    gobench: '-ns/op',
    shown: 'ns/req',
  },
  'per-request': {
    snake: '_per_request',
    prometheus: '_per_request',
    base: null,
    perBase: 1,
    dashed: '-per-request',
    gobench: '/op',
    shown: 'per req',
  },
  'per-connection': {
    snake: '_per_connection',
    prometheus: '_per_connection',
    base: null,
    perBase: 1,
    dashed: '-per-connection',
    gobench: '/conn',
    shown: 'per conn.',
  },
  ratio: {
    snake: '',
    prometheus: '_ratio',
    base: null,
    perBase: 1,
    dashed: '',
    gobench: '',
    shown: 'ratio',
  },
  bytes: {
    snake: '_bytes',
    prometheus: '_bytes',
    base: 'bytes',
    perBase: 1,
    dashed: '',
    gobench: '-bytes',
    shown: 'bytes',
  },
  count: { snake: '', prometheus: '', base: null, perBase: 1, dashed: '', gobench: '', shown: 'count' },
};

/** In csv and influx: `cpu_ns_per_request`; of a quartile `throughput_q1_per_s`. */
export function snakeName({ stem, unit }: Metric, part: '' | '_q1' | '_q3' = ''): string {
  return `${stem}${part}${UNITS[unit].snake}`;
}

/** In the expositions, behind their prefix: `cpu_per_request_seconds`. */
export function prometheusName({ stem, unit }: Metric, part = ''): string {
  return `${stem}${part}${UNITS[unit].prometheus}`;
}

/** As a measure of Bencher: `cpu-per-request`. */
export function bmfName({ stem, unit, named }: Metric): string {
  return named?.bmf ?? `${stem.replaceAll('_', '-')}${UNITS[unit].dashed}`;
}

/** As a unit of Go's benchmark format: `cpu-ns/op`. */
export function gobenchUnit({ stem, unit, named }: Metric): string {
  return named?.gobench ?? `${stem.replaceAll('_', '-')}${UNITS[unit].gobench}`;
}
