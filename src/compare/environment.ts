import { commandText } from '../config/variants.ts';
import type { RunRecord } from '../results/schema.ts';
import type { ComparedRun } from './compared-run.ts';
import type { EnvironmentDifference } from './result.ts';

/** What a run has nothing to say of: no difference, unlike what it did not find out. */
const UNTOLD = Symbol('untold');

interface Property {
  readonly what: string;
  readonly effect: EnvironmentDifference['effect'];
  readonly read: (run: ComparedRun) => unknown;
}

/**
 * `subject` is what comparisons are made for. `refused` makes times incomparable: other hardware, other
 * programs, other load.
 */
const PROPERTIES: readonly Property[] = [
  { what: 'kernel', effect: 'subject', read: ({ record }) => record.environment.kernel },
  { what: 'kernel build', effect: 'subject', read: ({ record }) => record.environment.kernelVersion },
  { what: 'host', effect: 'noted', read: ({ record }) => record.environment.host },
  { what: 'architecture', effect: 'refused', read: ({ record }) => record.environment.arch },
  { what: 'CPU', effect: 'refused', read: ({ record }) => record.environment.cpuModel },
  { what: 'CPUs', effect: 'refused', read: ({ record }) => record.environment.cpus },
  { what: 'governor', effect: 'refused', read: ({ record }) => record.environment.governor },
  { what: 'SMT', effect: 'refused', read: ({ record }) => record.environment.smt },
  { what: 'hypervisor', effect: 'refused', read: ({ record }) => record.environment.hypervisor },
  { what: 'turbo', effect: 'refused', read: ({ record }) => record.environment.turbo },
  { what: 'CPU quota', effect: 'refused', read: ({ record }) => record.environment.cpuQuota ?? 'none' },
  {
    what: 'where it ran',
    effect: 'refused',
    read: ({ record }) => (record.environment.guest ? 'a guest' : 'a host'),
  },
  ...(['clock', 'qemu', 'cpu', 'smp'] as const).map((key) => ({
    what: { clock: 'clock of the guest', qemu: 'QEMU', cpu: 'CPU of the guest', smp: 'CPUs of the guest' }[
      key
    ],
    effect: 'refused' as const,
    read: ({ record }: ComparedRun) => record.environment.guest?.[key] ?? UNTOLD,
  })),
  { what: 'TCP congestion control', effect: 'refused', read: congestionOf },
  {
    what: 'kernel command line',
    effect: 'subject',
    read: ({ record }) => record.environment.kernelCommandLine,
  },
  { what: 'preemption model', effect: 'subject', read: ({ record }) => record.environment.preemption },
  { what: 'isolated CPUs', effect: 'subject', read: ({ record }) => record.environment.isolatedCpus },
  { what: 'microcode', effect: 'subject', read: ({ record }) => record.environment.microcode },
  { what: 'memory', effect: 'noted', read: ({ record }) => gibibytes(record.environment.memoryBytes) },
  { what: 'CPUs allowed', effect: 'noted', read: ({ record }) => record.environment.cpusAllowed },
  { what: 'clock source', effect: 'noted', read: ({ record }) => record.environment.clocksource },
  { what: 'container', effect: 'noted', read: ({ record }) => record.environment.container },
  { what: 'user', effect: 'noted', read: ({ record }) => record.environment.user },
  { what: 'tool version', effect: 'noted', read: ({ record }) => record.tool.version },
  { what: 'compiler', effect: 'noted', read: ({ record }) => record.build.compilerVersion },
  { what: 'compiler target', effect: 'noted', read: ({ record }) => record.build.target },
  { what: 'compiler flags', effect: 'noted', read: ({ record }) => record.build.flags.join(' ') },
  // Sources, flags and compiler: the servers that are compared.
  {
    what: 'servers (hash of sources, flags and compiler)',
    effect: 'refused',
    read: ({ record }) => record.build.hash,
  },
  { what: 'trial duration in ms', effect: 'refused', read: ({ record }) => record.settings.durationMs },
  { what: 'warm-up in ms', effect: 'noted', read: ({ record }) => record.settings.warmupMs },
  {
    what: 'server CPUs',
    effect: 'refused',
    read: ({ record }) => record.settings.serverCpus?.length ?? 'not pinned',
  },
  {
    what: 'client CPUs',
    effect: 'refused',
    read: ({ record }) => record.settings.clientCpus?.length ?? 'not pinned',
  },
];

/** Of the sockets that were measured; runs that did not pin it had that of their host. */
function congestionOf({ record, trials }: ComparedRun): string | typeof UNTOLD {
  const host = record.environment.sysctls['net.ipv4.tcp_congestion_control'] ?? 'unknown';
  const used = trials.flatMap((trial) => {
    if (trial.status === 'failed') return [];
    const { congestion } = trial.observation;
    return congestion === null
      ? [host]
      : [congestion.server, congestion.client].filter((one) => one !== null);
  });
  return used.length === 0 ? UNTOLD : [...new Set(used)].sort().join(', ');
}

/** What is not the same on both sides, or within a side; what refuses a comparison comes first. */
export function differencesOf(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
): EnvironmentDifference[] {
  const properties = [
    ...PROPERTIES,
    ...variantsOf([...base, ...current]),
    ...keyed([...base, ...current], 'mitigation', ({ environment }) => environment.mitigations),
    ...keyed([...base, ...current], 'sysctl', ({ environment }) => environment.sysctls),
  ];
  const found = properties.flatMap(({ what, effect, read }) => {
    const [before, after] = [base, current].map((runs) => valuesOf(runs, read));
    return before === after || before === undefined || after === undefined
      ? []
      : [{ what, effect, base: before, current: after }];
  });
  const order = ['refused', 'subject', 'noted'];
  return found.sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect));
}

/** All values of a side, each once; undefined where none of its runs tells. */
function valuesOf(runs: readonly ComparedRun[], read: Property['read']): string | undefined {
  const values = runs.map(read).filter((value) => value !== UNTOLD);
  if (values.length === 0) return undefined;
  return [...new Set(values.map((value) => String(value ?? 'unknown')))].sort().join(' and ');
}

/** The commands of variants that go by one name on both sides: with others it is other servers that are compared. */
function variantsOf(runs: readonly ComparedRun[]): Property[] {
  const entriesOf = ({ record }: ComparedRun) => record.settings.entries;
  const names = runs.flatMap(entriesOf).flatMap(({ variant }) => variant?.name ?? []);
  return [...new Set(names)].sort().map((name) => ({
    what: `variant ${name}`,
    effect: 'refused',
    read: (run) => {
      const found = entriesOf(run).find(({ variant }) => variant?.name === name)?.variant;
      return found === undefined ? UNTOLD : commandText(found.prefix) || 'the server as it is';
    },
  }));
}

function keyed(
  runs: readonly ComparedRun[],
  name: string,
  read: (record: RunRecord) => Readonly<Record<string, string>>,
): Property[] {
  const keys = [...new Set(runs.flatMap(({ record }) => Object.keys(read(record))))].sort();
  return keys.map((key) => ({
    what: `${name} ${key}`,
    effect: 'subject',
    read: ({ record }) => read(record)[key],
  }));
}

/** Rounded: what the kernel takes for itself differs from boot to boot. */
function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
