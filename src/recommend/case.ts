import { formatBytes, formatCount } from '../document/format.ts';
import { findModel, MODELS } from '../models/registry.ts';
import type { Workload } from '../workloads/schema.ts';
import { kindOf, type Numbers, numbersOf } from './axes.ts';
import { chooseIn, comparisonsOf, plainestOf } from './choose.ts';
import { type Load, loadKey } from './loads.ts';
import type { Answer, Choice } from './recommendation-schema.ts';

type Found = Pick<Answer, 'basis' | 'beyond'> & { readonly loads: readonly Load[] };

/** Nothing of an answer but what changes it. */
export type AnswerOnly = Omit<Answer, 'changes'>;

/**
 * What some loads say of a case: the cell of the case itself, or the nearest cells that enclose it in every number, below and
 * above. Where nothing encloses it, the nearest cell is told, as what it is: a guess.
 */
export function answerCase(asked: Workload, loads: readonly Load[]): AnswerOnly {
  const found = cellsFor(asked, loads);
  const comparisons = comparisonsOf(found.loads);
  const choices = found.loads.map((load) => chooseIn(load, comparisons));
  const among = amongAll(choices);
  return {
    asked,
    basis: found.basis,
    outcome: outcomeOf(found, choices, among),
    choices,
    among,
    plainest: among.length > 1 ? plainestOf(among) : null,
    ruledOut: ruledOut(asked, choices),
    beyond: found.beyond,
    measure: found.basis === 'measured' ? null : commandFor(asked, choices),
  };
}

function cellsFor(asked: Workload, loads: readonly Load[]): Found {
  const useful = loads.filter(({ workload, rows }) => kindOf(workload) === kindOf(asked) && rows.length > 0);
  const exact = useful.find(({ key }) => key === loadKey(asked));
  if (exact !== undefined) return { basis: 'measured', loads: [exact], beyond: [] };
  const numbers = numbersOf(asked);
  const byDistance = useful.toSorted((a, b) => distance(a, numbers) - distance(b, numbers));
  const below = byDistance.filter(({ workload }) => isWithin(numbersOf(workload), numbers));
  const above = byDistance.filter(({ workload }) => isWithin(numbers, numbersOf(workload)));
  const around = below
    .flatMap((lower) => above.map((upper) => ({ lower, upper, rows: commonRows(lower, upper) })))
    .filter(({ rows }) => rows.length > 1)
    .sort((a, b) => widthOf(a, numbers) - widthOf(b, numbers))[0];
  if (around !== undefined) {
    const { lower, upper, rows } = around;
    return { basis: 'between', loads: [onlyRows(lower, rows), onlyRows(upper, rows)], beyond: [] };
  }
  const [nearest] = byDistance;
  if (nearest === undefined) return { basis: 'nothing', loads: [], beyond: [] };
  return { basis: 'beyond', loads: [nearest], beyond: differences(numbersOf(nearest.workload), numbers) };
}

function commonRows(lower: Load, upper: Load): readonly string[] {
  const labels = new Set(upper.rows.map(({ label }) => label));
  return lower.rows.map(({ label }) => label).filter((label) => labels.has(label));
}

function widthOf({ lower, upper }: { readonly lower: Load; readonly upper: Load }, numbers: Numbers): number {
  return distance(lower, numbers) + distance(upper, numbers);
}

/** The load without the rows that the other cell has not: a row is judged by both or not at all. */
function onlyRows(load: Load, labels: readonly string[]): Load {
  const isOwn = ({ label }: { readonly label: string }) => labels.includes(label);
  const others = load.rows.filter((row) => !isOwn(row));
  return {
    ...load,
    rows: load.rows.filter(isOwn),
    leftOut: [
      ...load.leftOut,
      ...others.map(({ label }) => ({ label, reason: 'not measured in the other cell' })),
    ],
  };
}

const NUMBERS: readonly (keyof Numbers)[] = [
  'connections',
  'active',
  'depth',
  'messageBytes',
  'ratePerSecond',
];

