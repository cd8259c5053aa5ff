import { z } from 'zod';
import { check } from '../claims/checkers.ts';
import { type FoundRow, findRow, type GuideRun, SHAPES, type ShapeId } from '../claims/evidence.ts';
import { GUIDE_FREQUENCY } from '../claims/guide.ts';
import { guideCellSchema, guideFrequencySchema } from '../claims/guide-schema.ts';
import type { Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { InstrumentSupport } from '../results/schema.ts';
import { type AuditSummary, auditSummarySchema, summarizeAudits } from '../summary/audit-summary.ts';
import { cellValue } from './guide-cell.ts';

export const frequencyRowSchema = z
  .object({
    guide: guideFrequencySchema,
    one: guideCellSchema.describe('one connection, one request in flight'),
    example: guideCellSchema.describe("the guide's example: 10,000 connections, 1 % active"),
    many: guideCellSchema.describe('every connection has a request in flight'),
    audits: z
      .array(auditSummarySchema)
      .describe(
        "the servers' own counts are what the cells show; these checked them, in trials of their own",
      ),
    warnings: z.array(z.string()).describe('of the trials'),
  })
  .describe('a row of “Call Frequency by Model” with what this host says to it');
export type FrequencyRow = ReadonlyDeep<z.infer<typeof frequencyRowSchema>>;

/** Every row of the guide against the run. */
export function callFrequency(run: GuideRun): readonly FrequencyRow[] {
  return GUIDE_FREQUENCY.map((guide) => {
    const searches = [SHAPES.one, SHAPES.example, SHAPES.many].map((load) => findRow(run, guide.model, load));
    const found = searches.flatMap((search) => (search.status === 'found' ? [search] : []));
    const { model, limit } = guide;
    const cell = (load: ShapeId) =>
      check(run, { kind: 'calls-per-request', model, load, ...(limit === undefined ? {} : { limit }) });
    return {
      guide,
      one: cell('one'),
      example: cell('example'),
      many: cell('many'),
      audits: auditsOf(run, found),
      warnings: [...new Set(found.flatMap(({ row }) => row.warnings))],
    };
  });
}

/** The guide's "Call Frequency by Model", with this host beside it. */
export function callFrequencyTable(rows: readonly FrequencyRow[], run: GuideRun): Table {
  const { counters } = run.result.record;
  return {
    title:
      'Call frequency by model: what the guide says, and system calls per request on this host (ping-pong, c10k, many-connections)',
    columns: [
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'guide', header: 'the guide', align: 'left', priority: 1, wrap: true },
      { key: 'one', header: '1 open,\n1 active', align: 'left', priority: 0, wrap: true },
      { key: 'example', header: '10,000 open,\n1 % active', align: 'left', priority: 0, wrap: true },
      { key: 'many', header: '200 open,\nall active', align: 'left', priority: 0, wrap: true },
      { key: 'counter', header: 'counted by;\naudits', align: 'left', priority: 2, wrap: true },
    ],
    rows: rows.map((row) => ({
      model: text(row.guide.model, 'strong'),
      guide: text(`“${row.guide.calls}”\n10k: “${row.guide.example}”`),
      one: cellValue(row.one),
      example: cellValue(row.example),
      many: cellValue(row.many),
      counter: text(counterText(row)),
    })),
    notes: [
      ...rows.map((row) => `${row.guide.model}: ${row.guide.correction}`),
      ...rows.flatMap((row) => row.warnings.map((warning) => `${row.guide.model}, measured: ${warning}`)),
      ...disagreementNotes(rows),
      ...unavailableNotes(counters),
    ],
  };
}

/** The audits of the cells of a row, added up by counter. */
function auditsOf({ result }: GuideRun, found: readonly FoundRow[]): readonly AuditSummary[] {
  const all = found.flatMap(({ row, workload }) =>
    summarizeAudits(result, { label: row.label, workload: workload.id }),
  );
  const counters = [...new Set(all.map(({ counter }) => counter))];
  return counters.map((counter) => {
    const own = all.filter((audit) => audit.counter === counter);
    const sum = (key: 'trials' | 'agreeing' | 'failed') =>
      own.reduce((total, audit) => total + audit[key], 0);
    return {
      counter,
      trials: sum('trials'),
      agreeing: sum('agreeing'),
      failed: sum('failed'),
      disagreements: own.flatMap(({ disagreements }) => disagreements),
    };
  });
}

function counterText({ audits, one, example, many }: FrequencyRow): string {
  if ([one, example, many].every((cell) => cell.status !== 'measured')) return '-';
  const checked = audits.filter(({ trials }) => trials > 0);
  if (checked.length === 0) return 'the server; not audited (run --audit)';
  const texts = checked.map(({ counter, trials, agreeing }) =>
    agreeing === trials
      ? `${counter} agrees, ${agreeing}/${trials}`
      : `${counter} disagrees, ${trials - agreeing}/${trials}`,
  );
  return ['the server', ...texts].join('\n');
}

function disagreementNotes(rows: readonly FrequencyRow[]): string[] {
  return rows.flatMap(({ guide, audits }) =>
    audits.flatMap(({ counter, disagreements, failed }) => [
      ...disagreements
        .slice(0, 1)
        .map(
          ({ syscall, own, counted, why }) =>
            `${guide.model}: the counts disagree, e.g. on ${syscall}: the server counts ${own}, ${counter} ${counted} (${why}).`,
        ),
      ...(failed > 0 ? [`${guide.model}: ${failed} of the audit trials with ${counter} failed.`] : []),
    ]),
  );
}

function unavailableNotes(counters: readonly InstrumentSupport[]): string[] {
  return counters
    .filter(({ available }) => !available)
    .map(({ counter, reason }) => `${counter} could not count here: ${reason ?? 'no reason given'}.`);
}
