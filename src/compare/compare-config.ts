import { cellMatcher } from '../config/allow-missing.ts';
import { select, unknown } from '../config/selection.ts';
import { UsageError } from '../util/errors.ts';
import { COMPARE_DEFAULTS, type CompareOptions } from './compare-runs.ts';
import { METRIC_IDS } from './judged-metrics.ts';
import type { MetricId } from './result.ts';

/** The flags of `compare` as typed. */
export interface CompareFlags {
  readonly threshold?: string | undefined;
  readonly metrics?: string | undefined;
  readonly allowMissing?: string | undefined;
}

/** Flags to options. Throws `UsageError` with every problem at once. */
export function resolveCompareOptions(flags: CompareFlags): CompareOptions {
  const problems: string[] = [];
  let threshold = COMPARE_DEFAULTS.threshold;
  const thresholds: Record<MetricId, number> = {};
  for (const part of flags.threshold?.split(',') ?? []) {
    const [name, text] = part.includes('=') ? part.split('=', 2) : [null, part];
    const value = share(text ?? '');
    const id = METRIC_IDS.find((metric) => metric === name?.trim());
    if (value === null)
      problems.push(`--threshold ${part}: must be a share such as 5% or 0.05, above 0 and below 100%`);
    else if (name === null) threshold = value;
    else if (id === undefined) problems.push(`--threshold: ${unknown(name ?? '', METRIC_IDS, 'metric')}`);
    else thresholds[id] = value;
  }
  const selection = flags.metrics === undefined ? null : select(flags.metrics, METRIC_IDS, 'metric');
  problems.push(...(selection?.problems ?? []));
  if (problems.length > 0) throw new UsageError(problems);
  const metrics = selection === null ? null : METRIC_IDS.filter((id) => selection.names.includes(id));
  const allowed = flags.allowMissing === undefined ? {} : { mayBeMissing: cellMatcher(flags.allowMissing) };
  return { threshold, thresholds, metrics, ...allowed };
}

function share(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(%)?$/.exec(text.trim());
  const value = match ? Number(match[1]) / (match[2] ? 100 : 1) : Number.NaN;
  return value > 0 && value < 1 ? value : null;
}
