import { type FileHandle, open, stat } from 'node:fs/promises';

/** Of a console, from its end on. */
const BYTES_READ_MAX = 64 * 1024;

/** Bytes that a console has so far; 0 where it cannot be read. */
export function consoleBytes(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * The end of a console, with what terminals and serial lines have in it left out; empty where it cannot be read.
 * @param from leaves out so many bytes at its beginning.
 */
export async function readConsole(path: string, from = 0): Promise<string> {
  let file: FileHandle | null = null;
  try {
    file = await open(path);
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, Math.min(size - from, BYTES_READ_MAX)));
    await file.read(bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').replaceAll('\r', '');
  } catch {
    return '';
  } finally {
    await file?.close();
  }
}
