import {
  EXPLANATION_SCHEMA_VERSION,
  type ExplainedTrial,
  type Explanation,
} from '../results/explanation-schema.ts';
import type { TrialExplanation } from './explain-trial.ts';

export interface CountedRun extends Pick<Explanation, 'runId' | 'kernel' | 'qemu' | 'cpu'> {
  readonly trials: readonly (Pick<ExplainedTrial, 'label' | 'workload' | 'block'> & {
    readonly explained: TrialExplanation;
  })[];
}

/** What is stored of a run whose trials were explained; see `saveExplanation`. */
export function explanationOf({ runId, kernel, qemu, cpu, trials }: CountedRun): Explanation {
  const positions = new Map<string, number>();
  const positionOf = (name: string): number => {
    const position = positions.get(name) ?? positions.size;
    positions.set(name, position);
    return position;
  };
  const stored = trials.map(({ label, workload, block, explained }): ExplainedTrial => {
    const { functions, calls, ...totals } = explained;
    return {
      label,
      workload,
      block,
      ...totals,
      counts: functions.map(({ name, instructions, calls }) => [positionOf(name), instructions, calls]),
      calls: calls.map(({ caller, callee, count }) => [positionOf(caller), positionOf(callee), count]),
    };
  });
  return {
    schemaVersion: EXPLANATION_SCHEMA_VERSION,
    runId,
    kernel,
    qemu,
    cpu,
    functions: [...positions.keys()],
    trials: stored,
  };
}
