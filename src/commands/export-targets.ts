import { access, constants, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Exporter } from '../export/exporter.ts';
import { makeFolder } from '../host/make-folder.ts';
import { isWrittenThrough } from '../host/write-file.ts';
import { replaceFile } from '../results/store.ts';
import { codeOf, EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import { write } from './output.ts';

const ELSEWHERE = 'export to another path';
const STDOUT = '/dev/stdout';
/** As it is called; a socket, which it may be, cannot be opened by a name. */
const STDOUT_NAMES: ReadonlySet<string> = new Set(['-', STDOUT, '/dev/fd/1', '/proc/self/fd/1']);

/** An exporter, and where its files go: as many as it has. */
export interface ExportTarget {
  readonly exporter: Exporter;
  readonly paths: readonly string[];
}

/**
 * Where the files of exporters go. Several files need a folder, which is made; a single one is `path`
 * itself, or in it if it is a folder or ends in `/`; `-` is stdout. Throws `UsageError` where that is not so, and
 * `EnvironmentError` where it cannot be written: before anything is measured.
 */
export async function locateExports(
  exporters: readonly Exporter[],
  path: string,
): Promise<readonly ExportTarget[]> {
  // A file per cell makes a folder of them, whatever their number.
  const several = exporters.flatMap(({ files }) => files).length > 1 || exporters.some(({ names }) => names);
  const through = STDOUT_NAMES.has(path)
    ? STDOUT
    : (await isWrittenThrough(path).catch(() => false))
      ? path
      : null;
  if (through !== null) return throughTo(through, exporters, several);
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isDirectory() && several)
    throw new UsageError(`${path} is a file, and ${exporters.map(({ id }) => id).join(', ')} need a folder`);
  const inFolder = several || found?.isDirectory() === true || path.endsWith('/');
  const targets = exporters.map((exporter) => ({
    exporter,
    paths: exporter.files.map((name) => resolve(inFolder ? join(path, name) : path)),
  }));
  await requireWritable(resolve(inFolder ? path : dirname(path)));
  return targets;
}

/** A stream or a device takes one file; what comes of several could not be told apart. */
async function throughTo(
  path: string,
  exporters: readonly Exporter[],
  several: boolean,
): Promise<readonly ExportTarget[]> {
  if (several)
    throw new UsageError(
      `${path} takes one file, and ${exporters.map(({ id }) => id).join(', ')} need a folder`,
    );
  if (path !== STDOUT)
    await access(path, constants.W_OK).catch((cause: unknown) => {
      throw new EnvironmentError(
        `cannot export to ${path}: ${codeOf(cause) ?? messageOf(cause)}; ${ELSEWHERE}`,
      );
    });
  return exporters.map((exporter) => ({ exporter, paths: [path] }));
}

/** Replaces a file as a whole, or writes to what `locateExports` found to be a stream. */
export function writeTo(path: string, text: string): Promise<void> {
  return path === STDOUT ? write(text) : replaceFile(path, text, ELSEWHERE);
}

/** Makes the folder where it is not there. Throws `EnvironmentError` where nothing can be written to it. */
export async function requireWritable(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    const reason = codeOf(cause) ?? messageOf(cause);
    throw new EnvironmentError(`cannot export to ${folder}: ${reason}; ${ELSEWHERE}`, { cause });
  }
}
