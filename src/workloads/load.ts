import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf, EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import { BYTES_PER_KIB } from '../util/units.ts';
import { printable, problemsOf } from './problems.ts';
import { domainOf, type Workload, workloadSchema } from './schema.ts';

/** The registry of workloads: `workloads/` of the package, beside `dist/` (and beside `src/`). */
export const WORKLOADS_DIRECTORY = fileURLToPath(new URL('../../workloads/', import.meta.url));

/** A workload takes some 500 bytes; anything this large is not one. */
export const WORKLOAD_FILE_BYTES_MAX = 64 * BYTES_PER_KIB;

const EXTENSION = '.json';

/**
 * The workloads of a directory, one per `*.json` file, in the order in which they are shown: those of sockets, then of
 * files, and of each those of the default profile first, then by connections or depth.
 *
 * @throws UsageError with all problems of all files.
 * @throws EnvironmentError where the directory itself cannot be read.
 */
export function loadWorkloads(directory: string = WORKLOADS_DIRECTORY): Workload[] {
  const workloads: Workload[] = [];
  const problems: string[] = [];
  for (const name of listFiles(directory)) {
    const path = join(directory, name);
    collect(problems, () => {
      const workload = loadWorkloadFile(path);
      const id = basename(name, EXTENSION);
      if (workload.id !== id)
        throw new UsageError(
          `${printable(path)}: $.id: is "${workload.id}"; must be the file's name, "${printable(id)}"`,
        );
      workloads.push(workload);
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return workloads.sort(inOrderShown);
}

/**
 * One workload from a file of the user's. Nothing in it is executed or used as a path.
 *
 * @throws UsageError with all problems; each names the file, the JSON path and what must be there.
 */
export function loadWorkloadFile(path: string): Workload {
  const name = printable(path);
  const value = parse(readText(path), name);
  const result = workloadSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const issues = [...result.error.issues, ...issuesBehindMode(value, result.error.issues)];
  throw new UsageError(problemsOf(issues, membersOf(value)).map((problem) => `${name}: ${problem}`));
}

/**
 * The workloads of several files, for use beside `registry`.
 *
 * @throws UsageError with all problems of all files, ids that are taken included.
 */
export function loadWorkloadFiles(paths: readonly string[], registry: readonly Workload[]): Workload[] {
  const owners = new Map(registry.map((workload) => [workload.id, 'a workload of this program']));
  const workloads: Workload[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    collect(problems, () => {
      const workload = loadWorkloadFile(path);
      const owner = owners.get(workload.id);
      if (owner !== undefined)
        throw new UsageError(
          `${printable(path)}: $.id: "${workload.id}" is taken by ${owner}; choose another id`,
        );
      owners.set(workload.id, printable(path));
      workloads.push(workload);
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
  return workloads;
}

function collect(problems: string[], load: () => void): void {
  try {
    load();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problems.push(...error.problems);
  }
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.'))
      .sort();
  } catch (error) {
    throw new EnvironmentError(
      `cannot read the workloads in ${printable(directory)}: ${messageOf(error)}; reinstall the package`,
      { cause: error },
    );
  }
}

function inOrderShown(a: Workload, b: Workload): number {
  if (domainOf(a) !== domainOf(b)) return domainOf(a) === 'file' ? 1 : -1;
  if ((a.profile === 'full') !== (b.profile === 'full')) return a.profile === 'full' ? 1 : -1;
  return sizeOf(a) - sizeOf(b) || (a.id < b.id ? -1 : 1);
}

/** Connections, or operations in flight. */
function sizeOf(workload: Workload): number {
  return workload.mode === 'job' ? workload.depth : workload.connections;
}

/** Reads at most the allowed size, whatever the path turns out to be. */
function readText(path: string): string {
  const name = printable(path);
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its writer for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(fd).isFile())
      throw new UsageError(`${name}: is not a regular file; give the path of a JSON file`);
    const bytes = Buffer.alloc(WORKLOAD_FILE_BYTES_MAX + 1);
    let length = 0;
    for (let n = -1; n !== 0 && length < bytes.length; length += n)
      n = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > WORKLOAD_FILE_BYTES_MAX)
      throw new UsageError(`${name}: is larger than ${WORKLOAD_FILE_BYTES_MAX} bytes; not a workload file`);
    return decode(bytes.subarray(0, length), name);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: ${whyUnreadable(error)}`, { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${name}: is not UTF-8 text; save it as UTF-8`, { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file; check the path';
    case 'EACCES':
    case 'EPERM':
      return 'may not be read; check its permissions';
    default:
      return `cannot be read: ${printable(messageOf(error))}`;
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = text.trim() === '' ? 'it is empty' : printable(messageOf(error));
    throw new UsageError(`${name}: $: is not JSON: ${why}; see a file in workloads/ for an example`, {
      cause: error,
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the user most likely meant, by the members that are there. */
function modeOf(value: Record<string, unknown>): Workload['mode'] {
  const modes = ['closed', 'open', 'churn', 'job'] as const;
  const said = modes.find((mode) => mode === value.mode);
  if (said !== undefined) return said;
  if (value.domain === 'file' || ['action', 'cache', 'blockBytes'].some((name) => Object.hasOwn(value, name)))
    return 'job';
  if (Object.hasOwn(value, 'ratePerSecond') || Object.hasOwn(value, 'arrivals')) return 'open';
  return Object.hasOwn(value, 'active') || Object.hasOwn(value, 'depth') ? 'closed' : 'churn';
}

/** Without a mode the schema stops there; the other problems are found under the likely one. */
function issuesBehindMode(value: unknown, issues: readonly { path: readonly PropertyKey[] }[]) {
  if (!isRecord(value) || issues[0]?.path[0] !== 'mode') return [];
  const mode = modeOf(value);
  const result = workloadSchema.safeParse({ ...value, mode }, { reportInput: true });
  return result.success ? [] : result.error.issues;
}

function membersOf(value: unknown): string[] {
  const mode = isRecord(value) ? modeOf(value) : 'closed';
  const shape = workloadSchema.options.find((option) => option.shape.mode.value === mode);
  return Object.keys(shape?.shape ?? {});
}
