import { whyUncounted } from '../observe/uncounted.ts';
import type { RunResult } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';

/** What an event is called in a sentence. */
const NAMES: Readonly<Record<string, string>> = {
  instructionsUser: 'instructions in user space',
  instructionsKernel: 'instructions in the kernel',
  cycles: 'cycles',
  cacheMisses: 'cache misses',
};

/** Why the CPU's own counters are not among the numbers of a run, once for all of its rows; empty: they are. */
export function hardwareNotes({ record, trials }: RunResult): readonly string[] {
  const ofTrials = trials.flatMap((trial) =>
    trial.status === 'failed' ? [] : Object.entries(trial.observation.server.hardware?.uncounted ?? {}),
  );
  const whys = [...Object.entries(record.uncountedEvents), ...ofTrials];
  return [...groupBy(whys, ([, why]) => why)].map(([why, found]) => {
    const { reason, fix } = whyUncounted(why, record.environment);
    const events = [...new Set(found.map(([event]) => event))];
    const all = events.length === Object.keys(NAMES).length;
    const what = all ? 'hardware counters' : events.map((event) => NAMES[event] ?? event).join(', ');
    return `No ${what}: ${reason}${fix === null ? '' : `; to allow them: ${fix}`}.`;
  });
}
