import type { PastRun, RunHistory } from '../compare/history-result.ts';
import type { LinesChart } from '../document/chart-schema.ts';
import { formatChange } from '../document/format.ts';
import type { Metric } from '../metrics/metric.ts';
import { metricAxis } from './metric-axis.ts';

const SIGNS: Readonly<Partial<Record<NonNullable<PastRun['before']>['verdict'], string>>> = {
  regressed: '▼',
  improved: '▲',
};

/**
 * What each cell was taken for in every stored run, the oldest on the left: kernels where they change, verdicts beside the
 * run before, and where the level changed and stayed. None of cells that fewer than two runs have.
 */
export function historyCharts({ cells }: RunHistory, metric: Metric): readonly LinesChart[] {
  return cells.flatMap((cell) => {
    const levels = pointsOf(cell.runs, ({ level }) => level);
    const middles = pointsOf(cell.runs, ({ middle }) => middle);
    if (cell.runs.length < 2 || middles.length < 2) return [];
    const level =
      metric.comparedBy === 'middle' ? 'clean median' : metric.better === 'lower' ? 'floor' : 'ceiling';
    const series = [
      { label: level, points: levels },
      { label: 'median', points: middles },
    ];
    return [
      {
        kind: 'lines',
        title: `${cell.workload}, ${cell.label}: ${metric.title} over ${cell.runs.length} stored runs`,
        says: saysOf(cell),
        x: { label: 'begun', scale: 'linear', unit: 'place', names: cell.runs.map(placeOf) },
        y: metricAxis(metric),
        shape: 'straight',
        series: series.filter(({ points }) => points.length > 0),
        marks: marksOf(cell),
      } satisfies LinesChart,
    ];
  });
}

function pointsOf(runs: readonly PastRun[], readOf: (run: PastRun) => number | null) {
  return runs.flatMap((run, x) => {
    const y = readOf(run);
    return y === null ? [] : [{ x, y, name: nameOf(run) }];
  });
}

/** Month, day and time, in UTC: what tells runs apart in as few characters as it takes. */
function placeOf({ startedAt }: PastRun): string {
  return startedAt.slice(5, 16).replace('T', ' ');
}

function nameOf({ runId, kernel, before }: PastRun): string {
  return `run ${runId}, Linux ${kernel}${before === null ? '' : `: ${before.verdict}`}`;
}

function saysOf({ changes }: RunHistory['cells'][number]): string {
  const found = changes.map(({ runId, ratio }) => `${formatChange(ratio)} from run ${runId} on`);
  return `${found.length === 0 ? 'No change that stayed.' : `◆ changed and stayed: ${found.join('; ')}.`} ▼ regressed and ▲ improved beside the run before.`;
}

/** A kernel where another one was before, a verdict that is a change, and changes that stayed. */
function marksOf({ runs, changes }: RunHistory['cells'][number]): NonNullable<LinesChart['marks']> {
  return runs.flatMap(({ runId, kernel, before }, x) => {
    const texts = [
      ...(x === 0 || runs[x - 1]?.kernel !== kernel ? [kernel] : []),
      ...(before === null ? [] : (SIGNS[before.verdict] ?? [])),
      ...changes.flatMap((change) => (change.runId === runId ? [`◆ ${formatChange(change.ratio)}`] : [])),
    ];
    return texts.length === 0 ? [] : [{ x, text: texts.join(' ') }];
  });
}
