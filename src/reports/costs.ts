import type { Composition, CostsResult } from '../costs/schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatCount, formatDuration, formatWallTime } from '../document/format.ts';
import type { PathLength } from '../explain/explain-schema.ts';
import { disagreement } from '../explain/path-length.ts';
import { compositionTables } from '../tables/composition-table.ts';
import { costPathTable } from '../tables/cost-path-table.ts';
import { costsGuideTables } from '../tables/costs-guide-table.ts';
import { costsTables } from '../tables/costs-table.ts';
import { pathFunctionTable } from '../tables/explain-table.ts';
import { NS_PER_S } from '../util/units.ts';

const HZ_PER_GHZ = 1e9;

/** What single operations cost here, and the guide's numbers beside them. */
export function costsReport(result: CostsResult): Document {
  return documentOf({
    title: 'Single costs',
    facts: factsOf(result),
    parts: [
      ...costsTables(result).map(tablePart),
      ...costsGuideTables(result).map(tablePart),
      notesPart(LEGEND),
    ],
    warnings: result.warnings,
  });
}

const LEGEND = [
  'Medians over rounds, each of which takes every cost once; the interval is over rounds, as neighbours disturb a round and not a batch.',
  'p99 is of batches, of so many operations each: it says nothing of a single slow one.',
  'The cost of the loop and of reading the clock is subtracted.',
];

function factsOf({ environment, settings, clock, frequency, durationMs, measuredAt }: CostsResult): string[] {
  const { cpu, otherCpu } = settings;
  const where =
    cpu === null
      ? 'not pinned'
      : `CPU ${cpu}${otherCpu === null ? '' : `, the other end of what takes two on CPU ${otherCpu}`}`;
  return [
    `Linux ${environment.kernel}, ${environment.cpuModel ?? 'unknown CPU'}; ${where}`,
    `measured ${measuredAt} in ${formatWallTime(durationMs)}: ${settings.rounds} rounds, batches of ${formatDuration(settings.batchNs)}`,
    `the clock: step ${formatDuration(clock.stepNs)}, read in ${formatDuration(clock.readNs)}; the loop: ${formatDuration(clock.loopNs)} a turn`,
    frequencyFact(frequency),
  ];
}

function frequencyFact({ coreHz, tscHz }: CostsResult['frequency']): string {
  const tsc =
    tscHz === null
      ? 'no invariant TSC'
      : `the TSC, which is another clock, ticks at ${(tscHz / HZ_PER_GHZ).toFixed(2)} GHz`;
  if (coreHz === null) return `no cycles: the frequency of the core is not known; ${tsc}`;
  return `cycles of the core at ${(coreHz / HZ_PER_GHZ).toFixed(2)} GHz (${(NS_PER_S / coreHz).toFixed(3)} ns each), by a chain of dependent instructions; ${tsc}`;
}

/** Where the instructions of one cost go, function by function; of a read beside the lines of the guide. */
export function costPathReport(path: PathLength, top: number): Document {
  return documentOf({
    title: `Where the instructions of ${path.label} go`,
    facts: [
      `Linux ${path.kernel} in a guest: ${formatCount(path.instructions)} instructions per operation, the loop in user space included, in ${path.trials} batches of ${formatCount(path.requests / path.trials)}`,
    ],
    parts: [
      ...(isReadOrWrite(path) ? [tablePart(costPathTable(path))] : []),
      tablePart({
        ...pathFunctionTable(path, top),
        title: `${path.label}: instructions per operation by function`,
      }),
      notesPart(PATH_LEGEND),
    ],
    warnings: [disagreement(path)].filter((text) => text !== null),
  });
}

const PATH_LEGEND = [
  'Counted block by block as QEMU executes them, of the kernel that the guest booted, which need not be that of this host. Instructions are not time: no caches, no branches, no waiting.',
  'A function counts what it executes itself, not what it calls. rep movs and rep stos count once per repetition.',
];

/** What the guide breaks down is a read(2). */
function isReadOrWrite({ functions }: PathLength): boolean {
  return functions.some(({ name }) => name === 'vfs_read' || name === 'vfs_write');
}

/** What the requests of a run are made of: the rows of each workload, and the parts of each. */
export function compositionReport(
  compositions: readonly Composition[],
  {
    runId,
    costs,
    warnings,
  }: { readonly runId: string; readonly costs: CostsResult; readonly warnings: readonly string[] },
): Document {
  return documentOf({
    title: 'What a request is made of',
    facts: [
      `CPU of the servers as run ${runId} measured it; single costs measured ${costs.measuredAt}`,
      ...factsOf(costs).slice(0, 1),
    ],
    parts: [...compositionTables(compositions).map(tablePart), notesPart(COMPOSITION_LEGEND)],
    warnings: [...warnings, ...costs.warnings],
  });
}

const COMPOSITION_LEGEND = [
  'By the system calls that each server counted and the sleeps that the kernel counted, times what each costs alone, warm and undisturbed.',
  'Not explained: misses of caches and branch predictors between the calls, what interrupts and the other end do on the CPU of the server, the way in and out of an idle CPU, the program itself.',
  'More than 100 %: a part is cheaper in the server than alone, or the machine was slower when the costs were measured.',
];
