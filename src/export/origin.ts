import type { Guest, RunRecord } from '../results/schema.ts';
import { counted } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';

/** What tells the numbers of one run from those of another: labels or columns of every format. */
export interface Origin {
  /** Null where nothing tells it from others. */
  readonly host: string | null;
  readonly kernel: string;
  readonly arch: string;
  readonly cpu: string | null;
  /** Of iomodels-bench. */
  readonly version: string;
  /** Of the guest that it was measured in, such as `icount`; null: of this host. */
  readonly clock: string | null;
  /** What the numbers of that guest depend on beside its kernel; null: it was no guest. */
  readonly guest: string | null;
}

export function originOf({ environment, tool }: RunRecord): Origin {
  return {
    host: environment.host,
    kernel: environment.kernel,
    arch: environment.arch,
    cpu: environment.cpuModel,
    version: tool.version,
    clock: environment.guest?.clock ?? null,
    guest: guestName(environment.guest),
  };
}

/** Such as `QEMU 10.0.13, -cpu max, 1 CPU`. */
function guestName(guest: Guest | null): string | null {
  return guest && `QEMU ${guest.qemu}, -cpu ${guest.cpu}, ${counted(guest.smp, 'CPU')}`;
}

/** For formats that have no labels, behind the name of a cell: ` (icount, 1 CPU)`; empty on a host. */
export function clockSuffix({ environment: { guest } }: RunRecord): string {
  return guest === null ? '' : ` (${guest.clock}, ${counted(guest.smp, 'CPU')})`;
}

/** When a run ended, or began where it did not, in Unix milliseconds. Null for a time that cannot be read. */
export function endedAtMs({ finishedAt, startedAt }: RunRecord): number | null {
  const ms = Date.parse(finishedAt ?? startedAt);
  return Number.isNaN(ms) ? null : ms;
}

/** What a workload asks for, one value each; null: its mode has no such thing. */
export interface LoadParameters {
  readonly mode: Workload['mode'];
  /** 0: of a file. */
  readonly connections: number;
  readonly active: number | null;
  /** Requests in flight on each active connection, or operations in flight. */
  readonly depth: number | null;
  /** Of a request, or of an operation on a file. */
  readonly messageBytes: number;
  /** Offered, over all active connections. */
  readonly ratePerS: number | null;
  readonly arrivals: string | null;
}

export function parametersOf(workload: Workload): LoadParameters {
  const none = { active: null, depth: null, ratePerS: null, arrivals: null };
  if (workload.mode === 'job') {
    const { mode, depth, blockBytes } = workload;
    return { mode, connections: 0, ...none, depth, messageBytes: blockBytes };
  }
  const { mode, connections, messageBytes } = workload;
  const common = { mode, connections, ...none, messageBytes };
  switch (workload.mode) {
    case 'churn':
      return common;
    case 'closed':
      return { ...common, active: workload.active, depth: workload.depth };
    case 'open': {
      const { active, depth, ratePerSecond: ratePerS, arrivals } = workload;
      return { ...common, active, depth, ratePerS, arrivals };
    }
  }
}

/** The names of the parameters in the formats that have them in snake case, in their order. */
export const SNAKE_PARAMETERS = [
  'mode',
  'connections',
  'active',
  'depth',
  'message_bytes',
  'rate_per_s',
  'arrivals',
] as const;

export function snakeParameters(
  workload: Workload,
): Readonly<Record<(typeof SNAKE_PARAMETERS)[number], string | number | null>> {
  const { messageBytes, ratePerS, ...rest } = parametersOf(workload);
  return { ...rest, message_bytes: messageBytes, rate_per_s: ratePerS };
}

/** For formats in which a line break ends what is said. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
