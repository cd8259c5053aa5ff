import { cellKey } from '../results/cells.ts';
import type { CellName } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import { matcherOf } from './selection.ts';

/**
 * `--allow-missing`: names and globs of models, or of cells as `model/workload` (`io_uring*,*\/c10k`). Throws
 * `UsageError` for an empty list.
 */
export function cellMatcher(list: string): (cell: CellName) => boolean {
  if (list.trim() === '') throw new UsageError('--allow-missing names nothing');
  // A model is all of its cells.
  const matches = matcherOf(list, (pattern) => (pattern.includes('/') ? pattern : `${pattern}/*`));
  return (cell) => matches(cellKey(cell));
}
