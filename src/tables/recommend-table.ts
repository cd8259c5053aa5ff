import type { Row, Table } from '../document/document-schema.ts';
import { formatBytes, formatCount, formatRatio } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { kindOf, numbersOf } from '../recommend/axes.ts';
import { crossingText, meetsText } from '../recommend/crossing-text.ts';
import type { Axis, Choice, ChoiceRow, Crossing, CrossingPoint } from '../recommend/recommendation-schema.ts';
import { counted } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';

/** Which model for which load: a row for every load that was measured. */
export function choicesTable(choices: readonly Choice[]): Table {
  return {
    title: 'Which model takes the least server CPU per request, by load',
    columns: [
      { key: 'load', header: 'load', align: 'left', priority: 0, wrap: true },
      { key: 'take', header: 'take', align: 'left', priority: 0, wrap: true },
      { key: 'cpu', header: 'CPU\n/req', align: 'right', priority: 1 },
      { key: 'worse', header: 'take more, times the best', align: 'left', priority: 0, wrap: true },
      { key: 'rate', header: 'by requests\nper second', align: 'left', priority: 2, wrap: true },
      { key: 'rests', header: 'rests on', align: 'left', priority: 3, wrap: true },
    ],
    rows: choices.map((choice) => ({
      load: text(loadText(choice.workload)),
      take: text(takeText(choice), choice.outcome === 'one' ? 'strong' : 'plain'),
      cpu: cpuOf(choice),
      worse: text(worseText(choice)),
      rate: text(rateText(choice), choice.fastest === null ? 'faint' : 'plain'),
      rests: text(restsText(choice), 'faint'),
    })),
    notes: [],
  };
}

/** `10,000 connections, 100 active, 64 B`. */
export function loadText(workload: Workload): string {
  const { connections, active, depth, messageBytes, ratePerSecond } = numbersOf(workload);
  if (connections === 0) return [kindOf(workload), formatBytes(messageBytes), `depth ${depth}`].join(', ');
  const which =
    connections === active ? (connections > 1 ? ', all active' : '') : `, ${formatCount(active)} active`;
  return [
    `${counted(connections, 'connection').replace(/^\d+/, formatCount(connections))}${which}`,
    ...(depth > 1 ? [`depth ${depth}`] : []),
    formatBytes(messageBytes),
    ...(ratePerSecond > 0 ? [`${formatCount(ratePerSecond)}/s`] : []),
    ...(workload.mode === 'churn' ? ['connecting anew each time'] : []),
  ].join(', ');
}

/** What is recommended, in words. */
export function takeText({ outcome, among, rows }: Choice): string {
  switch (outcome) {
    case 'one':
      return among[0] ?? '';
    case 'several': {
      const unclear = rows.filter(({ standing }) => standing === 'unclear').map(({ label }) => label);
      return `no difference: ${among.map((label) => (unclear.includes(label) ? `${label}?` : label)).join(', ')}`;
    }
    case 'undecided':
      return 'undecided: too few blocks';
    case 'alone':
      return `${among[0] ?? 'nothing'}: no other was measured`;
  }
}

function cpuOf({ rows }: Choice): Value {
  const best = rows.find(({ standing }) => standing === 'best');
  return best === undefined ? NONE : { kind: 'duration', ns: best.cpuNsPerRequest, enough: true };
}

/** So many rows are named; the rest is in the JSON. */
const WORSE_NAMED_MAX = 4;

function worseText({ rows, outcome }: Choice): string {
  const worse = rows.filter(({ standing }) => standing === 'worse');
  const named = worse.slice(0, WORSE_NAMED_MAX).map(({ label, ratio }) => `${label} ${ratioText(ratio)}`);
  const more = worse.length - named.length;
  const unknown = rows.filter(({ standing }) => standing === 'unknown');
  const apart = unknown.filter(({ blocks }) => blocks === 0).map(({ label }) => label);
  const few =
    outcome === 'undecided' ? [] : unknown.filter(({ blocks }) => blocks > 0).map(({ label }) => label);
  return [
    ...[...named, ...(more > 0 ? [`${more} more`] : [])],
    ...(apart.length > 0 ? [`no block holds ${apart.join(', ')} and the best`] : []),
    ...(few.length > 0 ? [`too few blocks: ${few.join(', ')}`] : []),
  ].join(', ');
}

function ratioText(change: ChoiceRow['ratio']): string {
  if (change === null) return '';
  const { ratio, interval } = change;
  if (interval === null) return `×${formatRatio(ratio)}`;
  return `×${formatRatio(ratio)} [${formatRatio(interval.low)}–${formatRatio(interval.high)}]`;
}

function rateText({ rates, fastest, rows, outcome }: Choice): string {
  if (rates !== null) return `not ranked: ${rates}`;
  if (outcome === 'undecided' || outcome === 'alone') return '';
  const row = rows.find(({ label }) => label === fastest);
  return row?.rate == null ? 'none is faster' : `${row.label} ${ratioText(row.rate.change)}`;
}

