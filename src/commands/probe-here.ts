import { buildProbes } from '../build/probes.ts';
import { readEnvironment } from '../observe/environment.ts';
import { listProbes, runProbes } from '../probes/run-probes.ts';
import type { Observation, ProbeInfo } from '../probes/schema.ts';
import { saveProbes } from '../probes/store.ts';
import type { StoredProbes } from '../probes/stored-schema.ts';
import { createCountProgress } from '../render/count-progress.ts';
import { newRunId } from '../results/run-id.ts';
import type { Environment } from '../results/schema.ts';

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
  const known = await listProbes({ signal, program });
  const progress = createCountProgress(process.stderr, 'probes');
  try {
    const observations = await runProbes({
      ...{ ids, signal, program, known },
      onProgress: ({ id, done, of }) => progress.update(done, of, id),
    });
    const probesId = newRunId(measuredAt);
    return await storeProbes(outDir, {
      ...{ probesId, measuredAt, observations, known },
      environment: readEnvironment(),
    });
  } finally {
    progress.stop();
  }
}

export interface Observed extends Pick<StoredProbes, 'probesId' | 'measuredAt'> {
  readonly environment: Environment;
  readonly observations: readonly Observation[];
  /** What there is, for what each value says. */
  readonly known: readonly ProbeInfo[];
}

/** Keeps observations under `outDir`, and tells on stderr where. */
export async function storeProbes(
  outDir: string,
  { observations, known, ...observed }: Observed,
): Promise<StoredProbes> {
  const valuesOf = new Map(known.map(({ id, values }) => [id, values]));
  const probes: StoredProbes = {
    ...observed,
    observations: observations.map((observation) => ({
      ...observation,
      texts: Object.fromEntries(
        (valuesOf.get(observation.probe) ?? []).map(({ name, text }) => [name, text]),
      ),
    })),
  };
  const file = await saveProbes(outDir, probes);
  process.stderr.write(`observations stored in ${file}\n`);
  return probes;
}
