import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { cleaned } from './clean.ts';
import { type NoiseCertificate, noiseCertificateSchema } from './noise-schema.ts';
import { schemaId } from './schema-id.ts';
import { replaceFile, writing } from './store.ts';

/** Under the folder of the runs; it holds no run. */
export const NOISE_FOLDER = 'noise';

/** Keeps a certificate as `<outDir>/noise/<run id>.json`, and returns that path. */
export async function saveNoise(outDir: string, certificate: NoiseCertificate): Promise<string> {
  const folder = resolve(outDir, NOISE_FOLDER);
  await writing(folder, () => makeFolder(folder));
  const file = join(folder, `${certificate.runId}.json`);
  await replaceFile(file, `${JSON.stringify({ $schema: schemaId('noise'), ...certificate }, null, 1)}\n`);
  return file;
}

/**
 * The certificate to judge a run by: the newest of its host, one of its kernel before others, and one of the way of
 * judging before others. Null where there is none; files that are no certificate, or one of an older version, which
 * certified another way of judging, are passed over: a quotation is worth no error.
 * @param design of the comparison that quotes it.
 */
export async function findNoise(
  outDir: string,
  place: { readonly host?: string | null | undefined; readonly kernel: string },
  design: 'pairs' | 'runs',
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
  const fits = (certificate: NoiseCertificate) => Number(certificate[design] !== null);
  found.sort((a, b) => near(b) - near(a) || fits(b) - fits(a) || b.measuredAt.localeCompare(a.measuredAt));
  return found[0] ?? null;
}

function parseNoise(text: string): NoiseCertificate | null {
  try {
    const parsed = noiseCertificateSchema.safeParse(JSON.parse(text));
    return parsed.success ? cleaned(parsed.data) : null;
  } catch {
    return null;
  }
}