function isWithin(smaller: Numbers, larger: Numbers): boolean {
  return NUMBERS.every((name) => smaller[name] <= larger[name]);
}

/** How many times apart, over all numbers. */
function distance({ workload }: Load, numbers: Numbers): number {
  const own = numbersOf(workload);
  return NUMBERS.reduce((sum, name) => sum + Math.abs(Math.log((own[name] + 1) / (numbers[name] + 1))), 0);
}

const NAMES: Readonly<Record<keyof Numbers, string>> = {
  connections: 'connections',
  active: 'active connections',
  depth: 'depth',
  messageBytes: 'message',
  ratePerSecond: 'requests per second',
};

function differences(measured: Numbers, asked: Numbers): string[] {
  const shown = (name: keyof Numbers, value: number) =>
    name === 'messageBytes' ? formatBytes(value) : formatCount(value);
  return NUMBERS.filter((name) => measured[name] !== asked[name]).map(
    (name) =>
      `${NAMES[name]}: ${shown(name, measured[name])} measured, ${shown(name, asked[name])} asked for`,
  );
}

/** Rows that every cell leaves in; those of the first cell say the order. */
function amongAll([first, ...others]: readonly Choice[]): readonly string[] {
  return (first?.among ?? []).filter((label) => others.every(({ among }) => among.includes(label)));
}

function outcomeOf(found: Found, choices: readonly Choice[], among: readonly string[]): Answer['outcome'] {
  if (found.basis === 'nothing' || found.basis === 'beyond') return found.basis;
  if (choices.some(({ outcome }) => outcome === 'undecided' || outcome === 'alone')) return 'undecided';
  if (among.length === 0) return 'changes';
  return among.length === 1 ? 'one' : 'several';
}

/** What cannot serve the case, whatever it costs; and what was not measured in both cells. */
function ruledOut(asked: Workload, choices: readonly Choice[]): Answer['ruledOut'] {
  const measured = choices.flatMap(({ rows }) => rows.map(({ label }) => label));
  const labels = new Set([
    ...measured,
    ...choices.flatMap(({ leftOut }) => leftOut.map(({ label }) => label)),
  ]);
  return [...labels].flatMap((label) => {
    const most = findModel(label)?.connectionsMax ?? null;
    if (most !== null && numbersOf(asked).connections > most)
      return [{ label, reason: `holds at most ${formatCount(most)} connections` }];
    const missing = choices.flatMap(({ workload, leftOut }) =>
      leftOut
        .filter((one) => one.label === label && one.reason !== 'not measured in the other cell')
        .map(({ reason }) => `${workload.id}: ${reason}`),
    );
    if (missing.length > 0) return [{ label, reason: missing.join('; ') }];
    const known = choices.every(({ rows }) => rows.some((row) => row.label === label));
    return known ? [] : [{ label, reason: 'not measured in both cells' }];
  });
}

/** The command that measures the case, with the rows that are known of the cells, or those of a plain run. */
function commandFor(asked: Workload, choices: readonly Choice[]): string | null {
  const { connections, active, depth, messageBytes, ratePerSecond } = numbersOf(asked);
  if (connections === 0 || asked.mode === 'churn') return null;
  const known = [...new Set(choices.flatMap(({ rows }) => rows.map(({ label }) => label)))].filter(
    (label) => {
      const most = findModel(label)?.connectionsMax ?? null;
      return most === null || connections <= most;
    },
  );
  const usual = MODELS.filter(({ profile }) => profile === 'quick').map(({ id }) => id);
  const models = [...new Set([...known, ...usual])];
  return [
    'iomodels-bench run',
    `--models ${models.join(',')}`,
    `--connections ${connections}`,
    `--active ${active}`,
    ...(depth === 1 ? [] : [`--depth ${depth}`]),
    `--message ${messageBytes}`,
    ...(ratePerSecond > 0 ? [`--rate ${ratePerSecond}`] : []),
    ...(asked.mode === 'open' && asked.arrivals === 'poisson' ? ['--arrivals poisson'] : []),
  ].join(' ');
}
