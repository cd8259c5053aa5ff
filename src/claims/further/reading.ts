import { figure, nanoseconds, perRequest } from '../../document/figures.ts';
import { formatRatio } from '../../document/format.ts';
import { NONE, text } from '../../document/table.ts';
import type { Figure, FigureGroup } from '../../document/value-schema.ts';
import { numbersOf } from '../../recommend/axes.ts';
import { crossingText } from '../../recommend/crossing-text.ts';
import type { Recommendation } from '../../recommend/recommendation-schema.ts';
import type { MeasuredRow } from '../../summary/run-summary.ts';
import type { Assertion } from '../assertion.ts';
import { check } from '../checkers.ts';
import { findRow, type GuideRun, mergeCells, SHAPES, type ShapeId } from '../evidence.ts';
import type { GuideCell } from '../guide-schema.ts';

/** What `costs` measured, as far as tables read it: times of single operations in ns. */
export interface CostReadings {
  readonly costs: readonly CostReading[];
  readonly derived: readonly CostReading[];
}
type CostReading = { readonly id: string } & (
  | {
      readonly status: 'measured' | 'derived';
      readonly ns: number;
      readonly lowNs: number;
      readonly highNs: number;
      readonly cycles: number | null;
    }
  | { readonly status: 'unsupported' | 'failed' | 'missing'; readonly reason: string }
);

/** What a probe saw. */
export interface ProbeReading {
  readonly probe: string;
  readonly outcome: 'observed' | 'unsupported' | 'failed';
  readonly reason?: string | undefined;
  readonly values: Readonly<Record<string, number | boolean | string>>;
}

/** All that a table of the guide is held against; null: nobody measured it. */
export interface GuideEvidence {
  readonly run: GuideRun;
  readonly costs: CostReadings | null;
  readonly probes: readonly ProbeReading[] | null;
  readonly recommendation: Recommendation | null;
}

/** A value that a probe saw, and how it is called. */
export interface Shown {
  readonly value: string;
  readonly name: string;
  readonly unit?: string;
}

/** A number of a row of a run. */
export type RowNumber = 'calls' | 'cpu' | 'p50' | 'rate' | 'threads' | 'switches';

type Documented = Extract<Assertion, { kind: 'documented' }>;

/** What would answer a cell, as data. Models are ids of the registry, costs and probes ids of theirs. */
export type Reading =
  | Assertion
  /** What a single operation costs. `cycles`: also in those. */
  | { readonly kind: 'cost'; readonly id: string; readonly name: string; readonly cycles?: true }
  /** What the kernel was seen to do. */
  | { readonly kind: 'seen'; readonly probe: string; readonly shows: readonly Shown[] }
  /** Numbers of a row under a load. */
  | {
      readonly kind: 'row';
      readonly model: string;
      readonly load: ShapeId;
      readonly of: readonly RowNumber[];
      /** Where the row of the table does not name the model. */
      readonly named?: true;
    }
  /** Under how many loads a row is among the cheapest, with so many connections at most. */
  | { readonly kind: 'standing'; readonly model: string; readonly connectionsMax?: number }
  /** Where two rows cost the same. */
  | { readonly kind: 'crossing'; readonly first: string; readonly second: string }
  /** How much dearer a system call would have to be for another answer. */
  | { readonly kind: 'call-cost' }
  /** All of these. */
  | { readonly kind: 'several'; readonly of: readonly Reading[] }
  /** With a fact from documentation behind it, which stands alone where nothing was measured. */
  | { readonly kind: 'beside'; readonly reading: Reading; readonly fact: Documented };

type Of<Kind extends Reading['kind']> = Extract<Reading, { kind: Kind }>;

/** What the evidence says to a reading; a cell that is empty names the command that would fill it. */
export function read(evidence: GuideEvidence, reading: Reading): GuideCell {
  switch (reading.kind) {
    case 'cost':
      return costCell(evidence, reading);
    case 'seen':
      return seenCell(evidence, reading);
    case 'row':
      return rowCell(evidence, reading);
    case 'standing':
      return standingCell(evidence, reading);
    case 'crossing':
      return crossingCell(evidence, reading);
    case 'call-cost':
      return callCostCell(evidence);
    case 'several':
      return severalCell(reading.of.map((one) => read(evidence, one)));
    case 'beside':
      return besideCell(read(evidence, reading.reading), read(evidence, reading.fact));
    default:
      return check(evidence.run, reading);
  }
}

