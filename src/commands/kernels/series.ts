import type { BootOutcome, SeriesBoot } from '../../boots/series.ts';
import { hasFailures } from '../../run.ts';
import { EnvironmentError, TrialsFailedError } from '../../util/errors.ts';
import { counted } from '../../util/units.ts';
import { write } from '../output.ts';

/** Ends the command as the boots went, once everything is printed. */
export function endAsBooted(outcomes: readonly BootOutcome[]): void {
  const broken = outcomes.filter((boot) => 'error' in boot);
  if (broken.length === outcomes.length)
    throw new EnvironmentError(`no boot of ${outcomes.length} went well; see above`);
  if (broken.length > 0)
    throw new TrialsFailedError(`${broken.length} of ${counted(outcomes.length, 'boot')} broke; see above`);
  if (outcomes.some((boot) => 'result' in boot && hasFailures(boot.result)))
    throw new TrialsFailedError('not every trial went well; see the notes above');
}

/** What would be booted, in the order in which it would be. */
export async function printBoots(
  planned: readonly SeriesBoot[],
  options: { readonly json?: boolean },
): Promise<void> {
  const boots = planned.map(({ kernel, smp, boot }) => ({
    release: kernel.release,
    image: kernel.path,
    smp,
    boot,
  }));
  if (options.json) return write(`${JSON.stringify({ boots }, null, 1)}\n`);
  for (const [i, { release, image, smp, boot }] of boots.entries())
    await write(`${i + 1}  Linux ${release} (${image}), ${counted(smp, 'CPU')}, boot ${boot + 1}\n`);
}
