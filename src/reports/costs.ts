import type { CostsResult } from '../costs/schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatDuration, formatWallTime } from '../document/format.ts';
import { costsGuideTables } from '../tables/costs-guide-table.ts';
import { costsTables } from '../tables/costs-table.ts';
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
