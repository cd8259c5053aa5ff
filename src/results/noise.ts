import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { environmentSchema, SCHEMA_VERSION } from './schema.ts';
import { replaceFile, writing } from './store.ts';

/** Under the folder of the runs; it holds no run. */
export const NOISE_FOLDER = 'noise';

const count = z.number().int().nonnegative();
const share = z.number().nonnegative();
/** Over the cells: of the middle one, and of the worst. */
const overCells = z.object({ median: share, max: share });

/** What comparing equals said. */
const alarmsSchema = z.object({
  comparisons: count.describe('of one metric of one cell'),
  falseAlarms: count.describe('of these called regressed or improved'),
  inconclusive: count,
});

/**
 * A noise certificate: what `compare` makes of differences that are none, on this machine, and the
 * smallest that it could see. Shares: 0.05 is 5 %.
 */
export const noiseCertificateSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  runId: z.string().describe('the A/A run that it was made of'),
  measuredAt: z.string(),
  tool: z.object({ name: z.string(), version: z.string() }),
  environment: environmentSchema,
  blocks: count.describe('on each side of every comparison'),
  durationMs: share,
  models: z.array(z.string()),
  workloads: z.array(z.string()),
  together: z
    .object({ splits: count, alarmed: count.describe('splits with any false alarm') })
    .describe('both sides from the same blocks: the labels are dealt anew in each split'),
  apart: z
    .object({ blocks: count, alarmed: z.boolean() })
    .nullable()
    .describe('the first half of the blocks against the second; null: too few blocks'),
  metrics: z.array(
    z.object({
      metric: z.string().describe('MetricId of stats/compare-result.ts'),
      threshold: share,
      together: alarmsSchema,
      apart: alarmsSchema,
      halfWidth: overCells.nullable().describe('of the 95 % interval of the change'),
      detectable: overCells
        .nullable()
        .describe('the smallest change that compare would call in 4 of 5 runs; null: none'),
    }),
  ),
  cells: z.array(
    z.object({
      label: z.string(),
      workload: z.string(),
      metric: z.string(),
      together: alarmsSchema,
      halfWidth: share.nullable(),
      detectable: share.nullable(),
    }),
  ),
});

export type NoiseCertificate = z.infer<typeof noiseCertificateSchema>;

/** Keeps a certificate as `<outDir>/noise/<run id>.json`, and returns that path. */
export async function saveNoise(outDir: string, certificate: NoiseCertificate): Promise<string> {
  const folder = resolve(outDir, NOISE_FOLDER);
  await writing(folder, () => mkdir(folder, { recursive: true }));
  const file = join(folder, `${certificate.runId}.json`);
  await replaceFile(file, `${JSON.stringify(certificate, null, 1)}\n`);
  return file;
}

/**
 * The certificate to judge a run by: the newest of its host, one of its kernel before others. Null where
 * there is none; files that are no certificate are passed over, for a quotation is worth no error.
 */
export async function findNoise(
  outDir: string,
  place: { readonly host?: string | null | undefined; readonly kernel: string },
): Promise<NoiseCertificate | null> {
  const folder = resolve(outDir, NOISE_FOLDER);
  const names = await readdir(folder).catch(() => [] as string[]);
  const found: NoiseCertificate[] = [];
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const certificate = parseNoise(await readFile(join(folder, name), 'utf8').catch(() => ''));
    if (certificate && (certificate.environment.host ?? null) === (place.host ?? null))
      found.push(certificate);
  }
  const near = (certificate: NoiseCertificate) => Number(certificate.environment.kernel === place.kernel);
  found.sort((a, b) => near(b) - near(a) || b.measuredAt.localeCompare(a.measuredAt));
  return found[0] ?? null;
}

function parseNoise(text: string): NoiseCertificate | null {
  try {
    const parsed = noiseCertificateSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
