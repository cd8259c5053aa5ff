import { RANKED_BY } from '../charts/ratio-chart.ts';
import { formatDuration, formatEstimate, formatRatio } from '../document/format.ts';
import type { MeasuredRow, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { costOfCell, type ScaleLine, type ScaleSummary } from '../summary/scale-summary.ts';

/** What each workload says, in a sentence. */
export function answerLines({ workloads }: RunSummary): string[] {
  return workloads.map((workload) => `${workload.workload.id}: ${answerOf(workload)}`);
}

function answerOf({ rows, baseline }: WorkloadSummary): string {
  const measured = rows.filter((row): row is MeasuredRow => row.status === 'measured');
  const others = rows.length - measured.length;
  const apart = others === 0 ? '' : `; ${others} of ${rows.length} rows could not be measured`;
  if (measured.length === 0) return 'nothing could be measured.';
  if (!measured.some((row) => row.baseline))
    return `${baseline}, the reference, was not measured: nothing is compared${apart}.`;
  const compared = measured.flatMap((row) =>
    row.comparison === null ? [] : [{ row, comparison: row.comparison }],
  );
  if (compared.length === 0) return `${baseline} was measured alone${apart}.`;
  const having = (verdict: string) => compared.filter(({ comparison }) => comparison.verdict === verdict);
  const [better, worse] = [having('better'), having('worse')];
  const best = better.toSorted((a, b) => (b.comparison.ratio ?? 0) - (a.comparison.ratio ?? 0))[0];
  const counts = [
    ...(better.length === 0 ? [] : [`${better.length} better`]),
    ...(worse.length === 0 ? [] : [`${worse.length} worse`]),
    ...(compared.length > better.length + worse.length
      ? [`${compared.length - better.length - worse.length} not to be told from it`]
      : []),
  ].join(', ');
  const first =
    best === undefined
      ? `nothing is shown to be better than ${baseline}`
      : `${best.row.label} serves ${timesText(best.comparison)} times what ${baseline} serves, ${RANKED_BY[best.comparison.rankedBy]}`;
  return `${first}; of ${compared.length} beside it ${counts}${apart}.`;
}

function timesText({ ratio, interval }: NonNullable<MeasuredRow['comparison']>): string {
  const value = formatRatio(ratio ?? 1);
  return interval === null ? value : `${value} [${formatRatio(interval.low)}, ${formatRatio(interval.high)}]`;
}

/** What idle connections cost, in a sentence for each number of active ones. */
export function scaleAnswerLines({ sweeps }: ScaleSummary): string[] {
  return sweeps.map(({ active, lines }) => {
    if (lines.every(({ cells }) => cells.every((cell) => costOfCell(cell) === null)))
      return `${active} active: nothing could be measured.`;
    const of = (kind: string) => lines.filter(({ fit }) => fit.verdict.kind === kind);
    const grows = of('O(N)').map(slopeText);
    const level = of('O(1)').map(({ label }) => label);
    const open = of('inconclusive').map(({ label }) => label);
    return [
      `${active} active: ${grows.length === 0 ? 'no model is shown to cost more with idle connections' : `${grows.join(', ')} cost more with every idle connection (O(N))`}`,
      ...(level.length === 0 ? [] : [`${level.join(', ')} cost the same however many (O(1))`]),
      ...(open.length === 0 ? [] : [`of ${open.join(', ')} this run cannot tell`]),
    ].join('; ');
  });
}

function slopeText({ label, fit }: ScaleLine): string {
  const { slopeNsPerIdle: ns, slopeInstructionsPerIdle: instructions } = fit;
  if (ns !== null) return `${label} (${formatDuration(ns.value)} each)`;
  if (instructions !== null)
    return `${label} (${formatEstimate(instructions.value, null)} instructions each)`;
  return label;
}
