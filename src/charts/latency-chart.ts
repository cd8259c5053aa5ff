import type { LinesChart } from '../document/chart-schema.ts';
import { mergeLatencies, quantileNs, samplesNeeded } from '../stats/histogram.ts';
import type { LatencySummary, MeasuredRow, WorkloadSummary } from '../summary/run-summary.ts';
import { type ChartedRun, inOrder, measuredRows, usedTrials } from './charted-run.ts';

/** 1 / (1 - p): from p20 on. */
const STEPS = [1.25, 2, 4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000, 20_000, 40_000, 100_000];
/** As for the percentiles of the tables: fewer blocks with values beyond one say too little of it. */
const BLOCKS_BEYOND_MIN = 5;
/** The percentiles whose interval is known. */
const KNOWN: Readonly<Record<number, 'p50' | 'p99' | 'p999'>> = { 2: 'p50', 100: 'p99', 1000: 'p999' };

type Points = LinesChart['series'][number]['points'];

/**
 * Response times by percentile, further out to the right the rarer: each line ends where fewer than ten values lie
 * beyond. Null where no row has times.
 */
export function latencyChart(run: ChartedRun, summary: WorkloadSummary): LinesChart | null {
  const series = inOrder(run, measuredRows(summary))
    .filter(({ timed }) => timed)
    .map((row) => ({ label: row.label, points: pointsOf(run, summary, row) }))
    .filter(({ points }) => points.length > 0);
  if (series.length === 0) return null;
  return {
    kind: 'lines',
    title: `${summary.workload.id}: response time by percentile`,
    says: 'Each line ends where fewer than ten requests took longer. Both axes are logarithmic.',
    x: { label: 'percentile, by 1 / (1 - p)', scale: 'log', unit: 'percentile' },
    y: { label: 'response time', scale: 'log', unit: 'ns' },
    shape: 'straight',
    series,
  };
}

function pointsOf(run: ChartedRun, summary: WorkloadSummary, row: MeasuredRow): Points {
  const blocks = usedTrials(run, summary, row).map(({ observation }) => observation.response);
  const merged = mergeLatencies(blocks);
  return STEPS.filter((step) => merged.count >= samplesNeeded(1 - 1 / step)).flatMap((step) => {
    const y = quantileNs(merged, 1 - 1 / step);
    if (y === null || y <= 0) return [];
    const beyond = blocks.filter(({ count, maxNs }) => count > 0 && maxNs >= y).length;
    return [{ x: step, y, enough: isEnough(row.response, step, beyond) }];
  });
}

function isEnough(response: LatencySummary, step: number, beyond: number): boolean {
  const known = KNOWN[step];
  return known === undefined ? beyond >= BLOCKS_BEYOND_MIN : response[known].enough;
}
