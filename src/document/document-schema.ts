import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { chartSchema } from './chart-schema.ts';
import { valueSchema } from './value-schema.ts';

const columnSchema = z.object({
  key: z.string(),
  header: z.string().describe('one or two lines'),
  align: z.enum(['left', 'right']),
  priority: z
    .number()
    .describe('0 is always shown; where the width does not suffice, the highest goes first'),
  wrap: z
    .boolean()
    .optional()
    .describe('holds text that may go on in a further line of the cell; before that, no column is left out'),
});

const rowSchema = z
  .record(z.string(), valueSchema)
  .describe('by column key; a key that is missing is an empty cell');

const tableSchema = z
  .object({
    title: z.string(),
    columns: z.array(columnSchema),
    rows: z.array(rowSchema),
    notes: z.array(z.string()).describe('sentences that belong under the table'),
  })
  .describe('what a table says, before it is a text');

export const documentFindingSchema = z.object({
  status: z
    .enum(['ok', 'info', 'warning', 'problem'])
    .describe(
      'ok: as it should be. info: nothing is wrong, but know it when you read the numbers. warning: the ' +
        'numbers are worse than they could be. problem: something cannot be measured here',
    ),
  title: z.string(),
  value: z.string(),
  meaning: z.string().describe('for the numbers'),
  fix: z
    .string()
    .nullable()
    .describe('the exact command that would change it; null: nothing to change, or no command can'),
});

const partSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('table'), table: tableSchema }),
  z.object({ kind: z.literal('chart'), chart: chartSchema }),
  z
    .object({ kind: z.literal('findings'), findings: z.array(documentFindingSchema) })
    .describe('what was found about something, with what it means and the command that would change it'),
  z.object({ kind: z.literal('notes'), lines: z.array(z.string()).describe('sentences, a line each') }),
  z
    .object({ kind: z.literal('heading'), text: z.string() })
    .describe('what the parts up to the next heading are about'),
  z
    .object({ kind: z.literal('commands'), lines: z.array(z.string()) })
    .describe('commands for a shell, to be copied as they are'),
]);

export const documentSchema = z.object({
  title: z.string().describe('empty where the only part says it all'),
  status: z.string().describe('behind the title, such as that the run was interrupted; empty: nothing'),
  facts: z.array(z.string()).describe('where and how it was measured: a line each'),
  parts: z.array(partSchema),
  warnings: z
    .array(z.string())
    .describe('the numbers stand, but these must be read with them; repetitions are shown once'),
  conclusion: z
    .string()
    .nullable()
    .describe('what it all comes to, in a sentence; null: the parts are all there is'),
});

export type Column = ReadonlyDeep<z.infer<typeof columnSchema>>;
export type Row = ReadonlyDeep<z.infer<typeof rowSchema>>;
export type Table = ReadonlyDeep<z.infer<typeof tableSchema>>;
export type DocumentFinding = ReadonlyDeep<z.infer<typeof documentFindingSchema>>;
export type Part = ReadonlyDeep<z.infer<typeof partSchema>>;
/**
 * What a command has to say, before it is a text: `reports/` makes it of data, `render/` writes it for a
 * terminal, as markdown or as JSON.
 */
export type Document = ReadonlyDeep<z.infer<typeof documentSchema>>;
