import type { Workload } from '../workloads/schema.ts';
import { cellKey } from './cells.ts';
import type { Guest, RunRecord } from './schema.ts';

/** What two runs do not have in common. */
export interface Unlike {
  readonly what: string;
  /** Of the first and of the second. */
  readonly values: readonly [string, string];
}

interface Property {
  readonly what: string;
  readonly read: (record: RunRecord) => unknown;
}

const HOST: readonly Property[] = [
  { what: 'host', read: ({ environment }) => environment.host },
  { what: 'architecture', read: ({ environment }) => environment.arch },
  { what: 'CPU', read: ({ environment }) => environment.cpuModel },
  { what: 'CPUs', read: ({ environment }) => environment.cpus },
  { what: 'guest', read: ({ environment: { guest } }) => guestOf(guest) },
];

/** What of a guest moves its numbers. */
function guestOf(guest: Guest | null): string {
  return guest === null ? 'none' : `${guest.clock}, QEMU ${guest.qemu}, ${guest.cpu}, ${guest.smp} CPUs`;
}

/** Which CPUs a run is given may differ from run to run; how many moves the numbers. */
const CPUS: readonly Property[] = [
  { what: 'server CPUs', read: ({ settings }) => settings.serverCpus?.length ?? 'not pinned' },
  { what: 'client CPUs', read: ({ settings }) => settings.clientCpus?.length ?? 'not pinned' },
];

const SETTINGS: readonly Property[] = [
  { what: 'trial duration in ms', read: ({ settings }) => settings.durationMs },
  { what: 'warm-up in ms', read: ({ settings }) => settings.warmupMs },
  ...CPUS,
];

const KERNEL: readonly Property[] = [
  { what: 'kernel', read: ({ environment }) => environment.kernel },
  { what: 'kernel build', read: ({ environment }) => environment.kernelVersion },
];

const SERVERS: Property = {
  what: 'servers (hash of sources, flags and compiler)',
  read: ({ build }) => build.hash,
};

/** What is compared, and is one within a side. */
const SUBJECT: readonly Property[] = [
  ...KERNEL,
  SERVERS,
  {
    what: 'files of servers of your own (hash)',
    read: ({ servers }) =>
      servers.map(({ model, files }) => [model, ...files.map(({ hash }) => hash)].join(' ')),
  },
  { what: 'workloads', read: ({ settings }) => settings.workloads.map(({ id }) => id).sort() },
  {
    what: 'handicap',
    read: ({ settings: { handicap } }) =>
      handicap === null ? 'none' : `${handicap.ns} ns of ${handicap.labels.toSorted().join(' ')}`,
  },
];

/**
 * Whether both come from one host, and were measured alike in what moves the numbers of a cell, with a cell in common:
 * what one says of how far runs lie apart holds for the other. Kernels, builds and handicaps may differ; rows of one name
 * start their servers by one command.
 */
export function isLike(run: RunRecord, like: RunRecord): boolean {
  return (
    unlikeIn([...HOST, ...SETTINGS], run, like).length === 0 &&
    unlikeByName('server of', serversOf(run), serversOf(like)).length === 0 &&
    shareCell(run, like)
  );
}

/**
 * What keeps two runs from standing for one measurement: another host, kernel or server, another load, length of
 * trials or number of CPUs, another server behind a row. Which rows and how many blocks there are may differ. Empty: nothing.
 */
export function unlike(run: RunRecord, like: RunRecord): readonly Unlike[] {
  return [
    ...unlikeIn([...HOST, ...SUBJECT, ...SETTINGS], run, like),
    ...unlikeByName('load of', loadsOf(run), loadsOf(like)),
    ...unlikeByName('server of', serversOf(run), serversOf(like)),
  ];
}

/**
 * What keeps the pairs of two runs from telling of one thing: another host, kernel or servers, or other numbers of CPUs. Loads, lengths of
 * trials and rows may differ. Empty: nothing.
 */
export function elsewhere(run: RunRecord, like: RunRecord): readonly Unlike[] {
  return unlikeIn([...HOST, ...KERNEL, SERVERS, ...CPUS], run, like);
}

function unlikeIn(properties: readonly Property[], run: RunRecord, like: RunRecord): Unlike[] {
  return properties.flatMap(({ what, read }) => {
    const values = [shown(read(run)), shown(read(like))] as const;
    return values[0] === values[1] ? [] : [{ what, values }];
  });
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value ?? 'unknown');
}

type Named = ReadonlyMap<string, string>;

/** Of names that both have. */
function unlikeByName(what: string, run: Named, like: Named): Unlike[] {
  return [...run].flatMap(([name, value]) => {
    const other = like.get(name);
    return other === undefined || other === value
      ? []
      : [{ what: `${what} ${name}`, values: [value, other] as const }];
  });
}

function loadsOf({ settings }: RunRecord): Named {
  return new Map(settings.workloads.map((workload) => [workload.id, loadOf(workload)]));
}

/** What of a workload moves numbers; its texts do not. */
function loadOf({ title: _title, description: _description, profile: _profile, ...load }: Workload): string {
  const members = Object.entries(load).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify(Object.fromEntries(members));
}

function serversOf({ settings }: RunRecord): Named {
  return new Map(
    settings.entries.map(({ label, model, variant, server }) => [
      label,
      [...(variant?.prefix ?? []), ...(server?.command ?? [model])].join(' '),
    ]),
  );
}

/** A row under a workload of equal definition in both. */
function shareCell(run: RunRecord, like: RunRecord): boolean {
  const [loads, others] = [loadsOf(run), loadsOf(like)];
  const own = new Set(run.cells.map(cellKey));
  return like.cells.some(
    (cell) => own.has(cellKey(cell)) && loads.get(cell.workload) === others.get(cell.workload),
  );
}
