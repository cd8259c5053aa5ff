import { findModel } from '../models/registry.ts';
import type { RunResult } from '../results/schema.ts';
import type { MeasuredRow, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { counted } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';
import type { GuideCell } from './guide-schema.ts';

/** A stored run and what it says. */
export interface GuideRun {
  readonly result: RunResult;
  readonly summary: RunSummary;
}

/** A load that the guide speaks of, whatever the workload is called. */
export interface LoadShape {
  /** The built-in workload that has it. */
  readonly id: string;
  readonly connections: number;
  matches(workload: Workload): boolean;
}

/** Larger messages need more than one read. */
const MESSAGE_MAX = 4096;
const ACTIVE_MANY = 64;

/**
 * `one` active connection; `many` active ones; the `example` of the guide: 10,000 of which 1 % are active; `idle`: nearly
 * as many and one active, as at the end of a sweep.
 */
export const SHAPES = {
  one: shape('ping-pong', 1, ({ connections, active }) => connections === 1 && active === 1),
  example: shape('c10k', 10_000, ({ connections, active }) => connections === 10_000 && active === 100),
  idle: shape('idle-9900-active-1', 9901, ({ connections, active }) => connections >= 9000 && active === 1),
  many: shape(
    'many-connections',
    200,
    ({ connections, active }) => active >= ACTIVE_MANY && connections === active,
  ),
} as const satisfies Record<string, LoadShape>;

/** The loads, by name. */
export type ShapeId = keyof typeof SHAPES;

/** A run, summarised once for all tables of the guide. */
export function guideRun(result: RunResult): GuideRun {
  return { result, summary: summarize(result) };
}

/** The row of a model under a load, and the workload that was the load. */
export interface FoundRow {
  readonly row: MeasuredRow;
  readonly workload: Workload;
}

/** A measured row, or the cell that says why there is none. */
export type Search = ({ readonly status: 'found' } & FoundRow) | Exclude<GuideCell, { status: 'measured' }>;

/** Looks for a model under a load; where it is not in the run, the answer names the command. */
export function findRow({ result, summary }: GuideRun, model: string, load: LoadShape): Search {
  const support = result.record.support.find((answer) => answer.model === model);
  if (support && !support.supported)
    return { status: 'not-here', what: 'kernel', why: support.reason ?? 'its probe gave no reason' };
  const limit = findModel(model)?.connectionsMax ?? null;
  if (limit !== null && load.connections > limit)
    return {
      status: 'not-here',
      what: 'kernel/program',
      why: `holds at most ${counted(limit, 'connection')}`,
    };
  const groups = summary.workloads
    .filter(({ workload }) => load.matches(workload))
    // The built-in one first: what the guide's table is about.
    .sort((a, b) => Number(b.workload.id === load.id) - Number(a.workload.id === load.id));
  const found = groups.flatMap((group) => measuredIn(group, model))[0];
  if (found !== undefined) return { status: 'found', ...found };
  return { status: 'not-measured', why: whyNot({ result, summary }, model, { load, groups }) };
}

/** The measured row of a model, under its own name rather than a repetition of it. */
export function measuredIn(group: WorkloadSummary, model: string): FoundRow[] {
  const rows = group.rows.filter((row) => row.status === 'measured').filter((row) => row.model === model);
  const row = rows.find(({ label }) => label === model) ?? rows[0];
  return row === undefined ? [] : [{ row, workload: group.workload }];
}

function whyNot(
  { result }: GuideRun,
  model: string,
  { load, groups }: { readonly load: LoadShape; readonly groups: readonly WorkloadSummary[] },
): string {
  if (!result.record.settings.entries.some((entry) => entry.model === model))
    return `not in this run: run --models ${model} --workloads ${load.id}`;
  const row = groups.flatMap(({ rows }) => rows).find((candidate) => candidate.model === model);
  switch (row?.status) {
    case undefined:
    case 'measured':
      return `not in this run: run --workloads ${load.id}`;
    case 'skipped':
      return row.reason;
    case 'not-run':
      return 'the run ended before it';
    case 'failed':
      return `all its trials failed: ${row.failures.join('; ')}`;
  }
}

/** Several answers to one cell as one: what was measured, else the first reason. */
export function mergeCells(cells: readonly GuideCell[]): GuideCell {
  const findings = cells.flatMap((cell) => (cell.status === 'measured' ? cell.findings : []));
  if (findings.length > 0) return { status: 'measured', findings };
  return cells[0] ?? { status: 'not-measured', why: 'nothing to measure it with' };
}

function shape(
  id: string,
  connections: number,
  fits: (workload: Extract<Workload, { mode: 'closed' }>) => boolean,
): LoadShape {
  return {
    id,
    connections,
    matches: (workload) =>
      workload.mode === 'closed' &&
      workload.depth === 1 &&
      workload.messageBytes <= MESSAGE_MAX &&
      fits(workload),
  };
}
