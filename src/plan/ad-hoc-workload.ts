import { formatBytes } from '../document/format.ts';
import { counted } from '../util/units.ts';
import { type Workload, workloadSchema } from '../workloads/schema.ts';

/** A load that was said on the command line, or in the id of a workload. */
export interface AdHocLoad {
  readonly connections: number;
  /** Connections that carry requests. */
  readonly active: number;
  readonly depth: number;
  readonly messageBytes: number;
  /** Of an open loop; null: closed. */
  readonly open: { readonly ratePerSecond: number; readonly arrivals: 'fixed' | 'poisson' } | null;
}

/**
 * The workload of a load. Its id says all of it, so that equal loads of two runs are one cell and different ones are
 * two: `c64-d1-m64`, `c1000-a10-d1-m64` with idle connections, `c100-d1-m64-r20000` at a fixed rate per second, and
 * `c100-d1-m64-r20000p` with Poisson arrivals. Whether it is within the limits is for `workloadSchema` to say.
 */
export function adHocWorkload(load: AdHocLoad): Workload {
  const { connections, active, depth, messageBytes, open } = load;
  return {
    id: idOf(load),
    title: titleOf(load),
    description: 'A load of the command line.',
    profile: 'full',
    ...{ connections, active, depth, messageBytes },
    ...(open === null ? { mode: 'closed' } : { mode: 'open', ...open }),
  };
}

const ID = /^c(\d+)(?:-a(\d+))?-d(\d+)-m(\d+)(?:-r(\d+)(p)?)?$/;

/** The workload with this id; null: it is not the id of one, or of one over the limits. */
export function adHocOf(id: string): Workload | null {
  const match = ID.exec(id);
  if (match === null) return null;
  const [, connections, active, depth, bytes, rate, poisson] = match;
  const workload = adHocWorkload({
    connections: Number(connections),
    active: Number(active ?? connections),
    depth: Number(depth),
    messageBytes: Number(bytes),
    open:
      rate === undefined
        ? null
        : { ratePerSecond: Number(rate), arrivals: poisson === undefined ? 'fixed' : 'poisson' },
  });
  return workload.id === id && workloadSchema.safeParse(workload).success ? workload : null;
}

function idOf({ connections, active, depth, messageBytes, open }: AdHocLoad): string {
  const idle = active === connections ? '' : `-a${active}`;
  const rate = open === null ? '' : `-r${open.ratePerSecond}${open.arrivals === 'poisson' ? 'p' : ''}`;
  return `c${connections}${idle}-d${depth}-m${messageBytes}${rate}`;
}

function titleOf({ connections, active, depth, messageBytes, open }: AdHocLoad): string {
  const which = active === connections ? (connections > 1 ? ', all active' : '') : `, ${active} active`;
  return [
    `${open === null ? '' : `${open.ratePerSecond}/s${open.arrivals === 'poisson' ? ' (Poisson)' : ''} over `}${counted(connections, 'connection')}${which}`,
    ...(depth > 1 ? [`depth ${depth}`] : []),
    formatBytes(messageBytes),
  ].join(', ');
}
