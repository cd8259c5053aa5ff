import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPerRequest,
  formatRatio,
} from '../document/format.ts';
import type { RunResult } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { type Numbers, numbersOf } from './axes.ts';
import type { ChangeOfAnswer, Choice, ChoiceRow } from './recommendation-schema.ts';

/** What a system call that does nothing costs here, from stored costs. */
export interface CallCost {
  readonly id: string;
  readonly ns: number;
}

/** What would change these choices, and what they do not hold for. */
export function changesOf(
  choices: readonly Choice[],
  runs: readonly RunResult[],
  callCost: CallCost | null,
): readonly ChangeOfAnswer[] {
  return [
    ...callCosts(choices, callCost),
    ...rates(choices),
    ...precision(choices),
    ...support(runs),
    ...range(choices, runs),
  ];
}

/** Where a system call costs so much more than here, much else differs as well. */
const DEARER_MAX_NS = 3000;
/** Counts of equal loops differ by chance in the second decimal. */
const CALLS_APART_MIN = 0.1;
/** A difference that is worth another answer. */
const WORTH = 0.1;

interface Tip {
  readonly row: string;
  readonly instead: string;
  readonly workload: string;
  /** By which a system call would have to be dearer. */
  readonly ns: number;
  readonly calls: { readonly row: number; readonly instead: number };
  /** They show no difference now. */
  readonly tie: boolean;
}

/**
 * By how much a system call would have to be dearer for another answer, as if nothing else of a request changed with it: the
 * difference in CPU over the difference in calls per request. Of rows that show no difference, until the one with the fewest calls
 * takes a tenth less than the one with the most; of a row that takes more, until it is even with the best.
 */
function tipsOf(choice: Choice): readonly Tip[] {
  const best = choice.rows.find(({ standing }) => standing === 'best');
  if (best === undefined) return [];
  const tipOf = (row: ChoiceRow, instead: ChoiceRow, gapNs: number, tie: boolean): Tip[] => {
    if (row.callsPerRequest === null || instead.callsPerRequest === null) return [];
    const fewer = instead.callsPerRequest - row.callsPerRequest;
    const calls = { row: row.callsPerRequest, instead: instead.callsPerRequest };
    return fewer < CALLS_APART_MIN
      ? []
      : [
          {
            row: row.label,
            instead: instead.label,
            workload: choice.workload.id,
            ns: gapNs / fewer,
            calls,
            tie,
          },
        ];
  };
  const counted = choice.rows
    .filter(({ label, callsPerRequest }) => choice.among.includes(label) && callsPerRequest !== null)
    .toSorted((a, b) => (a.callsPerRequest ?? 0) - (b.callsPerRequest ?? 0));
  const [fewest, most] = [counted[0], counted.at(-1)];
  const ties =
    fewest === undefined || most === undefined ? [] : tipOf(fewest, most, WORTH * best.cpuNsPerRequest, true);
  const families = new Set([best.family]);
  const worse = choice.rows.filter(({ standing, family }) => {
    if (standing !== 'worse' || families.has(family)) return false;
    families.add(family);
    return true;
  });
  return [
    ...ties,
    ...worse.flatMap((row) =>
      row.ratio === null ? [] : tipOf(row, best, (row.ratio.ratio - 1) * best.cpuNsPerRequest, false),
    ),
  ];
}

function callCosts(choices: readonly Choice[], callCost: CallCost | null): ChangeOfAnswer[] {
  const tips = choices.flatMap(tipsOf).filter(({ ns }) => ns <= DEARER_MAX_NS);
  const pairs = groupBy(tips, ({ row, instead, tie }) => `${row} ${instead} ${tie}`);
  const here = callCost === null ? '' : ` (here it costs ${formatDuration(callCost.ns)})`;
  return [...pairs.values()].flatMap((own): ChangeOfAnswer[] => {
    const nearest = own.toSorted((a, b) => a.ns - b.ns)[0];
    if (nearest === undefined) return [];
    const { row, instead, workload, ns, calls, tie } = nearest;
    const loads = own.length === 1 ? workload : `${workload}, the first of ${own.length} loads`;
    return [
      {
        kind: 'call-cost',
        text: `${row} ${tie ? 'would take a tenth less than' : 'instead of'} ${instead} (${loads}): if a system call cost ${formatDuration(ns)} more than here${here} and nothing else changed; they make ${formatPerRequest(calls.row)} and ${formatPerRequest(calls.instead)} calls per request`,
      },
    ];
  });
}

