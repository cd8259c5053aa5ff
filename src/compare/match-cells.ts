import type { Metric } from '../metrics/metric.ts';
import { cellKey, whyNotMeasured } from '../results/cells.ts';
import type { CellName } from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import type { Workload } from '../workloads/schema.ts';
import type { ComparedRun, UsedTrial } from './compared-run.ts';
import { perObject } from './per-object.ts';
import type { LeftOut, Missing } from './result.ts';

/** A cell that both sides hold, under the same workload. */
export interface CellPair {
  readonly label: string;
  readonly model: string;
  readonly workload: Workload;
  /** Whether both sides run the same model: rows of one run may be compared that do not. */
  readonly sameModel: boolean;
}

/** What is not judged: gone from the current side, or no matter of it. */
export interface Unjudged {
  readonly lost: Omit<Missing, 'allowed'>[];
  readonly leftOut: LeftOut[];
}

const STATUS = { own: 'measured', cpu: 'counted' } as const satisfies Record<
  Metric['takenFrom'],
  UsedTrial['status']
>;

/** Trials of a cell in a run that these metrics are taken from; audits are none. */
export function trialsOfCell(
  run: ComparedRun,
  name: CellName,
  takenFrom: Metric['takenFrom'] = 'own',
): readonly UsedTrial[] {
  return trialsOf(run).get(keyOf({ ...name, status: STATUS[takenFrom] })) ?? [];
}

const trialsOf = perObject(({ trials }: ComparedRun) =>
  groupBy(
    trials.filter((trial): trial is UsedTrial => trial.status === 'measured' || trial.status === 'counted'),
    keyOf,
  ),
);

function keyOf({ status, label, workload }: Pick<UsedTrial, 'status' | 'label' | 'workload'>): string {
  // The length says where a name ends that may hold anything.
  return `${status} ${workload.length} ${workload} ${label}`;
}

/** Cells that both sides hold under the same workload, and what is not judged with the reason. */
export function matchCells(
  base: readonly ComparedRun[],
  current: readonly ComparedRun[],
): { readonly cells: readonly CellPair[] } & Unjudged {
  const names = [...base, ...current].flatMap(({ record }) => record.cells);
  const unique = new Map(names.map((cell) => [cellKey(cell), cell]));
  const cells: CellPair[] = [];
  const unjudged: Unjudged = { lost: [], leftOut: [] };
  for (const { label, model, workload: id } of unique.values()) {
    const definitions = [...base, ...current].flatMap(({ record }) =>
      record.settings.workloads.filter((workload) => workload.id === id),
    );
    const [workload] = definitions;
    const difference = workloadDifference(definitions);
    const name = { label, workload: id };
    const has = (runs: readonly ComparedRun[]) => runs.some((run) => trialsOfCell(run, name).length > 0);
    const empty = !has(base) ? 'base' : !has(current) ? 'current' : null;
    // Without trials in the base there is nothing to lose.
    const leave = (reason: string) =>
      unjudged[empty === 'base' ? 'leftOut' : 'lost'].push({ ...name, metric: null, reason });
    if (workload === undefined || difference !== null) leave(`the workload is not the same: ${difference}`);
    else if (empty !== null) leave(whyNotMeasured(empty === 'base' ? base : current, name, empty));
    else
      cells.push({
        label,
        model,
        workload,
        sameModel: modelsOf(base, name) === modelsOf(current, name),
      });
  }
  return { cells, ...unjudged };
}

function modelsOf(runs: readonly ComparedRun[], { label, workload }: CellName): string {
  const models = runs.flatMap(({ record }) =>
    record.cells
      .filter((cell) => cell.label === label && cell.workload === workload)
      .map(({ model }) => model),
  );
  return [...new Set(models)].sort().join();
}

/** What tells definitions of a workload apart that have the same name; null: nothing that matters. */
export function workloadDifference(definitions: readonly Workload[]): string | null {
  const [first, ...others] = definitions.map((definition) => new Map(Object.entries(definition)));
  if (first === undefined) return 'it is in neither side';
  for (const other of others)
    for (const key of new Set([...first.keys(), ...other.keys()])) {
      if (['title', 'description', 'profile'].includes(key)) continue;
      if (first.get(key) !== other.get(key)) return `${key} is ${first.get(key)} and ${other.get(key)}`;
    }
  return null;
}
