import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { readPlace } from '../host/host-id.ts';
import { codeOf, messageOf, UsageError } from '../util/errors.ts';
import { BASELINE_PREFIX, findBaselineRuns, listBaselines } from './baseline-index.ts';
import { cleaned, cleanText } from './clean.ts';
import { CALIBRATIONS_FILE, parseCalibrations, parseTrials, TRIALS_FILE } from './lines.ts';
import type { RunResult } from './schema.ts';
import { parseRecord, RECORD_FILE, readRun } from './store.ts';

/** A run, and where it was read. */
export interface OpenedRun extends RunResult {
  /** Its own, or that of the file. */
  readonly folder: string;
  /** The folder of the run, or the file that holds all of it. */
  readonly source: string;
}

/** What makes a file one that holds a whole run: the `json` export, or `show --json --trials`. */
const exportSchema = z.object({
  run: z.unknown(),
  trials: z.array(z.unknown()).optional(),
  calibrations: z.array(z.unknown()).default([]),
  problems: z.array(z.string()).default([]),
  comparison: z.object({ current: z.object({ runs: z.array(z.unknown()) }) }).optional(),
});

/**
 * A run by whatever names it: as `readRun` takes it, or a file of the `json` export, under `outDir` or from
 * here. Throws `UsageError` if there is no such run, or if the file holds none or no trials.
 */
export async function openRun(name: string, outDir: string): Promise<OpenedRun> {
  const file = name.startsWith(BASELINE_PREFIX) ? null : await fileOf(name, outDir);
  const opened = file === null ? null : await readExport(file);
  if (opened !== null) return opened;
  const run = await readRun(name, outDir);
  return { ...run, source: run.folder };
}

/** All runs that a name stands for: those of a baseline, or one. Throws as `openRun` does. */
export async function openRuns(name: string, outDir: string): Promise<OpenedRun[]> {
  if (!name.startsWith(BASELINE_PREFIX)) return [await openRun(name, outDir)];
  const index = await listBaselines(outDir);
  const { folders } = findBaselineRuns(name.slice(BASELINE_PREFIX.length), index, readPlace());
  return Promise.all(folders.map((folder) => openRun(folder, outDir)));
}

async function fileOf(name: string, outDir: string): Promise<string | null> {
  for (const candidate of [resolve(outDir, name), resolve(name)]) {
    const found = await stat(candidate).catch(() => null);
    if (found?.isFile()) return candidate;
    if (found !== null) return null;
  }
  return null;
}

/** Null for a run.json, whose trials are beside it. */
async function readExport(file: string): Promise<OpenedRun | null> {
  const value = await readJson(file);
  const parsed = exportSchema.safeParse(value);
  if (!parsed.success || parsed.data.run === undefined) {
    if (basename(file) === RECORD_FILE) return null;
    throw new UsageError(
      `${cleanText(file)} holds no run: it is neither a ${RECORD_FILE} nor what export --format json writes`,
    );
  }
  const { run, trials, calibrations, problems, comparison } = parsed.data;
  const pooled = comparison?.current.runs.length ?? 1;
  if (pooled > 1)
    throw new UsageError(`${cleanText(file)} holds ${pooled} runs as one: name them one by one`);
  if (trials === undefined)
    throw new UsageError(
      `${cleanText(file)} holds a run without its trials: write it with export --format json, or show --json --trials`,
    );
  const read = parseTrials(linesOf(trials));
  const calibrated = parseCalibrations(linesOf(calibrations));
  const nameOf = (problem: string) =>
    problem
      .replace(TRIALS_FILE, `the trials in ${cleanText(basename(file))}`)
      .replace(CALIBRATIONS_FILE, `the calibrations in ${cleanText(basename(file))}`);
  return {
    record: parseRecord(file, JSON.stringify(run)),
    trials: read.trials,
    calibrations: calibrated.calibrations,
    problems: [...cleaned(problems), ...[...read.problems, ...calibrated.problems].map(nameOf)],
    folder: dirname(file),
    source: file,
  };
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    if (codeOf(cause) !== undefined)
      throw new UsageError(cleanText(`cannot read ${file}: ${codeOf(cause)}`), { cause });
    // The message quotes the file.
    throw new UsageError(cleanText(`${file} is not JSON: ${messageOf(cause)}`), { cause });
  }
}

function linesOf(items: readonly unknown[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
