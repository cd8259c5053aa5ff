import { join, resolve } from 'node:path';
import { z } from 'zod';
import { buildProbes } from '../../build/probes.ts';
import { makeFolder } from '../../host/make-folder.ts';
import { listProbes, runProbes } from '../../probes/run-probes.ts';
import { observationSchema } from '../../probes/schema.ts';
import { createCountProgress } from '../../render/count-progress.ts';
import { newRunId } from '../../results/run-id.ts';
import { environmentSchema } from '../../results/schema.ts';
import { replaceFile, writing } from '../../results/store.ts';

/** Under the folder of the runs; it holds no run. */
const PROBES_FOLDER = 'probes';

/** What probes observed, as it is kept. */
export const probesFileSchema = z.object({
  observations: z.array(observationSchema.extend({ texts: z.record(z.string(), z.string()).optional() })),
  measuredAt: z.string(),
  environment: environmentSchema,
});
export type ProbesFile = z.infer<typeof probesFileSchema>;

/** Runs probes on this machine, and tells on stderr how far it is. What a value means comes with it. */
export async function probesHere(
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ProbesFile['observations']> {
  const program = await buildProbes({ signal });
  const known = await listProbes({ signal, program });
  const textsOf = (id: string) =>
    Object.fromEntries(
      known
        .filter((info) => info.id === id)
        .flatMap(({ values }) => values.map(({ name, text }) => [name, text])),
    );
  const progress = createCountProgress(process.stderr, 'probes');
  try {
    const observations = await runProbes({
      ...{ ids, signal, program },
      onProgress: ({ done, of, id }) => progress.update(done, of, id),
    });
    return observations.map((observation) => ({ ...observation, texts: textsOf(observation.probe) }));
  } finally {
    progress.stop();
  }
}

/** Keeps observations as `<outDir>/probes/<id>.json`, and returns that path. */
export async function saveProbes(outDir: string, kept: ProbesFile): Promise<string> {
  const folder = resolve(outDir, PROBES_FOLDER);
  await writing(folder, () => makeFolder(folder));
  const file = join(folder, `${newRunId(kept.measuredAt)}.json`);
  await replaceFile(file, `${JSON.stringify(kept, null, 1)}\n`);
  return file;
}