function measured(about: string, figures: readonly Figure[]): GuideCell {
  return { status: 'measured', findings: [{ about, figures }] };
}

function costCell({ costs }: GuideEvidence, { id, name, cycles }: Of<'cost'>): GuideCell {
  if (costs === null) return { status: 'not-measured', why: 'costs' };
  const found = [...costs.costs, ...costs.derived].find((one) => one.id === id);
  if (found === undefined)
    return { status: 'not-measured', why: `costs: ${id} is not in those that are stored` };
  if (!('ns' in found))
    return found.status === 'failed'
      ? { status: 'not-measured', why: `costs: ${id} failed: ${found.reason}` }
      : { status: 'not-here', what: 'host', why: `${id}: ${found.reason}` };
  const interval = { low: found.lowNs, high: found.highNs };
  const inCycles =
    cycles === undefined || found.cycles === null
      ? []
      : [figure('', { kind: 'count', value: Math.round(found.cycles) }, 'cycles')];
  return measured(name, [figure('', { kind: 'estimate', value: found.ns, interval }, 'ns'), ...inCycles]);
}

function seenCell({ probes }: GuideEvidence, { probe, shows }: Of<'seen'>): GuideCell {
  if (probes === null) return { status: 'not-measured', why: 'tables --probe' };
  const found = probes.find((one) => one.probe === probe);
  if (found === undefined)
    return { status: 'not-measured', why: `tables --probe: ${probe} is not in those that are stored` };
  // How to get what is missing follows in sentences of its own, which a cell has no room for.
  const [reason = ''] = (found.reason ?? 'its probe gave no reason').split('. ');
  if (found.outcome === 'unsupported') return { status: 'not-here', what: 'host', why: reason };
  if (found.outcome === 'failed')
    return { status: 'not-measured', why: `the probe ${probe} failed: ${reason}` };
  const figures = shows.flatMap(({ value, name, unit = '' }) => {
    const seen = found.values[value];
    return seen === undefined ? [] : [figure(name, shownValue(seen), unit)];
  });
  if (figures.length === 0)
    return { status: 'not-here', what: 'host', why: found.reason ?? `${probe} cannot show it here` };
  return measured('', figures);
}

function shownValue(value: number | boolean | string): Figure['value'] {
  if (typeof value === 'boolean') return text(value ? 'yes' : 'no');
  if (typeof value === 'string') return text(value);
  // What io_uring answers below zero is an error.
  if (value < 0 && Number.isInteger(value)) return text(`${value}${nameOfErrno(-value)}`);
  return Number.isInteger(value) ? { kind: 'count', value } : { kind: 'estimate', value, interval: null };
}

/** Those that links, registered files and rings of buffers end with. */
const ERRNOS: ReadonlyMap<number, string> = new Map([
  ...([
    [9, 'EBADF'],
    [11, 'EAGAIN'],
    [22, 'EINVAL'],
    [105, 'ENOBUFS'],
    [125, 'ECANCELED'],
  ] as const),
]);

function nameOfErrno(errno: number): string {
  const name = ERRNOS.get(errno);
  return name === undefined ? '' : ` (${name})`;
}

function rowCell({ run }: GuideEvidence, { model, load, of, named }: Of<'row'>): GuideCell {
  const search = findRow(run, model, SHAPES[load]);
  if (search.status !== 'found') return search;
  const figures = of.flatMap((name) => ROW_NUMBERS[name](search.row));
  const { id } = search.workload;
  return measured(named ? `${model}, ${id}` : id === SHAPES[load].id ? '' : id, figures);
}

const ROW_NUMBERS: Readonly<Record<RowNumber, (row: MeasuredRow) => readonly Figure[]>> = {
  calls: ({ server }) => [figure('', perRequest(server.syscallsPerRequest), 'calls/req')],
  cpu: ({ server }) => [figure('CPU', nanoseconds(server.cpuNsPerRequest), 'ns/req')],
  p50: ({ response }) => [
    figure(
      'p50',
      response.p50.valueNs === null
        ? NONE
        : { kind: 'duration', ns: response.p50.valueNs, enough: response.p50.enough },
    ),
  ],
  rate: ({ throughputPerS }) => [figure('', { kind: 'rate', perS: throughputPerS.value }, 'req/s')],
  threads: ({ server }) =>
    server.threads === null ? [] : [figure('', { kind: 'count', value: server.threads }, 'threads')],
  switches: ({ server }) => [figure('', perRequest(server.contextSwitchesPerRequest), 'switches/req')],
};

