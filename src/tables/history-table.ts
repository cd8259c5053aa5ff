import type { PastRun, RunHistory } from '../compare/history-result.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatShare } from '../document/format.ts';
import { NONE, type Tone, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import type { Metric } from '../metrics/metric.ts';
import { UNITS } from '../metrics/registry.ts';
import { counted } from '../util/units.ts';
import { metricValue } from './metric-value.ts';

type CellHistory = RunHistory['cells'][number];
type Verdict = NonNullable<PastRun['before']>['verdict'];

/** A cell of the stored runs, a line each, the oldest first. */
export function historyTable(metric: Metric, { label, workload, runs, changes }: CellHistory): Table {
  return {
    title: `${metric.name} of ${label} under ${workload}${unitOf(metric)}`,
    columns: columnsOf(metric),
    rows: runs.map((run) => rowOf(metric, run)),
    notes: changes.map(changeNote),
  };
}

function changeNote({ runId, ratio, pValue }: CellHistory['changes'][number]): string {
  const share = 100 * (ratio - 1);
  return `Changed by ${share >= 0 ? '+' : ''}${share.toFixed(1)} % from run ${runId} on, and stayed (p ${pValue.toPrecision(2)}).`;
}

/** Where the values do not say it. */
function unitOf({ unit }: Metric): string {
  return unit === 'ns-per-request' || unit === 'requests-per-second' ? `, in ${UNITS[unit].shown}` : '';
}

/** What a run is taken for beside others. */
function levelName({ comparedBy, better }: Metric): string {
  if (comparedBy === 'middle') return 'clean\nmedian';
  return better === 'lower' ? 'floor' : 'ceiling';
}

function columnsOf(metric: Metric): Column[] {
  return [
    { key: 'run', header: 'run', align: 'left', priority: 0 },
    { key: 'kernel', header: 'kernel', align: 'left', priority: 1 },
    { key: 'clean', header: 'clean\ntrials', align: 'right', priority: 2 },
    { key: 'level', header: levelName(metric), align: 'right', priority: 0 },
    { key: 'middle', header: 'median', align: 'right', priority: 2 },
    { key: 'change', header: 'change in %\nfrom the one before', align: 'right', priority: 1 },
    { key: 'verdict', header: 'verdict', align: 'left', priority: 0 },
    { key: 'why', header: 'why', align: 'left', priority: 3, wrap: true },
  ];
}

const TONES: Readonly<Record<Verdict, Tone>> = {
  regressed: 'strong',
  improved: 'strong',
  same: 'plain',
  inconclusive: 'faint',
};

function rowOf(metric: Metric, run: PastRun): Row {
  const { before } = run;
  const handicap = run.handicapNs === null ? '' : ` +${run.handicapNs} ns`;
  const shown = (value: number | null): Value => metricValue(metric, { value, enough: true }, 'short');
  return {
    run: text(run.runId),
    kernel: text(`${run.kernel}${handicap}`),
    clean: text(`${run.clean} of ${run.trials}`),
    level: shown(run.level),
    middle: shown(run.middle),
    change: before === null ? NONE : percentOf(before.change),
    verdict: before === null ? NONE : text(before.verdict, TONES[before.verdict]),
    // What is wrong with the run itself says why nothing is said of it beside another.
    why: text(run.notCompared ?? run.unseen ?? before?.reason ?? ''),
  };
}

/** By how many per cent it is more. */
function percentOf({ ratio, interval }: NonNullable<PastRun['before']>['change']): Value {
  const percent = (of: number) => 100 * (of - 1);
  return {
    kind: 'estimate',
    value: percent(ratio),
    interval: interval && { low: percent(interval.low), high: percent(interval.high) },
  };
}

/** How far equal runs lie apart in each cell. */
export function spreadTable({ cells, runs }: RunHistory): Table {
  const unknown = cells.filter(({ spread }) => spread === null).length;
  return {
    title: `How far equal runs lie apart, of ${counted(runs, 'stored run')}`,
    columns: [
      { key: 'label', header: 'model', align: 'left', priority: 0 },
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'spread', header: 'spread', align: 'right', priority: 0 },
      { key: 'runs', header: 'from runs', align: 'right', priority: 1 },
      { key: 'degrees', header: 'degrees of\nfreedom', align: 'right', priority: 2 },
    ],
    rows: cells.map(({ label, workload, spread }) => ({
      label: text(label, 'strong'),
      workload: text(workload),
      spread: spread === null ? NONE : text(precise(spread.share)),
      runs: spread === null ? NONE : { kind: 'count', value: spread.runs },
      degrees: spread === null ? NONE : { kind: 'count', value: spread.degrees },
    })),
    notes: [
      'Spread: standard deviation between runs of one kernel, build and handicap; cells with few runs borrow from the others.',
      ...(unknown === 0
        ? []
        : [
            `${counted(unknown, 'cell')} without a spread: no two equal runs saw enough; measure more with run.`,
          ]),
    ],
  };
}

/** Runs of a quiet host lie less than one per cent apart. */
function precise(share: number): string {
  return share < 0.1 ? `${(100 * share).toFixed(2)} %` : formatShare(share);
}
