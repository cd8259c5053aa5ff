import { cellMatcher } from '../config/allow-missing.ts';
import { select, unknown } from '../config/selection.ts';
import { readShare } from '../config/share.ts';
import { UsageError } from '../util/errors.ts';
import { COMPARE_DEFAULTS, type CompareOptions } from './compare-runs.ts';
import { METRIC_IDS } from './judged-metrics.ts';
import type { MetricId } from './result.ts';

/** The flags of `compare` as typed. */
export interface CompareFlags {
  readonly detect?: string | undefined;
  /** What `detect` was called before. */
  readonly threshold?: string | undefined;
  readonly metrics?: string | undefined;
  readonly allowMissing?: string | undefined;
}

/** Flags to options. Throws `UsageError` with every problem at once. */
export function resolveCompareOptions(flags: CompareFlags): CompareOptions {
  const problems: string[] = [];
  let detect = COMPARE_DEFAULTS.detect;
  let isDetectSaid = false;
  const detects: Record<MetricId, number> = {};
  if (flags.detect !== undefined && flags.threshold !== undefined)
    problems.push('--threshold is what --detect was called before: give one of them');
  const flag = flags.detect === undefined ? '--threshold' : '--detect';
  for (const part of (flags.detect ?? flags.threshold)?.split(',') ?? []) {
    const [name, text] = part.includes('=') ? part.split('=', 2) : [null, part];
    const value = readShare(text ?? '');
    const id = METRIC_IDS.find((metric) => metric === name?.trim());
    if (value === null)
      problems.push(`${flag} ${part}: must be a share such as 5% or 0.05, above 0 and below 100%`);
    else if (name === null) [detect, isDetectSaid] = [value, true];
    else if (id === undefined) problems.push(`${flag}: ${unknown(name ?? '', METRIC_IDS, 'metric')}`);
    else detects[id] = value;
  }
  const selection = flags.metrics === undefined ? null : select(flags.metrics, METRIC_IDS, 'metric');
  problems.push(...(selection?.problems ?? []));
  if (problems.length > 0) throw new UsageError(problems);
  const metrics = selection === null ? null : METRIC_IDS.filter((id) => selection.names.includes(id));
  const allowed = flags.allowMissing === undefined ? {} : { mayBeMissing: cellMatcher(flags.allowMissing) };
  return { detect, ...(isDetectSaid ? { isDetectSaid } : {}), detects, metrics, ...allowed };
}
