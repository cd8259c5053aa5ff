import type { Comparison } from '../compare/result.ts';
import type { RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';

/** What an exporter may use: what is stored, and what was computed from it. */
export interface ExportInput {
  readonly result: RunResult;
  readonly summary: RunSummary;
  /** With the runs before it, where there is one; for the formats that hold verdicts. */
  readonly comparison: Comparison | null;
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
  /** The names of its files: known before there is a run, so that they can be refused early. */
  readonly files: readonly string[];
  /** Whether it says more with a comparison; `compare --export` takes these only. */
  readonly verdicts?: boolean;
  /** The texts of `files`, in their order. */
  write(input: ExportInput): readonly string[];
}
