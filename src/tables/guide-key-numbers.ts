import { z } from 'zod';
import type { GuideKeyNumber, KeyNumberMeasure } from '../claims/guide-schema.ts';
import { guideKeyNumberSchema } from '../claims/guide-schema.ts';
import { GUIDE_KEY_NUMBERS } from '../claims/guide-text.ts';
import { type Table, text } from '../document/table.ts';
import type { Figure } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import {
  cellValue,
  DOCUMENTED_NOTE,
  FACTOR_NOTE,
  figure,
  findRow,
  type GuideCell,
  type GuideRun,
  guideCellSchema,
  measuredIn,
  SHAPES,
} from './guide-cell.ts';
import { ratioCell } from './guide-context.ts';

export const keyNumberRowSchema = z
  .object({ guide: guideKeyNumberSchema, here: guideCellSchema })
  .describe('a key number of the guide with what this host says to it');
export type KeyNumberRow = ReadonlyDeep<z.infer<typeof keyNumberRowSchema>>;

/** Every key number of the guide against the run. */
export function keyNumbers(run: GuideRun): readonly KeyNumberRow[] {
  return GUIDE_KEY_NUMBERS.map((guide) => ({ guide, here: answer(run, guide) }));
}

/** The guide's "Key Numbers", with this host beside it. */
export function keyNumbersTable(rows: readonly KeyNumberRow[]): Table {
  return {
    title: 'Key numbers: what the guide says, and this host',
    columns: [
      { key: 'number', header: 'the guide', align: 'right', priority: 0 },
      { key: 'meaning', header: '', align: 'left', priority: 0, wrap: true },
      { key: 'here', header: 'this host', align: 'left', priority: 0, wrap: true },
    ],
    rows: rows.map(({ guide, here }) => ({
      number: text(`“${guide.number}”`, 'strong'),
      meaning: text(guide.meaning),
      here: cellValue(here),
    })),
    notes: [
      ...rows.flatMap(({ guide }) =>
        guide.correction === null ? [] : [`“${guide.number}” (${guide.meaning}): ${guide.correction}`],
      ),
      DOCUMENTED_NOTE,
      FACTOR_NOTE,
    ],
  };
}

function answer(run: GuideRun, { answer: kind }: GuideKeyNumber): GuideCell {
  switch (kind.kind) {
    case 'measure':
      return measure(run, kind.measure);
    case 'documented':
      return { status: 'documented', ...kind.documented, here: null };
    case 'cost':
      return { status: 'not-measured', why: 'arrives with the cost measurements' };
  }
}

function measure(run: GuideRun, what: KeyNumberMeasure): GuideCell {
  switch (what) {
    case 'fd-setsize':
      return connectionsCell(run, 'select', 'mostly-idle');
    case 'epoll-connections':
      return connectionsCell(run, 'epoll-lt', 'c10k');
    case 'ratio':
      return ratioCell(run);
  }
}

/** Fewer connections than this say nothing of how many can be held. */
const HELD_MIN = 1000;

/** How many connections one server held at once, and where its program ends. */
function connectionsCell(run: GuideRun, model: string, workload: string): GuideCell {
  const counts = run.summary.workloads.flatMap((group) =>
    measuredIn(group, model).map((found) => found.workload.connections),
  );
  const held = Math.max(0, ...counts);
  if (held < HELD_MIN) {
    const search = findRow(run, model, SHAPES.many);
    if (search.status === 'not-here') return search;
    return { status: 'not-measured', why: `run --models ${model} --workloads ${workload}` };
  }
  const limit = findModel(model)?.connectionsMax ?? null;
  const ends: Figure[] =
    limit === null ? [] : [figure('its server takes at most', { kind: 'count', value: limit })];
  const figures = [figure('held', { kind: 'count', value: held }, 'connections at once'), ...ends];
  return { status: 'measured', findings: [{ about: model, figures }] };
}
