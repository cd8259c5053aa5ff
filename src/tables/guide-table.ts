import { z } from 'zod';
import { type GuideEvidence, read } from '../claims/further/reading.ts';
import type { GuideTable } from '../claims/further/table.ts';
import { type GuideCell, guideCellSchema } from '../claims/guide-schema.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { cellValue, DOCUMENTED_NOTE, FACTOR_NOTE } from './guide-cell.ts';

export const guideTableSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    rows: z.array(
      z.object({
        id: z.string(),
        claims: z.array(z.string()).describe('ids in the catalogue of its claims'),
        guide: z.record(z.string(), z.string()).describe('what the guide says, by column'),
        here: z.record(z.string(), guideCellSchema).describe('what this host says, by column'),
        correction: z.string().nullable(),
      }),
    ),
  })
  .describe('a table of the guide with what this host says beside it');
export type GuideTableResult = ReadonlyDeep<z.infer<typeof guideTableSchema>>;

/** A table of the guide against the evidence. */
export function answerTable({ id, title, rows }: GuideTable, evidence: GuideEvidence): GuideTableResult {
  return {
    id,
    title,
    rows: rows.map(({ id: row, claims, guide, here, correction }) => ({
      id: row,
      claims,
      guide,
      here: Object.fromEntries(Object.entries(here).map(([key, reading]) => [key, read(evidence, reading)])),
      correction,
    })),
  };
}

/** The same for people. The first column of the guide names the row; the others are what it says, in quotes. */
export function guideTable(spec: GuideTable, result: GuideTableResult): Table {
  const cells = result.rows.flatMap(({ here }) => Object.values(here));
  const [first, ...others] = spec.guide;
  const wrapped = (columns: GuideTable['guide'], priorityOf: (place: number) => number): Column[] =>
    columns.map(({ key, header }, i) => ({
      ...{ key, header, align: 'left', priority: priorityOf(i), wrap: true },
    }));
  return {
    title: `${spec.title}: what the guide says, and this host`,
    columns: [
      ...wrapped(first === undefined ? [] : [first], () => 0),
      // Of this host the first column stays longest.
      ...wrapped(others, (i) => spec.here.length + i),
      ...wrapped(spec.here, (i) => i),
    ],
    rows: result.rows.map(
      (row): Row => ({
        ...Object.fromEntries(
          spec.guide.map(({ key }, i) => {
            const says = row.guide[key] ?? '';
            return [key, i === 0 ? text(says, 'strong') : text(says === '' ? '' : `“${says}”`)];
          }),
        ),
        ...Object.fromEntries(Object.entries(row.here).map(([key, cell]) => [key, cellValue(cell)])),
      }),
    ),
    notes: [
      ...result.rows.flatMap((row) =>
        row.correction === null ? [] : [`${nameOf(spec, row)}: ${row.correction}`],
      ),
      ...(spec.notes ?? []),
      ...(cells.some(({ status }) => status === 'documented') ? [DOCUMENTED_NOTE] : []),
      ...(cells.some(isFactor) ? [FACTOR_NOTE] : []),
    ],
  };
}

/** Of rows that go on under the name of one before, the next thing that the guide says. */
function nameOf({ guide, here }: GuideTable, row: GuideTableResult['rows'][number]): string {
  const model = here.some(({ key }) => key === 'model') ? row.id : null;
  return (
    model ??
    guide.map(({ key }) => row.guide[key] ?? '').find((says) => says !== '' && says.length < NAME_MAX) ??
    row.id
  );
}

const NAME_MAX = 100;

function isFactor(cell: GuideCell): boolean {
  return (
    cell.status === 'measured' &&
    cell.findings.some(({ figures }) => figures.some(({ value }) => value.kind === 'factor'))
  );
}
