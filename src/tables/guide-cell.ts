import type { GuideCell } from '../claims/guide-schema.ts';
import { text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';

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

/** What a documented cell is, for the notes of a table that has some. */
export const DOCUMENTED_NOTE = 'documented: a fact from the source in [ ], not measured here.';

/** How factors are to be read, for the notes of a table that has some. */
export const FACTOR_NOTE =
  '× is a ratio paired within the blocks, [ ] its 95 % interval; ( ) the range over the blocks, where they are too few for one; without either it is of a single block.';
