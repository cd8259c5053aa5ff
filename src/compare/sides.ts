import { workersSuffix } from '../config/workers.ts';
import type { CellName, Entry, RunResult } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';

/** What tells the rows of a run apart that are compared with each other. */
export const BY = ['model', 'server', 'label'] as const;
export type By = (typeof BY)[number];

/** Rows of one run as two sides, under labels that both have. */
export interface RowSides {
  readonly name: string;
  readonly base: RunResult;
  readonly current: RunResult;
}

/** A part of a run: the rows that `labels` names, under the labels that it gives them. */
export function rowsOf(run: RunResult, labels: ReadonlyMap<string, string>): RunResult {
  const chosen = <T extends Pick<CellName, 'label'>>(items: readonly T[]): T[] =>
    items.flatMap((item) => {
      const label = labels.get(item.label);
      return label === undefined ? [] : [{ ...item, label }];
    });
  const { record, trials } = run;
  const { settings } = record;
  const handicap = settings.handicap && {
    ...settings.handicap,
    labels: settings.handicap.labels.flatMap((label) => labels.get(label) ?? []),
  };
  return {
    ...run,
    record: {
      ...record,
      cells: chosen(record.cells),
      settings: { ...settings, entries: chosen(settings.entries), handicap },
    },
    trials: chosen(trials),
  };
}

/** One row of a run. Throws `UsageError` that names the rows where there is no such one. */
export function rowOf(run: RunResult, label: string, as: string = label): RunResult {
  const known = run.record.settings.entries.map((entry) => entry.label);
  if (!known.includes(label))
    throw new UsageError(`run ${run.record.runId} has no row ${label}; it has ${known.join(', ')}`);
  return rowsOf(run, new Map([[label, as]]));
}

/**
 * The rows of an interleaved run, two sides at a time.
 *
 * - `label`: every row against the reference of the run.
 * - `server`: of every model, its rows (variants, doubles) against the first of them: one pair of sides for each further
 *   kind of row, whose cells are the models. Servers that are none of ours count as one model: each against the first, which
 *   is how two builds of one server are compared.
 * - `model`: every model against that of the reference, among rows of the same variant.
 *
 * Throws `UsageError` where there is nothing to tell apart.
 */
export function sidesBy(run: RunResult, by: By): RowSides[] {
  const { entries, baseline } = run.record.settings;
  switch (by) {
    case 'label':
      return required(run, by, labelSides(run, entries, baseline));
    case 'server':
      return required(run, by, serverSides(run, entries));
    case 'model':
      return required(run, by, modelSides(run, entries, baseline));
  }
}

const NEEDS: Readonly<Record<By, string>> = {
  label: 'two rows',
  server:
    "a model in several rows (run --variant 'name=command', or a model named twice), or two servers of your own (run --server)",
  model: 'two models',
};

function required(run: RunResult, by: By, sides: RowSides[]): RowSides[] {
  if (sides.length > 0) return sides;
  throw new UsageError(`run ${run.record.runId} has nothing to compare --by ${by}: that needs ${NEEDS[by]}`);
}

function labelSides(run: RunResult, entries: readonly Entry[], reference: string): RowSides[] {
  if (!entries.some(({ label }) => label === reference)) return [];
  return entries
    .filter(({ label }) => label !== reference)
    .map(({ label }) => {
      const name = `${label} against ${reference}`;
      return { name, base: rowOf(run, reference, name), current: rowOf(run, label, name) };
    });
}

/** What tells a row from the others of its model: `.w4`, `@variant`, `#2`, or nothing. */
function kindOfRow({ label, model }: Entry): string {
  return label.startsWith(model) ? label.slice(model.length) : label;
}

/** A model with so many workers is another server than with fewer: its rows are compared with none of those. */
function serverOf({ model, workers }: Entry): string {
  return `${model}${workersSuffix(workers)}`;
}

/** The same without the workers. */
function kindOfServer(entry: Entry): string {
  const kind = kindOfRow(entry),
    suffix = workersSuffix(entry.workers);
  return kind.startsWith(suffix) ? kind.slice(suffix.length) : kind;
}

function serverSides(run: RunResult, entries: readonly Entry[]): RowSides[] {
  return [...variantSides(run, entries), ...foreignSides(run, entries)];
}

/** Servers that are none of ours, row by row of the same variant against the one that was named first. */
function foreignSides(run: RunResult, entries: readonly Entry[]): RowSides[] {
  const foreign = entries.filter(({ server }) => server !== undefined);
  const first = foreign[0]?.model;
  const others = [...new Set(foreign.map(({ model }) => model))].filter((model) => model !== first);
  return others.flatMap((model) =>
    first === undefined ? [] : (modelSide(run, foreign, { model, against: first }) ?? []),
  );
}

function variantSides(run: RunResult, entries: readonly Entry[]): RowSides[] {
  const servers = [...new Set(entries.map(serverOf))];
  const firsts = new Map(
    servers.map((server) => [server, entries.find((entry) => serverOf(entry) === server)]),
  );
  const others = entries.filter((entry) => firsts.get(serverOf(entry)) !== entry);
  const kinds = [...new Set(others.map(kindOfServer))];
  return kinds.map((kind) => {
    const current = others.filter((entry) => kindOfServer(entry) === kind);
    const base = current.flatMap((entry) => firsts.get(serverOf(entry)) ?? []);
    const named = (rows: readonly Entry[]) => new Map(rows.map((row) => [row.label, serverOf(row)]));
    const [first] = base;
    const against = first === undefined ? '' : kindOfServer(first).replace(/^@/, '') || 'the first row';
    return {
      name: `${kind.replace(/^@/, '')} against ${against}`,
      base: rowsOf(run, named(base)),
      current: rowsOf(run, named(current)),
    };
  });
}

function modelSides(run: RunResult, entries: readonly Entry[], reference: string): RowSides[] {
  const base = entries.find(({ label }) => label === reference)?.model ?? entries[0]?.model;
  const models = [...new Set(entries.map(({ model }) => model))].filter((model) => model !== base);
  return models.flatMap((model) =>
    base === undefined ? [] : (modelSide(run, entries, { model, against: base }) ?? []),
  );
}

/** Rows of two models, those of the same variant side by side; null where there are none. */
function modelSide(
  run: RunResult,
  entries: readonly Entry[],
  { model, against }: { readonly model: string; readonly against: string },
): RowSides | null {
  const name = `${model} against ${against}`;
  const sides = entries.flatMap((entry) => {
    const rival = entries.find((other) => other.model === against && kindOfRow(other) === kindOfRow(entry));
    return entry.model === model && rival !== undefined ? [{ entry, rival }] : [];
  });
  const named = (which: 'entry' | 'rival') =>
    new Map(sides.map((side) => [side[which].label, `${name}${kindOfRow(side.entry)}`]));
  if (sides.length === 0) return null;
  return { name, base: rowsOf(run, named('rival')), current: rowsOf(run, named('entry')) };
}
