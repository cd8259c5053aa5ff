import type { ExplainedTrial, Explanation } from '../results/explanation-schema.ts';
import { sumOf } from '../stats/sums.ts';
import type { PathFunction, PathLength } from './explain-schema.ts';

/** The counted and the clocked instructions of a window differ by no more than this share. */
export const AGREEMENT_MAX = 0.01;

/** Of the trials of one cell in explanations of one kernel. Throws `RangeError` where there is none. */
export function pathLengthOf(
  explanations: readonly Explanation[],
  { label, workload }: Pick<ExplainedTrial, 'label' | 'workload'>,
): PathLength {
  const trials = explanations.flatMap(({ functions, trials: all }) =>
    all
      .filter((trial) => trial.label === label && trial.workload === workload && trial.requests > 0)
      .map((trial) => ({ trial, functions })),
  );
  const kernel = explanations[0]?.kernel;
  if (kernel === undefined || trials.length === 0)
    throw new RangeError(`no request of ${label} under ${workload} was counted`);
  const requests = sumOf(trials, ({ trial }) => trial.requests);
  const perRequest = (value: (trial: ExplainedTrial) => number) =>
    sumOf(trials, ({ trial }) => value(trial)) / requests;
  return {
    label,
    workload,
    kernel,
    trials: trials.length,
    requests,
    instructions: perRequest(({ counted }) => counted),
    clocked: perRequest(({ instructions }) => instructions),
    leftEarly: perRequest(({ leftEarly }) => leftEarly),
    functions: functionsOf(trials, requests),
  };
}

interface CountedTrial {
  readonly trial: ExplainedTrial;
  readonly functions: readonly string[];
}

interface Sum {
  instructions: number;
  calls: number;
  /** Per request, of the trials in which it was executed. */
  readonly each: number[];
  /** By name, of all trials. */
  readonly callers: Map<string, number>;
}

function functionsOf(trials: readonly CountedTrial[], requests: number): PathFunction[] {
  const sums = new Map<string, Sum>();
  const sumOfFunction = (name: string): Sum => {
    const sum = sums.get(name) ?? { instructions: 0, calls: 0, each: [], callers: new Map() };
    sums.set(name, sum);
    return sum;
  };
  for (const { trial, functions } of trials) {
    for (const [position = -1, instructions = 0, calls = 0] of trial.counts) {
      const sum = sumOfFunction(functions[position] ?? '');
      sum.instructions += instructions;
      sum.calls += calls;
      sum.each.push(instructions / trial.requests);
    }
    for (const [caller = -1, callee = -1, count = 0] of trial.calls) {
      const { callers } = sumOfFunction(functions[callee] ?? '');
      const name = functions[caller] ?? '';
      callers.set(name, (callers.get(name) ?? 0) + count);
    }
  }
  return [...sums]
    .filter(([name, { instructions }]) => name !== '' && instructions > 0)
    .map(([name, { instructions, calls, each, callers }]) => ({
      name,
      instructions: instructions / requests,
      calls: calls / requests,
      callers: [...callers]
        .map(([caller, count]) => ({ name: caller, calls: count / requests }))
        .sort((a, b) => b.calls - a.calls),
      spread: (Math.max(...each) - (each.length < trials.length ? 0 : Math.min(...each))) / 2,
    }))
    .sort((a, b) => b.instructions - a.instructions || (a.name < b.name ? -1 : 1));
}

/** Names of cells that an explanation has, each once, in their order. */
export function explainedCells(
  explanation: Explanation,
): readonly Pick<ExplainedTrial, 'label' | 'workload'>[] {
  const cells = new Map(
    explanation.trials
      .filter(({ requests }) => requests > 0)
      .map(({ label, workload }) => [JSON.stringify([label, workload]), { label, workload }]),
  );
  return [...cells.values()];
}

/** Why the counts are not to be believed as they stand; null: they agree with the clock. */
export function disagreement({ label, workload, instructions, clocked }: PathLength): string | null {
  const off = instructions / clocked - 1;
  if (Math.abs(off) <= AGREEMENT_MAX) return null;
  const counts = `${label} under ${workload}: ${Math.round(instructions)} instructions per request were counted, and the instruction clock says ${Math.round(clocked)}`;
  return off < 0
    ? `${counts}; that clock goes on while a guest sleeps, as it does between the requests of an open loop`
    : `${counts}: more than it can be, the counts are not to be believed`;
}
