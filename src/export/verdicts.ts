import type { Comparison } from '../compare/result.ts';
import type { ScaleVerdict } from '../stats/scale-fit.ts';
import { type ScaleLine, summarizeScale } from '../summary/scale-summary.ts';
import type { ExportInput } from './exporter.ts';

/** A model over the idle connections of a sweep. */
export interface SweepLine extends ScaleLine {
  /** Connections that carried requests. */
  readonly active: number;
  readonly idleMax: number;
}

/** Of the sweeps of a run; none in a run that is none. */
export function sweepLines({ result, summary }: ExportInput): readonly SweepLine[] {
  return summarizeScale(result, summary).sweeps.flatMap(({ active, idle, lines }) =>
    lines.map((line) => ({ ...line, active, idleMax: idle.at(-1) ?? 0 })),
  );
}

/** `O(1)`, or `inconclusive: too-noisy`. */
export function verdictText(verdict: ScaleVerdict): string {
  return verdict.kind === 'inconclusive' ? `${verdict.kind}: ${verdict.why}` : verdict.kind;
}

/** The runs of a side of a comparison. */
export function runIdsOf({ runs }: Comparison['base']): string {
  return runs.map(({ runId }) => runId).join(',');
}
