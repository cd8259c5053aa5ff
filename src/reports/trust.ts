import { formatShare } from '../document/format.ts';
import type { RunRecord, RunResult } from '../results/schema.ts';
import { unusualReadings, usualSpeed } from '../summary/clean-trials.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { counted } from '../util/units.ts';

/** How far to trust a run: the share of clean trials, whether the machine kept its speed, who had which CPUs, and what is compared. */
export function trustLines(result: RunResult, summary: RunSummary): string[] {
  return [cleanLine(summary), steadyLine(result), pinningLine(result.record), ...comparedLines(summary)];
}

function cleanLine({ trials: { measured, clean, contaminated, failed } }: RunSummary): string {
  if (measured === 0)
    return failed === 0
      ? 'Nothing was measured: the run ended before its first trial did.'
      : `Nothing was measured: ${failed === 1 ? 'the only trial' : `all ${failed} trials`} failed; why is said below the tables.`;
  return [
    `Clean trials, in which nobody else had their CPUs and the machine had its usual speed: ${clean} of ${measured} (${formatShare(clean / measured)})`,
    ...(contaminated > 0 ? [`${contaminated} were contaminated`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join('; ');
}

function steadyLine({ calibrations }: RunResult): string {
  const usual = usualSpeed(calibrations);
  if (usual === null) return 'How steady the machine was is not known: nothing was calibrated.';
  const slow = calibrations.filter((one) => unusualReadings(one, usual).length > 0).length;
  const steadiness = slow === 0 ? 'steady' : slow * 4 > calibrations.length ? 'not steady' : 'mostly steady';
  return `The machine was ${steadiness}: ${slow === 0 ? 'all' : calibrations.length - slow} of ${counted(calibrations.length, 'calibration')} found its usual speed.`;
}

function pinningLine({ settings: { serverCpus, clientCpus } }: RunRecord): string {
  if (serverCpus === null || clientCpus === null)
    return 'Server and client were not pinned to CPUs of their own: they may have got in each other’s way.';
  const shared = serverCpus.some((cpu) => clientCpus.includes(cpu));
  return shared
    ? 'Server and client shared a CPU: throughput is of both together.'
    : 'Server and client had CPUs of their own.';
}

function comparedLines({ comparisons, workloads }: RunSummary): string[] {
  const ratios = workloads.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.status === 'measured' && row.comparison !== null ? [row.comparison] : [])),
  );
  if (comparisons === 0 || ratios.length === 0) return [];
  if (ratios.every(({ interval }) => interval === null))
    return ['Of so few blocks no ratio has an interval: nothing says which difference is chance.'];
  return [
    `${counted(comparisons, 'ratio')} are compared with 1; verdicts are guarded against that many chances to be wrong.`,
  ];
}
