import { UsageError } from '../util/errors.ts';
import { NS_PER_MS } from '../util/units.ts';
import { HISTOGRAM_BUCKETS } from './abi.ts';
import type {
  LoadEdge,
  LoadGenerator,
  LoadLatency,
  LoadProgress,
  LoadReport,
  LoadRequest,
} from './generator.ts';

/** What a fake load does for one request: a report, or an error to reject with. */
export type FakeAnswer = (request: LoadRequest, call: number) => LoadReport | Error | 'until-aborted';

export interface FakeLoad {
  readonly generator: LoadGenerator;
  /** Every request so far. */
  readonly requests: LoadRequest[];
}

/** A load generator without a library: it answers at once, and keeps what it was asked. */
export function fakeLoadGenerator(answer: FakeAnswer = (request) => fakeReport(request)): FakeLoad {
  const requests: LoadRequest[] = [];
  let running = false;
  const generator: LoadGenerator = {
    async run(request, signal) {
      if (running) throw new Error('the load generator is already running');
      running = true;
      try {
        requests.push(request);
        const outcome = answer(request, requests.length - 1);
        if (outcome instanceof Error) throw outcome;
        if (outcome === 'until-aborted') await aborted(signal);
        return signal.aborted || outcome === 'until-aborted' ? stoppedReport(request) : outcome;
      } finally {
        running = false;
      }
    },
    progress: (): LoadProgress | null =>
      running ? { phase: 'measuring', connectionsOpened: 1, completed: 0 } : null,
  };
  return { generator, requests };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Latencies of which each counts in the bucket of its own nanoseconds; all below 256 ns. */
export function fakeLatency(valuesNs: readonly number[]): LoadLatency {
  const counts = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
  for (const value of valuesNs) {
    if (value >= 256) throw new UsageError(`a fake latency of ${value} ns has no bucket of its own`);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return {
    sumNs: valuesNs.reduce((a, b) => a + b, 0),
    minNs: valuesNs.length === 0 ? 0 : Math.min(...valuesNs),
    maxNs: Math.max(0, ...valuesNs),
    counts,
  };
}

const EDGE: Omit<LoadEdge, 'countersAfter' | 'traces' | 'rested' | 'kernelThreads'> = {
  timeNs: 1000 * NS_PER_MS,
  serverCpuNs: 50 * NS_PER_MS,
  clientCpuNs: 20 * NS_PER_MS,
  clientSyscalls: 100,
  clientWakeups: 50,
  sample: { voluntarySwitches: 10, involuntarySwitches: 1 },
  counters: { accepted: 2, wakeups: 10, idle_wakeups: 0, 'sys.accept4': 2, 'sys.read': 10 },
  files: {},
};
const END_COUNTERS = {
  accepted: 2,
  wakeups: 20,
  idle_wakeups: 1,
  'sys.accept4': 2,
  'sys.read': 19,
  'sys.write': 9,
};

/**
 * A report of a window in which ten requests were sent, eight answered in time and one after it, and
 * one failed. `change` replaces members; `start` and `end` replace members of the edges. Tracepoints that
 * are asked for were not passed, and kernel threads used nothing.
 */
export function fakeReport(
  request: Pick<LoadRequest, 'measureNs'> & Partial<Pick<LoadRequest, 'traceIds' | 'kernelThreads'>>,
  change: Partial<Omit<LoadReport, 'start' | 'end'>> & {
    start?: Partial<LoadEdge>;
    end?: Partial<LoadEdge>;
  } = {},
): LoadReport {
  const { start, end, ...rest } = change;
  const { traceIds = [], kernelThreads = false } = request;
  const told = {
    traces: traceIds.map(() => 0),
    rested: traceIds.length > 0,
    kernelThreads: kernelThreads ? { threads: 0, sqpCpuNs: 0, wrkCpuNs: 0 } : null,
  };
  const latency = fakeLatency([10, 11, 12, 13, 14, 15, 16, 17, 18]);
  return {
    status: 'ok',
    message: '',
    connectionsOpened: 2,
    connectNs: 5000,
    setup: {},
    warmupCompleted: 3,
    windowNs: request.measureNs,
    sent: 10,
    completed: 8,
    errors: 1,
    inFlightAtDeadline: 1,
    drained: 1,
    dueUnsent: 0,
    bytesVerified: 9 * 64,
    connectionErrors: 0,
    connectionsChurned: 0,
    response: latency,
    service: latency,
    ...rest,
    start: { ...EDGE, ...told, countersAfter: start?.counters ?? EDGE.counters, ...start },
    end: {
      ...EDGE,
      ...told,
      timeNs: EDGE.timeNs + request.measureNs,
      serverCpuNs: EDGE.serverCpuNs + request.measureNs / 2,
      clientCpuNs: EDGE.clientCpuNs + request.measureNs / 4,
      clientSyscalls: 130,
      clientWakeups: 60,
      sample: { voluntarySwitches: 25, involuntarySwitches: 4 },
      counters: END_COUNTERS,
      countersAfter: end?.counters ?? END_COUNTERS,
      ...end,
    },
  };
}

function stoppedReport(request: LoadRequest): LoadReport {
  return fakeReport(request, { status: 'stopped', message: 'stopped on request' });
}
