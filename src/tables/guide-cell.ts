import { z } from 'zod';
import { documentedSchema } from '../claims/guide-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Figure, Value } from '../document/value-schema.ts';
import { figureGroupSchema } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { RunResult } from '../results/schema.ts';
import type { BlockRatio } from '../summary/block-ratio.ts';
import type { MeasuredRow, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import type { Workload } from '../workloads/schema.ts';

export const guideCellSchema = z
  .discriminatedUnion('status', [
    z.object({ status: z.literal('measured'), findings: z.array(figureGroupSchema) }),
    z
      .object({
        status: z.literal('documented'),
        here: z.string().nullable().describe('what the run adds, such as that it can run here'),
        ...documentedSchema.shape,
      })
      .describe('from documentation or source'),
    z.object({ status: z.literal('not-measured'), why: z.string() }),
    z
      .object({ status: z.literal('not-here'), what: z.enum(['kernel', 'kernel/program']), why: z.string() })
      .describe('this kernel has it not, or the program cannot hold what is asked of it'),
  ])
  .describe(
    'what this host says to a cell of the guide; never a guess, and never a measured value without a run',
  );
export type GuideCell = ReadonlyDeep<z.infer<typeof guideCellSchema>>;

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

/** `one` active connection; `many` active ones; the `example` of the guide: 10,000 of which 1 % are active. */
export const SHAPES = {
  one: shape('ping-pong', 1, ({ connections, active }) => connections === 1 && active === 1),
  example: shape('c10k', 10_000, ({ connections, active }) => connections === 10_000 && active === 100),
  many: shape(
    'many-connections',
    200,
    ({ connections, active }) => active >= ACTIVE_MANY && connections === active,
  ),
} as const satisfies Record<string, LoadShape>;

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
    return { status: 'not-here', what: 'kernel/program', why: `holds at most ${limit} connections` };
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

/** The text of a cell that has no findings, or its findings. */
export function cellValue(cell: GuideCell): Value {
  switch (cell.status) {
    case 'measured':
      return { kind: 'findings', findings: cell.findings };
    case 'documented':
      return text(
        `documented: ${cell.text} [${cell.source}]${cell.here === null ? '' : `; ${cell.here}`}`,
        'faint',
      );
    case 'not-measured':
      return text(`not measured (${cell.why})`, 'faint');
    case 'not-here':
      return text(`not on this ${cell.what} (${cell.why})`, 'faint');
  }
}

/** Several answers to one cell as one: what was measured, else the first reason. */
export function mergeCells(cells: readonly GuideCell[]): GuideCell {
  const findings = cells.flatMap((cell) => (cell.status === 'measured' ? cell.findings : []));
  if (findings.length > 0) return { status: 'measured', findings };
  return cells[0] ?? { status: 'not-measured', why: 'nothing to measure it with' };
}

export function figure(name: string, value: Figure['value'], unit = ''): Figure {
  return { name, value, unit };
}

export function perRequest(value: number | null): Figure['value'] {
  return value === null ? NONE : { kind: 'per-request', value };
}

export function nanoseconds(ns: number | null): Figure['value'] {
  return ns === null ? NONE : { kind: 'nanoseconds', ns };
}

export function factor(ratio: BlockRatio | null): Figure['value'] {
  if (ratio === null) return NONE;
  return { kind: 'factor', ratio: ratio.ratio, interval: ratio.interval, range: ratio.range };
}

/** What a documented cell is, for the notes of a table that has some. */
export const DOCUMENTED_NOTE =
  'documented: a fact from the source in [ ], not measured here; it would need a probe of its own.';

/** How factors are to be read, for the notes of a table that has some. */
export const FACTOR_NOTE =
  '× is a ratio paired within the blocks, [ ] its 95 % interval; ( ) the range over the blocks, where they are too few for one; without either it is of a single block.';

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
