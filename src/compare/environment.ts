import type { RunRecord, RunResult } from '../results/schema.ts';
import type { EnvironmentDifference } from './result.ts';

interface Property {
  readonly what: string;
  readonly effect: EnvironmentDifference['effect'];
  readonly read: (record: RunRecord) => unknown;
}

/**
 * `subject` is what comparisons are made for. `refused` makes times incomparable: other hardware, other
 * programs, other load.
 */
const PROPERTIES: readonly Property[] = [
  { what: 'kernel', effect: 'subject', read: ({ environment }) => environment.kernel },
  { what: 'kernel build', effect: 'subject', read: ({ environment }) => environment.kernelVersion },
  { what: 'host', effect: 'noted', read: ({ environment }) => environment.host },
  { what: 'architecture', effect: 'refused', read: ({ environment }) => environment.arch },
  { what: 'CPU', effect: 'refused', read: ({ environment }) => environment.cpuModel },
  { what: 'CPUs', effect: 'refused', read: ({ environment }) => environment.cpus },
  { what: 'governor', effect: 'refused', read: ({ environment }) => environment.governor },
  { what: 'SMT', effect: 'refused', read: ({ environment }) => environment.smt },
  { what: 'hypervisor', effect: 'refused', read: ({ environment }) => environment.hypervisor },
  { what: 'memory', effect: 'noted', read: ({ environment }) => gibibytes(environment.memoryBytes) },
  { what: 'CPUs allowed', effect: 'noted', read: ({ environment }) => environment.cpusAllowed },
  { what: 'clock source', effect: 'noted', read: ({ environment }) => environment.clocksource },
  { what: 'container', effect: 'noted', read: ({ environment }) => environment.container },
  { what: 'user', effect: 'noted', read: ({ environment }) => environment.user },
  { what: 'tool version', effect: 'noted', read: ({ tool }) => tool.version },
  { what: 'compiler', effect: 'noted', read: ({ build }) => build.compilerVersion },
  { what: 'compiler target', effect: 'noted', read: ({ build }) => build.target },
  { what: 'compiler flags', effect: 'noted', read: ({ build }) => build.flags.join(' ') },
  // Sources, flags and compiler: the servers that are compared.
  {
    what: 'servers (hash of sources, flags and compiler)',
    effect: 'refused',
    read: ({ build }) => build.hash,
  },
  { what: 'trial duration in ms', effect: 'refused', read: ({ settings }) => settings.durationMs },
  { what: 'warm-up in ms', effect: 'noted', read: ({ settings }) => settings.warmupMs },
  {
    what: 'server CPUs',
    effect: 'refused',
    read: ({ settings }) => settings.serverCpus?.length ?? 'not pinned',
  },
  {
    what: 'client CPUs',
    effect: 'refused',
    read: ({ settings }) => settings.clientCpus?.length ?? 'not pinned',
  },
];

/** What is not the same on both sides, or within a side; what refuses a comparison comes first. */
export function differencesOf(
  base: readonly RunResult[],
  current: readonly RunResult[],
): EnvironmentDifference[] {
  const properties = [
    ...PROPERTIES,
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

/** All values of a side, each once. */
function valuesOf(runs: readonly RunResult[], read: Property['read']): string {
  return [...new Set(runs.map(({ record }) => String(read(record) ?? 'unknown')))].sort().join(' and ');
}

function keyed(
  runs: readonly RunResult[],
  name: string,
  read: (record: RunRecord) => Readonly<Record<string, string>>,
): Property[] {
  const keys = [...new Set(runs.flatMap(({ record }) => Object.keys(read(record))))].sort();
  return keys.map((key) => ({
    what: `${name} ${key}`,
    effect: 'subject',
    read: (record) => read(record)[key],
  }));
}

/** Rounded: what the kernel takes for itself differs from boot to boot. */
function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
