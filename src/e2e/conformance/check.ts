import { expect, test } from 'vitest';
import type { ModelSpec } from '../../models/spec.ts';
import { LaunchError } from '../../server/launch.ts';
import { withPatience } from '../libc/patience.ts';
import type { SupportedRow } from './server.ts';

/** Every check of the conformance suite by the name that `expectedFailures` of a row has for it. */
export const CHECK_IDS = [
  'single-bytes',
  'messages',
  'at-once',
  'slow-reader',
  'half-close',
  'reset',
  'mixture',
  'churn',
  'idle',
  'signals',
  'counters',
  'urgent',
  'stop-under-load',
  'bytes-out-stop',
  'bytes-out-reset',
  'conns-max',
  'conns-max-host',
  'conns-max-files',
  'files-limit',
  'interrupted-wait',
  'out-of-descriptors',
  'out-of-threads',
  'accept-errors',
  'syscalls',
  'handicap',
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

/** How long a server that is to fail may stand still until it has. */
const IMPATIENT_MS = 700;

/** Some mistakes show by chance: when the server looks before the next bytes are there. So often it is given the chance. */
const FAILURE_TRIES = 5;

/** Whether a row says that it fails a check. */
export function isExpectedToFail(model: Pick<ModelSpec, 'expectedFailures'>, id: CheckId): boolean {
  return model.expectedFailures.includes(id);
}

/** A test of a row: the check holds, or the row says that it fails it, and then it must not hold. */
export function testCheck(
  { model }: Pick<SupportedRow, 'model'>,
  id: CheckId,
  { title, check }: { readonly title: string; readonly check: () => Promise<void> },
): void {
  if (isExpectedToFail(model, id))
    test(`fails as declared (${id}): ${title}`, () => expectFailure(id, check));
  else test(title, check);
}

async function expectFailure(id: CheckId, check: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < FAILURE_TRIES; tries++) {
    const failure = await withPatience(IMPATIENT_MS, check).then(
      () => null,
      (error: unknown) => error,
    );
    // A server that does not come up is another failure than the one that was declared.
    if (failure instanceof LaunchError) throw failure;
    if (failure !== null) return;
  }
  expect.fail(`the row declares in expectedFailures that it fails ${id}, and it passes`);
}

/** As many of these connections as a row echoes to at the same time. */
export function connectionsFit(model: ModelSpec, wanted: number): number {
  const bounds = model.unfit.flatMap((one) => ('connectionsOver' in one ? [one.connectionsOver] : []));
  return Math.min(wanted, model.connectionsMax ?? wanted, ...bounds);
}
