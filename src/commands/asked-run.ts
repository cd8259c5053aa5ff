import { Argument } from 'commander';
import { type OpenedRun, openRun } from '../results/open-run.ts';
import { newestRun, some } from '../results/run-index.ts';
import type { RunKind } from '../results/schema.ts';

/** What is printed and exported where no run is named: neither equals nor what was measured once more. */
export const TOLD_KINDS: readonly RunKind[] = ['run', 'scale', 'ladder'];

/** The run that a command is about. @param kinds of which it takes the newest where none is named. */
export function runArgument(kinds: readonly RunKind[]): Argument {
  return new Argument(
    '[run]',
    `a run id, a run folder, a run.json, a file of the json export or baseline:<name>; default: the newest complete ${kinds.join(' or ')} under --results`,
  );
}

export interface Asked {
  /** Of which the newest is taken. */
  readonly kinds: readonly RunKind[];
  /** The command does not print which run it took. */
  readonly silent?: boolean;
}

/**
 * Its name, or the folder of the newest that will do. What was passed over for that is told on stderr; which it is, there
 * too where the command does not say it by itself.
 */
export async function askedRun(
  name: string | undefined,
  outDir: string,
  { kinds, silent }: Asked,
): Promise<string> {
  if (name !== undefined) return name;
  const { run, passedOver } = await newestRun(outDir, kinds);
  if (passedOver.length > 0 || silent === true) {
    const instead = passedOver.length === 0 ? '' : `; passed over: ${some(passedOver)}`;
    process.stderr.write(`the newest complete ${kinds.join(' or ')} is ${run.runId}${instead}\n`);
  }
  return run.folder;
}

/** Reads it, and tells on stderr what could not be read. */
export async function readAskedRun(
  name: string | undefined,
  outDir: string,
  options: Asked,
): Promise<OpenedRun> {
  const result = await openRun(await askedRun(name, outDir, options), outDir);
  for (const problem of result.problems) process.stderr.write(`warning: ${problem}\n`);
  return result;
}
