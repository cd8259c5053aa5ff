import { appendFile, type FileHandle, open, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readPlace } from '../host/host-id.ts';
import { makeFolder } from '../host/make-folder.ts';
import { replaceWhole } from '../host/write-file.ts';
import { codeOf, messageOf, NotWrittenError, UsageError } from '../util/errors.ts';
import { BASELINE_PREFIX, findBaselineRuns, listBaselines, requireOneRun } from './baseline-index.ts';
import { cleaned, cleanText } from './clean.ts';
import {
  CALIBRATIONS_FILE,
  parseCalibrations,
  readTrials,
  TRIALS_FILE,
  type TrialsReading,
  WHOLE,
} from './lines.ts';
import {
  type Calibration,
  type RunOf,
  type RunRecord,
  type RunResult,
  runRecordSchema,
  SCHEMA_VERSION,
  type TrialResult,
} from './schema.ts';
import { schemaId } from './schema-id.ts';

export const RECORD_FILE = 'run.json';
export const LOGS_FOLDER = 'logs';

/** A run's folder while it is being measured: what is appended is safe if the process dies. */
export interface RunStore {
  readonly folder: string;
  /** Replaces run.json as a whole. */
  saveRecord(record: RunRecord): Promise<void>;
  /** Adds a line to trials.ndjson. */
  appendTrial(trial: TrialResult): Promise<void>;
  /** Adds a line to calibrations.ndjson. */
  appendCalibration(calibration: Calibration): Promise<void>;
  /** Keeps what a server said under logs/. */
  saveLog(name: string, text: string): Promise<void>;
}

/** Makes `<out>/<runId>/`. Throws `NotWrittenError` where it cannot be written. */
export async function createStore(outDir: string, runId: string): Promise<RunStore> {
  const folder = resolve(outDir, runId);
  await writing(folder, () => makeFolder(folder));
  const trials = join(folder, TRIALS_FILE);
  const calibrations = join(folder, CALIBRATIONS_FILE);
  await writing(trials, () => writeFile(trials, '', { flag: 'a' }));
  return {
    folder,
    saveRecord: (record) =>
      replaceFile(
        join(folder, RECORD_FILE),
        `${JSON.stringify({ $schema: schemaId('run'), ...record }, null, 1)}\n`,
      ),
    appendTrial: (trial) => writing(trials, () => appendFile(trials, `${JSON.stringify(trial)}\n`)),
    appendCalibration: (calibration) =>
      writing(calibrations, () => appendFile(calibrations, `${JSON.stringify(calibration)}\n`)),
    saveLog: async (name, text) => {
      const file = join(folder, LOGS_FOLDER, name);
      await writing(file, async () => {
        await makeFolder(dirname(file));
        await writeFile(file, text);
      });
    },
  };
}

/** Replaces a file as `replaceWhole` does, and says of a failure where and what helps: `NotWrittenError`. */
export function replaceFile(file: string, text: string, advice?: string): Promise<void> {
  return writing(file, () => replaceWhole(file, text), advice);
}

/** Does it, and says of a failure where it was to write and what helps: `NotWrittenError`. */
export async function writing(
  path: string,
  write: () => Promise<unknown>,
  elsewhere = 'choose another folder with --results',
): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const code = codeOf(cause);
    const advice =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? 'the disk is full; free some space, what was measured before is kept'
        : elsewhere;
    throw new NotWrittenError(`cannot write ${path}: ${code ?? messageOf(cause)}; ${advice}`, { cause });
  }
}

/**
 * Reads a run by its id under `outDir`, by its folder, by its run.json, or as `baseline:<name>` (see
 * `findBaseline`). Lines of trials.ndjson and calibrations.ndjson that cannot be read, and those that are
 * there already, are left out and named in `problems`.
 * Throws `UsageError` if there is no such run or if it is not one.
 */
