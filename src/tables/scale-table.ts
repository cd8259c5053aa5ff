import type { Column, Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import {
  FLOOR_OF,
  GROWTH_MATERIAL,
  IDLE_REFERENCE,
  type ScaleCost,
  type ScaleVerdict,
} from '../stats/scale-fit.ts';
import {
  costOfCell,
  type ScaleCell,
  type ScaleLine,
  type ScaleSummary,
  type ScaleSweep,
} from '../summary/scale-summary.ts';
import { counted } from '../util/units.ts';

/** With fewer requests a trial is told to be too short. */
const REQUESTS_MIN = 5;
/** From this exponent on, growth is told to be faster than in proportion. */
const EXPONENT_FAST = 1.2;
/** More events than this in a wakeup are several. */
const EVENTS_SEVERAL = 1.5;

/** What is compared, as titles and axes name it. */
const COST_TEXTS: Readonly<Record<ScaleCost, string>> = {
  'server-cpu': 'server CPU per request',
  'path-length': 'guest instructions per request',
};

const SLOPE_HEADERS: Readonly<Record<ScaleCost, string>> = {
  'server-cpu': 'slope, ns per\nidle connection',
  'path-length': 'slope, instructions\nper idle connection',
};

/**
 * The models over idle connections, with the same active ones: the table of `scale`.
 * @param where it was measured, where a report is of several places.
 */
export function scaleTable(sweep: ScaleSweep, cost: ScaleCost, where = ''): Table {
  return {
    title: `${where && `${where}: `}${sweep.active} active: ${COST_TEXTS[cost]} over idle connections`,
    columns: columnsOf(sweep, cost),
    rows: sweep.lines.map(rowOf),
    notes: [
      ...sharedWaitNotes(sweep),
      ...fastNotes(sweep, cost),
      ...fewNotes(sweep),
      ...verdictNotes(sweep),
      ...spinNotes(sweep),
      ...skipNotes(sweep),
      ...failureNotes(sweep),
      ...contaminationNotes(sweep),
    ],
  };
}

/** How to read the tables of a sweep, once for all of them. */
export function scaleLegend(summary: ScaleSummary): readonly string[] {
  const blocks = summary.sweeps.flatMap(({ lines }) => lines.map(({ fit }) => fit.blocks));
  const [fewest, most] = [Math.min(...blocks), Math.max(...blocks)];
  if (summary.cost === 'path-length')
    return [
      `slope: guest instructions, of both ends, that one more idle connection adds to a request; least squares through the counts of each block, with Student's 95 % interval over the blocks (${fewest === most ? most : `${fewest} to ${most}`}).`,
      'k of N^k: how the path grows between the two largest counts; 1 is in proportion.',
      `O(N): the interval leaves out 0 and the path grows by ${GROWTH_MATERIAL * 100} % or more over the sweep, in every block. O(1): at ${IDLE_REFERENCE} idle connections not even the upper end of the interval is as much as that.`,
      'Path length is what is executed, not how long it takes: a wait that visits connections also misses caches, which no instruction tells of.',
    ];
  return [
    `slope: server CPU in ns that one more idle connection adds to a request; least squares through the floor of each count (expected lowest of ${FLOOR_OF} trials), with the 95 % interval over the blocks (${fewest === most ? most : `${fewest} to ${most}`}).`,
    'k of N^k: how the cost grows between the two largest counts; 1 is in proportion.',
    `O(N): the interval leaves out 0 and the cost grows by ${GROWTH_MATERIAL * 100} % or more over the sweep, also in the lowest trials of all. O(1): at ${IDLE_REFERENCE} idle connections not even the upper end of the interval is as much as that.`,
    "CPU per request is compared, not throughput: of the two it moves less on a busy host (it can still differ by a third between two moments), and it is the server's own where the client is the limit.",
    ...(summary.sweeps.some(({ lines }) => lines.some(isDisturbed))
      ? ['! too few trials of this row are clean: its line is through all of them']
      : []),
  ];
}

function columnsOf({ idle }: ScaleSweep, cost: ScaleCost): readonly Column[] {
  const counts = idle.map((count, i) => ({
    key: keyOf(count),
    header: `${count}\nidle`,
    align: 'right' as const,
    // The two ends say the most, then the larger ones.
    priority: i === idle.length - 1 ? 0 : i === 0 ? 1 : 2 * (idle.length - i) - 1,
  }));
  return [
    { key: 'model', header: 'model', align: 'left', priority: 0 },
    ...counts,
    { key: 'slope', header: SLOPE_HEADERS[cost], align: 'left', priority: 0 },
    { key: 'exponent', header: 'k of\nN^k', align: 'right', priority: 7 },
    { key: 'events', header: 'events\n/wakeup', align: 'right', priority: 6 },
    { key: 'verdict', header: '', align: 'left', priority: 0 },
  ];
}

function rowOf(line: ScaleLine): Row {
  const { verdict } = line.fit;
  const slope = line.fit.slopeNsPerIdle ?? line.fit.slopeInstructionsPerIdle;
  const events = lastEvents(line.cells);
  return {
    model: text(isDisturbed(line) ? `${line.label}!` : line.label),
    ...Object.fromEntries(line.cells.map((cell) => [keyOf(cell.idle), costOf(cell)])),
    slope: slope === null ? NONE : { kind: 'estimate', ...slope },
    exponent: exponentOf(line),
    events: events === null ? NONE : { kind: 'per-request', value: events },
    verdict: verdictOf(line, verdict),
  };
}

function keyOf(idle: number): string {
  return `idle-${idle}`;
}

function costOf({ cpuNsPerRequest, instructionsPerRequest }: ScaleCell): Value {
  if (instructionsPerRequest !== null) return { kind: 'count', value: Math.round(instructionsPerRequest) };
  return cpuNsPerRequest === null ? NONE : { kind: 'duration', ns: cpuNsPerRequest, enough: true };
}

/** Of a cost that does not grow it would be noise. */
function exponentOf({ fit: { exponent, verdict } }: ScaleLine): Value {
  return exponent === null || verdict.kind === 'O(1)'
    ? NONE
    : { kind: 'estimate', value: exponent.value, interval: null };
}

function verdictOf({ cells }: ScaleLine, { kind }: ScaleVerdict): Value {
  if (kind !== 'inconclusive') return text(kind, 'strong');
  const statuses = new Set(cells.map(({ row }) => row.status));
  if (statuses.size === 1 && !statuses.has('measured')) return text([...statuses].join(''), 'faint');
  return text(kind, 'faint');
}

function sharedWaitNotes({ active, lines }: ScaleSweep): string[] {
  const shared = lines.filter(
    ({ cells, fit }) => fit.verdict.kind === 'O(N)' && (lastEvents(cells) ?? 0) >= EVENTS_SEVERAL,
  );
  if (shared.length === 0) return [];
  return [
    `${labels(shared)}: one wait serves several of the ${active} active connections (events/wakeup, with the most idle ones), which share its price: per wait the slope is as many times steeper. A wait that finds one ready also costs less than one that has to queue up at every connection and sleep.`,
  ];
}

/** With the most idle connections that were measured. */
function lastEvents(cells: readonly ScaleCell[]): number | null {
  return cells.findLast((cell) => costOfCell(cell) !== null)?.eventsPerWakeup ?? null;
}

/** Where the line is no line: told only with certainty, and only of costs that do grow. */
function fastNotes({ lines }: ScaleSweep, cost: ScaleCost): string[] {
  const fast = lines.filter(
    ({ fit }) => fit.verdict.kind === 'O(N)' && (fit.exponent?.interval?.low ?? 0) > EXPONENT_FAST,
  );
  if (fast.length === 0) return [];
  // No instruction tells of a cache.
  const why = cost === 'server-cpu' ? ', as it does when what a wait has to visit outgrows a cache' : '';
  return [
    `${labels(fast)}: the cost grows faster than in proportion between the two largest counts${why}; there an idle connection costs more than the slope says.`,
  ];
}

/** What is left of the connecting weighs on the first requests of a trial. */
function fewNotes({ lines }: ScaleSweep): string[] {
  return lines.flatMap(({ label, cells }) =>
    cells.flatMap(({ idle, requestsFewest }) =>
      requestsFewest === null || requestsFewest >= REQUESTS_MIN
        ? []
        : [
            `${label} at ${idle} idle: a trial with ${counted(requestsFewest, 'request')} tells little; more time would help (--warmup, --duration)`,
          ],
    ),
  );
}

function verdictNotes({ lines }: ScaleSweep): string[] {
  return grouped(lines, ({ fit, cells }) => {
    if (fit.verdict.kind !== 'inconclusive') return [];
    // Why nothing was measured is told elsewhere.
    if (cells.every(({ row }) => row.status !== 'measured')) return [];
    return [doubt(fit.verdict, { whole: cells.every(({ row }) => row.status === 'measured') })];
  });
}

function doubt(
  verdict: Extract<ScaleVerdict, { kind: 'inconclusive' }>,
  { whole }: { readonly whole: boolean },
): string {
  switch (verdict.why) {
    case 'too-few-points':
      return 'inconclusive: a slope needs two counts of idle connections that were measured';
    case 'too-few-blocks':
      return `inconclusive: an interval needs ${verdict.blocksWanted} blocks or more (--blocks)`;
    case 'too-noisy':
      return verdict.blocksWanted === null
        ? 'inconclusive: the interval is too wide, by so much that only a quieter host would help'
        : `inconclusive: the interval is too wide; about ${counted(verdict.blocksWanted, 'block')} would decide (--blocks)`;
    case 'sweep-too-short':
      return `inconclusive: it grows, but by less than ${GROWTH_MATERIAL * 100} % ${whole ? 'over this sweep; more idle connections would decide (--idle)' : 'as far as it could be measured'}`;
  }
}

function spinNotes({ lines }: ScaleSweep): string[] {
  const spinning = lines.filter(
    ({ model, cells }) => findModel(model)?.spins && cells.some((cell) => costOfCell(cell) !== null),
  );
  if (spinning.length === 0) return [];
  return [`${labels(spinning)} spins while it waits: that is in its CPU per request as well.`];
}

function skipNotes({ lines }: ScaleSweep): string[] {
  return grouped(lines, ({ cells }) => {
    const skipped = cells.flatMap(({ idle, row }) =>
      row.status === 'skipped' ? [{ idle, reason: row.reason }] : [],
    );
    const reasons = [...new Set(skipped.map(({ reason }) => reason))];
    return reasons.map((reason) => {
      const counts = skipped.filter((cell) => cell.reason === reason).map(({ idle }) => idle);
      return counts.length === cells.length
        ? `skipped: ${reason}`
        : `skipped at ${counts.join(', ')} idle: ${reason}`;
    });
  });
}

function failureNotes({ lines }: ScaleSweep): string[] {
  return lines.flatMap((line) =>
    line.cells.flatMap(({ idle, row }) =>
      row.status === 'skipped' || row.trials.failed === 0
        ? []
        : [
            `${line.label} at ${idle} idle: ${counted(row.trials.failed, 'trial')} failed: ${row.failures.join('; ')}`,
          ],
    ),
  );
}

/** Its line is of trials that were disturbed; of the others only clean trials count. */
function isDisturbed({ trials }: ScaleLine): boolean {
  return trials.used === 'all' && trials.clean < trials.measured;
}

function contaminationNotes({ lines }: ScaleSweep): string[] {
  const all = lines.reduce((sum, { trials }) => sum + trials.measured, 0);
  const clean = lines.reduce((sum, { trials }) => sum + trials.clean, 0);
  if (clean === all) return [];
  const disturbed = lines.filter(isDisturbed);
  const rest = disturbed.length === 0 ? 'the others are left out' : `${labels(disturbed)}: all are used`;
  const marks = lines.flatMap(({ cells }) => cells.flatMap(({ row }) => ('marks' in row ? row.marks : [])));
  return [`Clean: ${clean} of ${counted(all, 'trial')}; ${rest}${marks[0] ? `. E.g. ${marks[0]}` : ''}.`];
}

/** One line per text, with all the rows that it is true of. */
function grouped(lines: readonly ScaleLine[], textsOf: (line: ScaleLine) => readonly string[]): string[] {
  const found = new Map<string, ScaleLine[]>();
  for (const line of lines)
    for (const note of textsOf(line)) found.set(note, [...(found.get(note) ?? []), line]);
  return [...found].map(([note, rows]) => `${labels(rows)}: ${note}`);
}

function labels(lines: readonly ScaleLine[]): string {
  return lines.map(({ label }) => label).join(', ');
}
