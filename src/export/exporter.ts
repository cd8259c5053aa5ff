import type { Comparison } from '../compare/result.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';

/** What an exporter may use: what is stored, and what was computed from it. */
export interface ExportInput {
  readonly result: RunResult;
  readonly summary: RunSummary;
  /** With the runs before it, where there is one; for the formats that hold verdicts. */
  readonly comparison: Comparison | null;
  /** Those that were asked for, in the order of `METRICS`; for the formats that have one value of each. */
  readonly metrics: readonly Metric[];
}

/** A file of an export; most formats have one. */
export interface ExportFile {
  /** As it is called in a folder of several exports. */
  readonly name: string;
  /** Ends with a line break. */
  readonly text: string;
}

/** A format that a run can be written in. */
export interface Exporter {
  readonly id: string;
  /** One line on who reads it. */
  readonly title: string;
  /**
   * The names of its files: known before there is a run, so that they can be refused early. Of a format with
   * a file per cell, the folder that they go to.
   */
  readonly files: readonly string[];
  /** Whether it says more with a comparison; `compare --export` takes these only. */
  readonly verdicts?: boolean;
  /** Whether it writes the metrics that were asked for and no others. */
  readonly picksMetrics?: boolean;
  /** The texts of `files`, or of what `names` says, in their order. */
  write(input: ExportInput): readonly string[];
  /** The texts of several runs, the oldest first, with their times; absent: it holds one run. */
  readonly history?: (inputs: readonly ExportInput[]) => readonly string[];
  /** Why it has nothing of a run, in a sentence; null: it has something. */
  readonly lacks?: (input: ExportInput) => string | null;
  /** The names of the files, where a format has one per cell. */
  readonly names?: (input: ExportInput) => readonly string[];
}

/**
 * The files of one run, or of several as a history.
 * @param options.history as one even of a single run.
 * @throws Error where the format has no history: to be refused before.
 */
export function filesOf(
  exporter: Exporter,
  inputs: readonly ExportInput[],
  { history = inputs.length > 1 }: { readonly history?: boolean } = {},
): readonly ExportFile[] {
  const [only] = inputs;
  if (only === undefined) return [];
  if (history && exporter.history === undefined) throw new Error(`${exporter.id} holds one run`);
  const texts = history ? (exporter.history?.(inputs) ?? []) : exporter.write(only);
  const names = exporter.names?.(only) ?? exporter.files;
  return names.map((name, i) => ({ name, text: texts[i] ?? '' }));
}
