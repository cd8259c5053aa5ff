import { buildProbes } from '../build/probes.ts';
import { readEnvironment } from '../observe/environment.ts';
import { listProbes, runProbes } from '../probes/run-probes.ts';
import { saveProbes } from '../probes/store.ts';
import type { StoredProbes } from '../probes/stored-schema.ts';
import { createCountProgress } from '../render/count-progress.ts';
import { newRunId } from '../results/run-id.ts';

/**
 * Runs behaviour probes on this host, tells on stderr how far they are, and keeps what they observed under `outDir`. Aborted,
 * it rejects with the signal's reason.
 */
export async function probeHere(
  outDir: string,
  ids: readonly string[] | 'all',
  signal: AbortSignal,
): Promise<StoredProbes> {
  const measuredAt = new Date().toISOString();
  const program = await buildProbes({ signal });
  const known = new Map((await listProbes({ signal, program })).map(({ id, values }) => [id, values]));
  const progress = createCountProgress(process.stderr, 'probes');
  try {
    const observations = await runProbes({
      ...{ ids, signal, program },
      onProgress: ({ id, done, of }) => progress.update(done, of, id),
    });
    const probes: StoredProbes = {
      probesId: newRunId(measuredAt),
      measuredAt,
      environment: readEnvironment(),
      observations: observations.map((observation) => ({
        ...observation,
        texts: Object.fromEntries((known.get(observation.probe) ?? []).map(({ name, text }) => [name, text])),
      })),
    };
    const file = await saveProbes(outDir, probes);
    process.stderr.write(`observations stored in ${file}\n`);
    return probes;
  } finally {
    progress.stop();
  }
}
