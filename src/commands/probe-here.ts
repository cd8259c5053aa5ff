import { readEnvironment } from '../observe/environment.ts';
import { runProbes } from '../probes/run-probes.ts';
import { saveProbes } from '../probes/store.ts';
import type { StoredProbes } from '../probes/stored-schema.ts';
import { createCountProgress } from '../render/count-progress.ts';
import { newRunId } from '../results/run-id.ts';

/**
 * Runs all behaviour probes on this host, tells on stderr how far they are, and keeps what they observed under `outDir`. Aborted,
 * it rejects with the signal's reason.
 */
export async function probeHere(outDir: string, signal: AbortSignal): Promise<StoredProbes> {
  const measuredAt = new Date().toISOString();
  const progress = createCountProgress(process.stderr, 'probes');
  try {
    const observations = await runProbes({
      ids: 'all',
      signal,
      onProgress: ({ id, done, of }) => progress.update(done, of, id),
    });
    const probes: StoredProbes = {
      probesId: newRunId(measuredAt),
      measuredAt,
      environment: readEnvironment(),
      observations,
    };
    const file = await saveProbes(outDir, probes);
    process.stderr.write(`observations stored in ${file}\n`);
    return probes;
  } finally {
    progress.stop();
  }
}
