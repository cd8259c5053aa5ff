import { z } from 'zod';
import type { GuideFrequency } from '../claims/guide-schema.ts';
import { guideFrequencySchema } from '../claims/guide-schema.ts';
import { GUIDE_FREQUENCY } from '../claims/guide-text.ts';
import { type Table, text } from '../document/table.ts';
import type { FigureGroup } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { CounterSupport } from '../results/schema.ts';
import { type AuditSummary, auditSummarySchema, summarizeAudits } from '../summary/audit-summary.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import {
  cellValue,
  type FoundRow,
  figure,
  findRow,
  type GuideCell,
  type GuideRun,
  guideCellSchema,
  type LoadShape,
  nanoseconds,
  perRequest,
  SHAPES,
} from './guide-cell.ts';

/** Calls that are made less often than this per request are in the total only. */
const SHARE_MIN = 0.0005;

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
    const cell = (load: LoadShape) => frequencyCell(run, guide, load);
    return {
      guide,
      one: cell(SHAPES.one),
      example: cell(SHAPES.example),
      many: cell(SHAPES.many),
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

function frequencyCell(run: GuideRun, guide: GuideFrequency, load: LoadShape): GuideCell {
  const search = findRow(run, guide.model, load);
  if (search.status === 'not-here' && guide.limit !== undefined)
    return { ...search, why: `${guide.limit}: ${search.why}` };
  if (search.status !== 'found') return search;
  // The head of the column names the built-in workload.
  const about = search.workload.id === load.id ? '' : search.workload.id;
  return { status: 'measured', findings: [callsOf(search.row, about)] };
}

/** Calls per request in all and by name, with the CPU time that they are not the whole of. */
function callsOf(row: MeasuredRow, about: string): FigureGroup {
  const { server } = row;
  const names = Object.entries(server.syscallsPerRequestByName)
    .filter(([, count]) => count >= SHARE_MIN)
    .sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  const threads =
    findModel(row.model)?.tasks === 'per-connection' && server.threads !== null
      ? [figure('', { kind: 'count', value: server.threads }, 'threads')]
      : [];
  return {
    about,
    figures: [
      figure('', perRequest(server.syscallsPerRequest), 'calls/req'),
      ...names.map(([name, count]) => figure(name, perRequest(count))),
      figure('CPU', nanoseconds(server.cpuNsPerRequest), 'ns/req'),
      ...threads,
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
            `${guide.model}: the counters disagree, e.g. on ${syscall}: the server counts ${own}, ${counter} ${counted} (${why}).`,
        ),
      ...(failed > 0 ? [`${guide.model}: ${failed} of the audit trials with ${counter} failed.`] : []),
    ]),
  );
}

function unavailableNotes(counters: readonly CounterSupport[]): string[] {
  return counters
    .filter(({ available }) => !available)
    .map(({ counter, reason }) => `${counter} could not count here: ${reason ?? 'no reason given'}.`);
}
