import { describe, expect, test } from 'vitest';
import { type Row, rowTitle } from './rows.ts';
import type { SupportedRow } from './server.ts';

/**
 * Rows that are checked at the same time. Their servers have nothing to do with each other, and most of a
 * check is waiting: for a socket that stays full, for a timer of TCP.
 */
const LANES = 4;

/** The tests of each row in a group of its own, one after the other; a row that cannot run here is skipped with its reason. */
export function describeInLanes(rows: readonly Row[], describeRow: (row: SupportedRow) => void): void {
  for (let lane = 0; lane < LANES; lane++)
    describe.concurrent(`lane ${lane + 1} of ${LANES}`, () => {
      for (const row of rows.filter((_, i) => i % LANES === lane))
        describe(rowTitle(row), { sequential: true, skip: row.status === 'unsupported' }, () =>
          describeRowOf(row, describeRow),
        );
    });
}

function describeRowOf(row: Row, describeRow: (row: SupportedRow) => void): void {
  switch (row.status) {
    case 'supported':
      describeRow(row);
      return;
    case 'unsupported':
      test('runs here', () => undefined);
      return;
    case 'broken':
      test('compiles', () => expect.fail(row.reason));
  }
}