function rates(choices: readonly Choice[]): ChangeOfAnswer[] {
  const faster = choices.flatMap(({ workload, fastest, rows }) => {
    const row = rows.find(({ label }) => label === fastest);
    const best = rows.find(({ standing }) => standing === 'best');
    return row?.rate == null || best === undefined
      ? []
      : [{ workload: workload.id, row, best, rate: row.rate }];
  });
  return faster.map(({ workload, row, best, rate }) => ({
    kind: 'rate',
    text: `${row.label} instead of ${best.label} under ${workload}: if requests per second count and not CPU; it makes ×${formatRatio(rate.change.ratio)} of them`,
  }));
}

/** More blocks than this are another kind of measurement. */
const BLOCKS_ADVISED_MAX = 500;

function precision(choices: readonly Choice[]): ChangeOfAnswer[] {
  const open = choices.flatMap(({ workload, rows }) =>
    rows.flatMap(({ label, furtherBlocks }) =>
      furtherBlocks === null || furtherBlocks > BLOCKS_ADVISED_MAX
        ? []
        : [{ workload: workload.id, label, furtherBlocks }],
    ),
  );
  const loads = [...groupBy(open, ({ workload }) => workload)];
  const named = loads.slice(0, LOADS_NAMED_MAX).map(([workload, own]): ChangeOfAnswer => {
    const rows = own.map(({ label, furtherBlocks }) => `${label} ${formatCount(furtherBlocks)}`).join(', ');
    return {
      kind: 'precision',
      text: `more blocks under ${workload}, if the differences are what they look like; so many would tell from the best: ${rows}`,
    };
  });
  const more = loads.length - named.length;
  return more === 0
    ? named
    : [...named, { kind: 'precision', text: `likewise under ${more} more loads: --for tells of each` }];
}

/** Of all loads: who asks for one is told of it. */
const LOADS_NAMED_MAX = 2;

function support(runs: readonly RunResult[]): ChangeOfAnswer[] {
  const reasons = new Map<string, Set<string>>();
  for (const { record } of runs)
    for (const { model, supported, reason } of record.support)
      if (!supported) {
        const why = reason ?? 'its probe gave no reason';
        reasons.set(why, (reasons.get(why) ?? new Set()).add(model));
      }
  return [...reasons].map(([reason, models]) => ({
    kind: 'support',
    text: `not compared, for they do not run here: ${[...models].join(', ')} (${reason})`,
  }));
}

/** Nothing is said of what lies outside what was measured. */
function range(choices: readonly Choice[], runs: readonly RunResult[]): ChangeOfAnswer[] {
  if (choices.length === 0) return [];
  const numbers = choices
    .map(({ workload }) => numbersOf(workload))
    .filter(({ connections }) => connections > 0);
  if (numbers.length === 0) return [];
  const span = (name: keyof Numbers, show: (value: number) => string) => {
    const values = numbers.map((one) => one[name]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? show(low) : `${show(low)} to ${show(high)}`;
  };
  const servers = new Set(runs.map(({ record }) => record.settings.serverCpus?.length ?? 0));
  const cpus = [...servers].map((count) =>
    count === 0 ? 'servers not pinned' : count === 1 ? 'servers on one CPU' : `servers on ${count} CPUs`,
  );
  const kernels = [...new Set(runs.map(({ record }) => record.environment.kernel))].join(', ');
  return [
    {
      kind: 'range',
      text: `measured: ${span('connections', formatCount)} connections, ${span('active', formatCount)} of them active, messages of ${span('messageBytes', formatBytes)}, over loopback, ${cpus.join(' and ')}, Linux ${kernels}. A network card, more CPUs, another kernel or work between the requests would move the answer, and are not in it`,
    },
  ];
}
