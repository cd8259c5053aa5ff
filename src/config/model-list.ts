import type { ModelSpec } from '../models/spec.ts';
import { type Selection, select } from './selection.ts';

/** What `--models` of a command that measures takes, for its help. */
export const MODEL_LIST =
  "models or globs, separated by commas; a glob takes the guide's own samples only where it says guide";

/**
 * `--models` resolved against rows of the registry. Rows that are known to fail checks, which are the guide's own samples, are
 * no rivals of the others: a glob takes them only where it says so (`*-guide*`), and a name always does.
 */
export function selectModels(
  list: string,
  models: readonly Pick<ModelSpec, 'id' | 'expectedFailures'>[],
): Selection {
  return select(
    list,
    models.map(({ id }) => id),
    'model',
    {
      names: models.filter(({ expectedFailures }) => expectedFailures.length > 0).map(({ id }) => id),
      word: 'guide',
      why: "the guide's own samples with their mistakes",
    },
  );
}
