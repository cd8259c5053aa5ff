import type { Calibration, RunResult } from '../results/schema.ts';
import { logChange } from '../stats/log-change.ts';
import type { CalibrationShift, Change } from './result.ts';
import { pointsOf, RUNS_FOR_SPREAD, type SideTrial, wanderings } from './series.ts';

/** How the machine itself was on both sides. */
export interface HostState {
  readonly shift: CalibrationShift | null;
  /** Why it cannot be taken for steady; empty: it was. */
  readonly unsteady: readonly string[];
  /** Each side has runs enough to say by themselves how far runs lie apart. */
  readonly severalRuns: boolean;
}

/** The CPU per request of all cells together moves by less from block to block on a steady host. */
const WANDERING_MAX = 0.02;
const CONTAMINATED_MAX = 0.2;
/** A round trip feels neighbours long before a loop does. */
export const SHIFT_MAX = { spin: 0.15, ping: 0.25 } as const;

/** Judges the host by the calibrations, the contamination marks and what all cells did together. */
export function hostOf(
  base: readonly RunResult[],
  current: readonly RunResult[],
  cells: readonly { readonly base: readonly SideTrial[]; readonly current: readonly SideTrial[] }[],
): HostState {
  const shift = shiftOf(base, current);
  const unsteady: string[] = [];
  if (shift === null) unsteady.push('no calibrations on both sides say how fast the machine was');
  else
    for (const name of ['spin', 'ping'] as const) {
      const size = Math.abs(Math.log(shift[name].ratio));
      if (size > SHIFT_MAX[name])
        unsteady.push(`the ${name} calibration changed by ${percent(shift[name].ratio - 1)}`);
    }
  for (const side of ['base', 'current'] as const) {
    const trials = cells.map((cell) => cell[side]);
    const all = trials.flat();
    const marked = all.filter(({ trial }) => trial.observation.contamination.marks.length > 0).length;
    if (marked > CONTAMINATED_MAX * all.length)
      unsteady.push(`${percent(marked / all.length)} of the trials of ${side} are contaminated`);
    const within = wanderings(
      trials.map((own) => pointsOf(own, ({ trial }) => trial.observation.server.cpuNsPerRequest)),
    );
    const largest = Math.max(0, ...within);
    if (largest > WANDERING_MAX)
      unsteady.push(
        `CPU per request of all cells together varied by ${percent(largest)} between blocks of ${side}`,
      );
  }
  const severalRuns = Math.min(base.length, current.length) >= RUNS_FOR_SPREAD;
  return { shift, unsteady, severalRuns };
}

function shiftOf(base: readonly RunResult[], current: readonly RunResult[]): CalibrationShift | null {
  const [before, after] = [base, current].map((runs) => runs.flatMap((run) => run.calibrations));
  const change = (read: (calibration: Calibration) => number): Change | null => {
    const [a = [], b = []] = [before, after].map((all) => (all ?? []).map((one) => Math.log(read(one))));
    const found = logChange(a, b);
    if (found === null) return null;
    const { difference, reach } = found;
    const interval =
      reach === null ? null : { low: Math.exp(difference - reach), high: Math.exp(difference + reach) };
    return { ratio: Math.exp(difference), interval };
  };
  const [spin, syscall, ping] = [
    change(({ spinNs }) => spinNs),
    change(({ syscallNs }) => syscallNs),
    change(({ pingNs }) => pingNs),
  ];
  return spin && syscall && ping ? { spin, syscall, ping } : null;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 && share > -0.1 ? 1 : 0)} %`;
}