const NOTHING_RANKED: GuideCell = {
  status: 'not-measured',
  why: 'too few blocks, or no other row, under any load: run',
};

function standingCell(
  { recommendation }: GuideEvidence,
  { model, connectionsMax }: Of<'standing'>,
): GuideCell {
  const choices = (recommendation?.choices ?? [])
    .filter(({ outcome }) => outcome === 'one' || outcome === 'several')
    .filter(
      ({ workload }) => numbersOf(workload).connections <= (connectionsMax ?? Number.POSITIVE_INFINITY),
    );
  const rows = choices.flatMap((choice) => {
    const row = choice.rows.find(({ label }) => label === model);
    return row === undefined || row.standing === 'unknown' ? [] : [{ row, choice }];
  });
  if (choices.length === 0) return NOTHING_RANKED;
  if (rows.length === 0) return { status: 'not-measured', why: `run --models ${model}` };
  const among = rows.filter(({ choice }) => choice.among.includes(model));
  const ratios = rows.flatMap(({ row, choice }) =>
    choice.among.includes(model) || row.ratio === null ? [] : [row.ratio.ratio],
  );
  const span = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => `×${formatRatio(ratio)}`);
  return measured(model, [
    figure('', text(`among the cheapest in CPU under ${among.length} of ${rows.length} loads`)),
    ...(ratios.length === 0
      ? []
      : [figure('else', text(`${ratios.length === 1 ? span[0] : span.join(' to ')} the best`))]),
  ]);
}

function crossingCell({ recommendation }: GuideEvidence, { first, second }: Of<'crossing'>): GuideCell {
  const own = (recommendation?.crossings ?? []).filter(
    (one) => one.first === first && one.second === second && one.outcome !== 'unknown',
  );
  if (own.length === 0)
    return { status: 'not-measured', why: `run --models ${first},${second} --connections 1,64,500` };
  return {
    status: 'measured',
    findings: own.map(
      (crossing): FigureGroup => ({
        about: recommendation?.axes.find(({ id }) => id === crossing.axis)?.title ?? crossing.axis,
        figures: [figure('', text(crossingText(crossing)))],
      }),
    ),
  };
}

function callCostCell({ recommendation }: GuideEvidence): GuideCell {
  if (recommendation === null || recommendation.choices.length === 0) return NOTHING_RANKED;
  const texts = recommendation.changes
    .filter(({ kind }) => kind === 'call-cost')
    .map((change) => change.text);
  if (texts.length === 0)
    return measured('', [
      figure('', text('no dearer call that is likely would change an answer of this run')),
    ]);
  return {
    status: 'measured',
    findings: texts.map((one) => ({ about: '', figures: [figure('', text(one))] })),
  };
}

/** What is known of all; what would tell the rest stands behind it. */
function severalCell(cells: readonly GuideCell[]): GuideCell {
  const merged = mergeCells(cells);
  if (merged.status !== 'measured') return merged;
  const missing = cells.flatMap((cell): string[] => {
    if (cell.status === 'not-measured') return [`more: not measured (${cell.why})`];
    return cell.status === 'not-here' ? [`not on this ${cell.what} (${cell.why})`] : [];
  });
  const rest = [...new Set(missing)].map(
    (says): FigureGroup => ({ about: '', figures: [figure('', text(says, 'faint'))] }),
  );
  return { ...merged, findings: [...merged.findings, ...rest] };
}

function besideCell(cell: GuideCell, fact: GuideCell): GuideCell {
  if (fact.status !== 'documented') return cell;
  switch (cell.status) {
    case 'measured':
      return {
        ...cell,
        findings: [
          ...cell.findings,
          {
            about: '',
            figures: [
              figure(
                '',
                text(
                  `documented: ${fact.text} [${fact.source}]${fact.here === null ? '' : `; ${fact.here}`}`,
                  'faint',
                ),
              ),
            ],
          },
        ],
      };
    case 'documented':
      return fact;
    case 'not-measured':
      return {
        ...fact,
        here: [fact.here, `not measured (${cell.why})`].filter((one) => one !== null).join('; '),
      };
    case 'not-here':
      return {
        ...fact,
        here: [fact.here, `not on this ${cell.what} (${cell.why})`].filter((one) => one !== null).join('; '),
      };
  }
}
