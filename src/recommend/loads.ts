import type { CellRun } from '../compare/compared-run.ts';
import { pairsOf } from '../compare/pairs.ts';
import { findModel } from '../models/registry.ts';
import { whyNotMeasured } from '../results/cells.ts';
import type { Entry, MeasuredTrial, Observation, RunResult } from '../results/schema.ts';
import { type Estimate, pairedEstimate } from '../stats/paired.ts';
import { cleanTrials } from '../summary/clean-trials.ts';
import type { Workload } from '../workloads/schema.ts';

/** A model under a load, in all runs that measured it there. */
export interface LoadRow {
  readonly label: string;
  readonly model: string;
  readonly family: string;
  readonly runs: readonly CellRun<MeasuredTrial>[];
}

/** A load, by whatever names the runs know it, with every row that was measured under it. */
export interface Load {
  readonly key: string;
  readonly workload: Workload;
  readonly cells: readonly { readonly runId: string; readonly workload: string }[];
  readonly rows: readonly LoadRow[];
  /** Rows that no run measured, with the reason. */
  readonly leftOut: readonly { readonly label: string; readonly reason: string }[];
}

/** What of a workload makes the load: not its name. */
export function loadKey({
  id: _id,
  title: _title,
  description: _text,
  profile: _profile,
  ...load
}: Workload): string {
  return JSON.stringify(Object.entries(load).sort(([a], [b]) => a.localeCompare(b)));
}

/**
 * The loads of some runs, with the rows that can be recommended: models of the registry under their own name, as they are.
 * Not those with known mistakes, nor rows of several workers, variants, servers of the user's own, or made slower on purpose.
 * @param wanted tells which models.
 */
export function loadsOf(runs: readonly RunResult[], wanted: (model: string) => boolean): readonly Load[] {
  const found = runs.map((run) => ({ run, clean: new Set(cleanTrials(run)) }));
  const keys = new Map<string, Workload>();
  for (const { record } of runs)
    for (const workload of record.settings.workloads)
      if (!keys.has(loadKey(workload))) keys.set(loadKey(workload), workload);
  return [...keys].map(([key, workload]) => loadOf(found, { key, workload, wanted }));
}

interface Known {
  readonly run: RunResult;
  readonly clean: ReadonlySet<MeasuredTrial>;
}

function loadOf(
  known: readonly Known[],
  {
    key,
    workload,
    wanted,
  }: { readonly key: string; readonly workload: Workload; readonly wanted: (model: string) => boolean },
): Load {
  const here = known.flatMap(({ run, clean }) => {
    const own = run.record.settings.workloads.find((candidate) => loadKey(candidate) === key);
    return own === undefined ? [] : [{ run, clean, id: own.id }];
  });
  const labels = new Map<string, Entry>();
  for (const { run } of here)
    for (const entry of run.record.settings.entries)
      if (isCandidate(entry, run) && wanted(entry.model)) labels.set(entry.label, entry);
  const rows: LoadRow[] = [];
  const leftOut: { label: string; reason: string }[] = [];
  for (const { label, model } of labels.values()) {
    const own = here.flatMap(({ run, clean, id }) => {
      const trials = run.trials.filter(
        (trial): trial is MeasuredTrial =>
          trial.status === 'measured' && trial.label === label && trial.workload === id,
      );
      if (trials.length === 0) return [];
      return [{ run, trials, clean: trials.filter((trial) => clean.has(trial)), agrees: true }];
    });
    const errors = errorsOf(own);
    if (own.length > 0 && errors === 0)
      rows.push({ label, model, family: findModel(model)?.family ?? model, runs: own });
    else if (own.length > 0) leftOut.push({ label, reason: `${errors} of its requests ended in an error` });
    else leftOut.push({ label, reason: reasonOf(here, label) });
  }
  return {
    key,
    workload,
    cells: here.map(({ run, id }) => ({ runId: run.record.runId, workload: id })),
    rows,
    leftOut,
  };
}

function isCandidate({ label, model, variant, workers, server }: Entry, { record }: RunResult): boolean {
  const row = findModel(model);
  const slowed = record.settings.handicap?.labels.includes(label) ?? false;
  return (
    row !== undefined &&
    row.profile !== 'guide' &&
    label === model &&
    variant === undefined &&
    server === undefined &&
    (workers ?? 1) === 1 &&
    !slowed
  );
}

function errorsOf(runs: readonly CellRun<MeasuredTrial>[]): number {
  return observationsOf({ runs }).reduce(
    (sum, { requests }) => sum + requests.errors + requests.connectionErrors,
    0,
  );
}

function reasonOf(here: readonly { readonly run: RunResult; readonly id: string }[], label: string): string {
  const asked = here.find(({ run }) => run.record.settings.entries.some((entry) => entry.label === label));
  if (asked === undefined) return 'not in these runs';
  return whyNotMeasured([asked.run], { label, workload: asked.id }, asked.run.record.runId).replace(
    /^skipped in \S+: /,
    '',
  );
}

/** What was seen of a row in all its trials. */
export function observationsOf({ runs }: Pick<LoadRow, 'runs'>): readonly Observation[] {
  return runs.flatMap(({ trials }) =>
    trials.flatMap((trial) => (trial.status === 'measured' ? [trial.observation] : [])),
  );
}

/** What two rows are compared by; above zero, or no ratio is made of it. */
export type Merit = (observation: Observation) => number;

export const CPU: Merit = ({ server }) => server.cpuNsPerRequest;
export const RATE: Merit = ({ throughputPerS }) => throughputPerS;

/** A ratio of two rows as a difference of logarithms, with the pairs it is from. */
export interface PairedEstimate extends Estimate {
  readonly logs: readonly number[];
}

/**
 * `row` over `base`, in pairs within the blocks of each run: clean ones where they are enough, else all. Of no pair there is no
 * difference and no interval.
 */
export function comparePaired(row: LoadRow, base: LoadRow, merit: Merit): PairedEstimate {
  const { used } = pairsOf({ base: base.runs, current: row.runs });
  const logs = used.flatMap(([before, after]) => {
    const [below, above] = [merit(before.observation), merit(after.observation)];
    return below > 0 && above > 0 ? [Math.log(above / below)] : [];
  });
  return { ...pairedEstimate(logs), logs };
}
