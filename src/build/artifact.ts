import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';

/** Where the checksum of a compiled file is kept. */
function checksumPath(path: string): string {
  return `${path}.sha256`;
}

/** Whether a compiled file is what the compiler wrote: there, and with the checksum that was kept beside it. */
export async function isIntact(path: string): Promise<boolean> {
  const [bytes, kept] = await Promise.all([readOrNull(path), readOrNull(checksumPath(path))]);
  return bytes !== null && kept !== null && kept.toString('latin1').trim() === checksumOf(bytes);
}

/**
 * Puts a freshly compiled file in its place, with its checksum beside it. Others see all of it or nothing;
 * where two do it at once and their files differ, the next one who looks compiles again.
 */
export async function keepArtifact(partial: string, path: string): Promise<void> {
  const checksum = `${checksumPath(path)}.${process.pid}`;
  await writeFile(checksum, `${checksumOf(await readFile(partial))}\n`);
  await rename(checksum, checksumPath(path));
  await rename(partial, path);
}

function checksumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readOrNull(path: string): Promise<Buffer | null> {
  return readFile(path).catch(() => null);
}
