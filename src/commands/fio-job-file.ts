import { readFileSync } from 'node:fs';
import { type FileJob, readFioJob } from '../crosscheck/job-file.ts';
import { MODELS } from '../models/registry.ts';
import { messageOf, UsageError } from '../util/errors.ts';

/** The one job of a job file of fio, as `--fio` names it. Throws `UsageError` with all that is wrong. */
export function readFioJobFile(path: string): FileJob {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`--fio ${path}: ${messageOf(cause)}`, { cause });
  }
  return readFioJob(text, path, MODELS);
}
