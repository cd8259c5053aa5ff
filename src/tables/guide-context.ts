import { z } from 'zod';
import { MEASURED_CONTEXT } from '../claims/further/measured.ts';
import { type GuideEvidence, read } from '../claims/further/reading.ts';
import { withMeasured } from '../claims/further/with-measured.ts';
import { GUIDE_CONTEXT } from '../claims/guide.ts';
import { guideCellSchema, mechanismSchema } from '../claims/guide-schema.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { cellValue, DOCUMENTED_NOTE, FACTOR_NOTE } from './guide-cell.ts';

const contextCellSchema = z.object({ mechanism: mechanismSchema, guide: z.string(), here: guideCellSchema });

export const contextRowSchema = z
  .object({
    id: z.string(),
    metric: z.string(),
    claims: z.array(z.string()),
    correction: z.string().nullable(),
    cells: z.array(contextCellSchema),
  })
  .describe('a metric of the guide with what this host says to each mechanism');
export type ContextRow = ReadonlyDeep<z.infer<typeof contextRowSchema>>;
export type ContextCell = ReadonlyDeep<z.infer<typeof contextCellSchema>>;

/** Every metric of the guide's "io_uring vs epoll: Benchmark Context" against the run, costs and probes. */
export function guideContext(evidence: GuideEvidence): readonly ContextRow[] {
  return GUIDE_CONTEXT.map((row) => ({
    id: row.id,
    metric: row.metric,
    claims: row.claims,
    correction: row.correction,
    cells: mechanismSchema.options.flatMap((mechanism) => {
      const cell = row.cells[mechanism];
      if (cell === undefined) return [];
      const reading = withMeasured(cell.assertion, MEASURED_CONTEXT[row.id]?.[mechanism]);
      return [{ mechanism, guide: cell.guide, here: read(evidence, reading) }];
    }),
  }));
}

/** The guide's "io_uring vs epoll: Benchmark Context", with this host beside it. */
export function guideContextTable(rows: readonly ContextRow[]): Table {
  return {
    title: 'io_uring vs epoll, benchmark context: what the guide says, and this host',
    columns: [
      { key: 'metric', header: 'metric', align: 'left', priority: 0, wrap: true },
      { key: 'mechanism', header: '', align: 'left', priority: 0 },
      { key: 'guide', header: 'the guide', align: 'left', priority: 0, wrap: true },
      { key: 'here', header: 'this host', align: 'left', priority: 0, wrap: true },
    ],
    rows: rows.flatMap((row) =>
      row.cells.map(
        ({ mechanism, guide, here }, i): Row => ({
          metric: text(i === 0 ? row.metric : '', 'strong'),
          mechanism: text(mechanism),
          guide: text(`“${guide}”`),
          here: cellValue(here),
        }),
      ),
    ),
    notes: [
      ...rows.flatMap(({ metric, correction }) => (correction === null ? [] : [`${metric}: ${correction}`])),
      ...idleNotes(rows),
      DOCUMENTED_NOTE,
      FACTOR_NOTE,
    ],
  };
}

/** Of a comparison of two workloads, which differ in more than their idle connections; not of a sweep. */
function idleNotes(rows: readonly ContextRow[]): string[] {
  const byIdle = new Set(
    GUIDE_CONTEXT.filter(({ cells }) =>
      Object.values(cells).some(({ assertion }) => assertion.kind === 'idle-cost'),
    ).map(({ id }) => id),
  );
  return rows
    .filter(({ id, cells }) => byIdle.has(id) && cells.some(({ here }) => isFactor(here)))
    .map(
      ({ metric }) =>
        `${metric}: two workloads are compared, which shows a direction; they differ in how many events share a wakeup as well. The slope over idle connections is fitted by iomodels-bench scale.`,
    );
}

function isFactor(cell: ContextCell['here']): boolean {
  return (
    cell.status === 'measured' &&
    cell.findings.some(({ figures }) => figures.some(({ value }) => value.kind === 'factor'))
  );
}