export async function readRun(name: string, outDir: string): Promise<RunResult & { folder: string }> {
  const folder = await folderOf(name, outDir);
  const record = parseRecord(join(folder, RECORD_FILE), await readText(join(folder, RECORD_FILE)));
  return { ...(await readMeasured(folder, record, WHOLE)), folder };
}

/** What was measured in a run whose record has been read, as `readRun` reads it. */
export async function readMeasured<Kept>(
  folder: string,
  record: RunRecord,
  reading: TrialsReading<Kept>,
): Promise<RunOf<Kept>> {
  const { trials, problems } = await withFile(join(folder, TRIALS_FILE), (file) =>
    readTrials(file, reading),
  ).catch((error: unknown) => ({ trials: [] as Kept[], problems: [messageOf(error)] }));
  // Not there in runs that did not calibrate, or that ended before their first block.
  const calibrated = await withFile(join(folder, CALIBRATIONS_FILE), parseCalibrations).catch(() =>
    parseCalibrations(''),
  );
  return {
    record,
    trials,
    calibrations: calibrated.calibrations,
    problems: [...problems, ...calibrated.problems],
  };
}

/** Names under `outDir` that are a run's folder, in their order, which is that of their time. */
async function runIds(outDir: string): Promise<string[]> {
  const names = await readdir(outDir).catch(() => [] as string[]);
  const found = await Promise.all(
    names.map((name) =>
      stat(join(outDir, name, RECORD_FILE)).then(
        (file) => file.isFile(),
        () => false,
      ),
    ),
  );
  return names.filter((_, i) => found[i]).sort();
}

async function folderOf(name: string, outDir: string): Promise<string> {
  if (!name.startsWith(BASELINE_PREFIX)) return findRun(name, outDir);
  const reference = name.slice(BASELINE_PREFIX.length);
  return requireOneRun(reference, findBaselineRuns(reference, await listBaselines(outDir), readPlace()));
}

async function findRun(name: string, outDir: string): Promise<string> {
  const candidates = [resolve(outDir, name), resolve(name)];
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => null);
    if (found?.isFile() && basename(candidate) === RECORD_FILE) return dirname(candidate);
    if (found?.isDirectory() && (await stat(join(candidate, RECORD_FILE)).catch(() => null)))
      return candidate;
  }
  const known = await runIds(outDir);
  const hint =
    known.length > 0
      ? `runs under ${outDir}: ${known.slice(-5).map(cleanText).join(', ')}`
      : `there is no run under ${outDir}`;
  throw new UsageError(
    `no run ${name}: it is neither a run id, a folder with a ${RECORD_FILE}, nor such a file; ${hint}`,
  );
}

async function readText(path: string): Promise<string> {
  return withFile(path, (file) => file.readFile('utf8'));
}

/** Throws `UsageError` where the file cannot be opened or read. */
async function withFile<T>(path: string, read: (file: FileHandle) => T | Promise<T>): Promise<T> {
  try {
    const file = await open(path);
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new UsageError(cleanText(`cannot read ${path}: ${codeOf(cause) ?? messageOf(cause)}`), { cause });
  }
}

/** Throws `UsageError` that says what is wrong with the file. */
export function parseRecord(path: string, text: string): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The message quotes the file, and its folder may be called anything.
    throw new UsageError(cleanText(`${path} is not JSON: ${messageOf(cause)}`), { cause });
  }
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > SCHEMA_VERSION)
    throw new UsageError(
      `${cleanText(path)} has schema version ${version}; this version of iomodels-bench reads up to ${SCHEMA_VERSION}: update it`,
    );
  const parsed = runRecordSchema.safeParse(value);
  if (parsed.success) return cleaned(parsed.data);
  const issues = parsed.error.issues
    .slice(0, 5)
    .map((issue) => cleanText(`$.${issue.path.join('.')}: ${issue.message}`));
  throw new UsageError(`${cleanText(path)} is not a run record:\n${issues.join('\n')}`);
}
