import type { Comparison } from '../compare/result.ts';
import { exportInputOf } from '../export/input.ts';
import type { RunResult } from '../results/schema.ts';
import { type ExportRequest, locateRequests, writeExports } from './export-files.ts';

/**
 * Exports verdicts, with what broke on the current side. Without a path the files go to `exports/` of the
 * last of its runs. Throws as `locateExports` does.
 */
export async function exportComparison(
  comparison: Comparison,
  current: readonly (RunResult & { readonly folder: string })[],
  requests: readonly ExportRequest[],
): Promise<void> {
  const last = current.at(-1);
  if (requests.length === 0 || last === undefined) return;
  const targets = await locateRequests(requests, last.folder);
  const result = pooled(last, current);
  await writeExports([exportInputOf(result, { comparison })], targets);
  for (const path of targets.flatMap(({ paths }) => paths)) process.stderr.write(`exported to ${path}\n`);
}

/** The runs of a side as one: every cell that any of them has, with the trials of all. */
function pooled(last: RunResult, runs: readonly RunResult[]): RunResult {
  const { settings } = last.record;
  const workloads = new Map(
    runs.flatMap(({ record }) => record.settings.workloads).map((workload) => [workload.id, workload]),
  );
  const cells = new Map(
    runs
      .flatMap(({ record }) => record.cells)
      .map((cell) => [JSON.stringify([cell.label, cell.workload]), cell]),
  );
  return {
    ...last,
    record: {
      ...last.record,
      cells: [...cells.values()],
      settings: { ...settings, workloads: [...workloads.values()] },
    },
    trials: runs.flatMap(({ trials }) => trials),
  };
}