function restsText({ cells, rows }: Choice): string {
  const blocks = rows.filter(({ standing }) => standing !== 'best').map(({ blocks: count }) => count);
  const ids = [...new Set(cells.map(({ workload }) => workload))].join(', ');
  const runs = new Set(cells.map(({ runId }) => runId)).size;
  const span = blocks.length === 0 ? '' : `, ${spanText(blocks)} blocks`;
  return `${ids}${runs > 1 ? ` of ${runs} runs` : ''}${span}`;
}

function spanText(counts: readonly number[]): string {
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  return low === high ? String(low) : `${low}–${high}`;
}

/** Every row of some cells beside the best one: what an answer to a case rests on. */
export function choiceTable(choice: Choice): Table {
  return {
    title: `${choice.workload.id}: ${loadText(choice.workload)}`,
    columns: [
      { key: 'label', header: 'model', align: 'left', priority: 0 },
      { key: 'cpu', header: 'CPU\n/req', align: 'right', priority: 1 },
      { key: 'ratio', header: 'CPU/req, times\nthe best', align: 'left', priority: 0 },
      { key: 'standing', header: '', align: 'left', priority: 0 },
      { key: 'rate', header: 'req/s, times\nthe best by CPU', align: 'left', priority: 3 },
      { key: 'calls', header: 'sysc.\n/req', align: 'right', priority: 4 },
      { key: 'blocks', header: 'blocks', align: 'right', priority: 2 },
    ],
    rows: choice.rows.map(
      (row): Row => ({
        label: text(row.label, row.standing === 'best' ? 'strong' : 'plain'),
        cpu: { kind: 'duration', ns: row.cpuNsPerRequest, enough: true },
        ratio: row.standing === 'best' ? text('the best', 'faint') : ratioValue(row.ratio),
        standing: text(row.standing === 'best' ? '' : STANDINGS[row.standing]),
        rate: ratioValue(row.rate?.change ?? null),
        calls: row.callsPerRequest === null ? NONE : { kind: 'per-request', value: row.callsPerRequest },
        blocks: row.standing === 'best' ? NONE : { kind: 'count', value: row.blocks },
      }),
    ),
    notes: [
      ...(choice.rates === null ? [] : [`requests per second rank nothing here: ${choice.rates}.`]),
      ...choice.leftOut.map(({ label, reason }) => `${label}: ${reason}.`),
    ],
  };
}

const STANDINGS: Readonly<Record<Exclude<ChoiceRow['standing'], 'best'>, string>> = {
  'no-difference': 'no difference that these runs can show',
  unclear: 'may take more',
  worse: 'takes more',
  unknown: 'too few blocks hold both',
};

function ratioValue(change: ChoiceRow['ratio']): Value {
  return change === null ? NONE : text(ratioText(change));
}

/** Where two families cost the same, along one axis. */
export function crossingsTable(axis: Axis, crossings: readonly Crossing[]): Table {
  const own = crossings.filter((crossing) => crossing.axis === axis.id);
  return {
    title: `Crossovers over ${axis.title}`,
    columns: [
      { key: 'pair', header: 'CPU/req of', align: 'left', priority: 0 },
      ...axis.values.map((value, i) => ({
        key: `at-${value}`,
        header: `${shown(axis, value)}\n`,
        align: 'right' as const,
        priority: i === 0 || i === axis.values.length - 1 ? 2 : 3 + i,
      })),
      { key: 'meets', header: 'meet at', align: 'right', priority: 1 },
      { key: 'says', header: '', align: 'left', priority: 0, wrap: true },
    ],
    rows: own.map((crossing) => ({
      pair: text(`${crossing.first} / ${crossing.second}`),
      ...Object.fromEntries(crossing.points.map((point) => [`at-${point.at}`, pointValue(point)])),
      meets: crossing.meets === null ? NONE : text(meetsText(crossing.meets)),
      says: text(crossingText(crossing), crossing.outcome === 'none' ? 'faint' : 'plain'),
    })),
    notes: [],
  };
}

function shown({ varies }: Axis, value: number): string {
  return varies === 'messageBytes' ? formatBytes(value) : formatCount(value);
}

function pointValue({ change, cheaper }: CrossingPoint): Value {
  if (change === null) return NONE;
  const sure = cheaper === 'first' || cheaper === 'second';
  return text(
    `${formatRatio(change.ratio)}${sure ? '' : cheaper === 'unclear' ? '?' : '='}`,
    sure ? 'plain' : 'faint',
  );
}

/** How the tables of a recommendation are to be read. */
export const RECOMMEND_LEGEND: readonly string[] = [
  'CPU per request of all threads of a server is compared, in pairs within the blocks: it is the server’s own where the client is the limit. × is how many times the best it is, [ ] its 95 % interval.',
  'no difference: none that these runs can show, at 95 % and guarded for all comparisons; ? one that may be chance among so many. With 95 % the cheapest is among those named, over the whole table.',
  'CPU/req of A / B: below 1 A takes less; = no difference shown, ? may be chance. meet at: straight lines between the measured values, with the 95 % interval over blocks; sure is only between which two values.',
];
