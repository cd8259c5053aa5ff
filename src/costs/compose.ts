import type { MeasuredRow, RunSummary } from '../summary/run-summary.ts';
import { domainOf } from '../workloads/schema.ts';
import { nsOf } from './cost-of.ts';
import type { Composition, CompositionPart, CostsResult } from './schema.ts';

/** Costs that compositions refer to: what has to be measured for them. */
export const COMPOSED_OF: readonly string[] = [
  ...['syscall-noop', 'read-eagain', 'tcp-recv-64', 'tcp-send-64'],
  ...['epoll-wait-1-of-1', 'epoll-wait-1-of-1000', 'epoll-wait-64-of-1000'],
  ...['epoll-mod-1000', 'poll-1', 'poll-10', 'poll-100', 'poll-1000', 'poll-10000', 'poll-18000'],
  ...['select-1', 'select-10', 'select-100', 'select-1000', 'select-10000', 'select-18000'],
  ...['futex-wake-none', 'uring-enter-0', 'uring-nop-128', 'aio-submit-0', 'aio-getevents-0'],
  ...['event-plain', 'event-sigwait', 'pipe-write-1', 'pipe-read-1', 'switch-pipe-same-cpu'],
  ...['eventfd-write', 'write-wakes-two-cpus'],
];

type Costs = Pick<CostsResult, 'costs' | 'derived'>;

/** Sizes of `poll-N` and `select-N` that are measured. */
const SIZES = [1, 10, 100, 1000, 10_000, 18_000];

/** Every measured row of a server in a run: of files, the costs here say next to nothing. */
export function compositionsOf(summary: RunSummary, costs: Costs): Composition[] {
  return summary.workloads.flatMap(({ workload, rows }) =>
    rows.flatMap((row) => {
      if (row.status !== 'measured' || domainOf(workload) !== 'socket') return [];
      const { connections = 1 } = 'connections' in workload ? workload : {};
      const parts = partsOf(row, connections, costs);
      const explainedNs = parts.reduce((sum, part) => sum + (part.ns ?? 0) * part.timesPerRequest, 0);
      const { cpuNsPerRequest } = row.server;
      return [
        {
          ...{ label: row.label, workload: workload.id, connections, parts, explainedNs, cpuNsPerRequest },
          explainedShare:
            cpuNsPerRequest === null || cpuNsPerRequest === 0 ? null : explainedNs / cpuNsPerRequest,
        },
      ];
    }),
  );
}

/** By the system calls that the server made and the sleeps that the kernel counted; nothing asks for a model by name. */
function partsOf(row: MeasuredRow, connections: number, costs: Costs): CompositionPart[] {
  const { syscallsPerRequestByName: calls } = row.server;
  const { voluntarySwitchesPerRequest: sleeps, eventsPerWakeup } = row.kernel;
  const direct = Object.entries(calls).flatMap(([name, times]) =>
    partsOfCall(name, times, { connections, eventsPerWakeup, costs }),
  );
  const isByRing = calls.io_uring_enter !== undefined && calls.recvfrom === undefined;
  const switched = sleeps ?? 0;
  return [
    ...direct,
    ...(isByRing ? ringParts(costs) : []),
    ...(switched > 0
      ? [
          part('context-switch-same-cpu', switched, costs),
          // Who sleeps between requests is answered by a client that does.
          difference('write-wakes-two-cpus', 'eventfd-write', Math.min(1, switched), costs),
        ]
      : []),
  ].filter(({ timesPerRequest }) => timesPerRequest >= TIMES_MIN);
}

/** What happens less often adds nothing to a request. */
const TIMES_MIN = 0.0005;

interface Setting {
  readonly connections: number;
  readonly eventsPerWakeup: number | null;
  readonly costs: Costs;
}

function partsOfCall(
  name: string,
  times: number,
  { connections, eventsPerWakeup, costs }: Setting,
): CompositionPart[] {
  switch (name) {
    case 'read':
    case 'recvfrom':
      // A request is one message: what is read beside it is not there.
      return [
        part('tcp-recv-64', Math.min(1, times), costs),
        part('read-eagain', Math.max(0, times - 1), costs),
      ];
    case 'write':
    case 'sendto':
      return [part('tcp-send-64', times, costs)];
    case 'epoll_wait':
    case 'epoll_pwait':
      return [
        part(connections > 1 ? 'epoll-wait-1-of-1000' : 'epoll-wait-1-of-1', times, costs),
        part('epoll-wait-per-ready', times * Math.max(0, (eventsPerWakeup ?? 1) - 1), costs),
      ];
    case 'poll':
    case 'ppoll':
      return [sized('poll', connections, times, costs)];
    case 'pselect6':
      return [sized('select', connections, times, costs)];
    case 'epoll_ctl':
      return [part('epoll-mod-1000', times, costs)];
    case 'io_uring_enter':
      return [part('uring-enter-0', times, costs)];
    case 'futex':
      return [part('futex-wake-none', times, costs)];
    case 'rt_sigtimedwait':
      return [part('signal-sigwait', times, costs)];
    case 'io_submit':
      return [part('aio-submit-0', times, costs)];
    case 'io_getevents':
      return [part('aio-getevents-0', times, costs)];
    case 'accept4':
      // Of a server that asks in vain, which is what it costs without a connection.
      return [part('read-eagain', times, costs)];
    default:
      return [part('syscall-noop', times, costs)];
  }
}

/** By a ring a request is received and sent without calls of their own: two requests of the ring, and what the calls do beside being calls. */
function ringParts(costs: Costs): CompositionPart[] {
  return [
    part('uring-nop-128', 2, costs),
    difference('tcp-recv-64', 'syscall-noop', 1, costs),
    difference('tcp-send-64', 'syscall-noop', 1, costs),
  ];
}

function part(cost: string, timesPerRequest: number, costs: Costs): CompositionPart {
  return { cost, timesPerRequest, ns: nsOf(costs, cost) };
}

function difference(cost: string, less: string, timesPerRequest: number, costs: Costs): CompositionPart {
  const [ns, subtracted] = [nsOf(costs, cost), nsOf(costs, less)];
  return {
    cost: `${cost} - ${less}`,
    timesPerRequest,
    ns: ns === null || subtracted === null ? null : Math.max(0, ns - subtracted),
  };
}

/** Between the two sizes that were measured around it, in proportion. */
function sized(call: string, size: number, timesPerRequest: number, costs: Costs): CompositionPart {
  const above = SIZES.find((one) => one >= size) ?? SIZES.at(-1) ?? 1;
  const below = SIZES.findLast((one) => one <= size) ?? 1;
  const [low, high] = [nsOf(costs, `${call}-${below}`), nsOf(costs, `${call}-${above}`)];
  const share = above === below ? 0 : (size - below) / (above - below);
  return {
    cost: above === below ? `${call}-${below}` : `${call}-${below}..${above}`,
    timesPerRequest,
    ns: low === null || high === null ? null : low + share * (high - low),
  };
}
