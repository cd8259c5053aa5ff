import { z } from 'zod';
import { MEASURED_NUMBERS } from '../claims/further/measured.ts';
import { type GuideEvidence, read } from '../claims/further/reading.ts';
import { withMeasured } from '../claims/further/with-measured.ts';
import { GUIDE_KEY_NUMBERS } from '../claims/guide.ts';
import { guideCellSchema, guideKeyNumberSchema } from '../claims/guide-schema.ts';
import type { Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { cellValue, DOCUMENTED_NOTE, FACTOR_NOTE } from './guide-cell.ts';

export const keyNumberRowSchema = z
  .object({ guide: guideKeyNumberSchema, here: guideCellSchema })
  .describe('a key number of the guide with what this host says to it');
export type KeyNumberRow = ReadonlyDeep<z.infer<typeof keyNumberRowSchema>>;

/** Every key number of the guide against the run, costs and probes. */
export function keyNumbers(evidence: GuideEvidence): readonly KeyNumberRow[] {
  return GUIDE_KEY_NUMBERS.map(({ assertion, ...guide }) => ({
    guide,
    here: read(evidence, withMeasured(assertion, MEASURED_NUMBERS[guide.id])),
  }));
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
