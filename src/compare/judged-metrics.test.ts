import { expect, test } from 'vitest';
import { withHardware } from '../fixtures/hardware.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { compareRuns } from './compare-runs.ts';
import { COMPARED_METRICS } from './judged-metrics.ts';

const RUN = fixtureRun();
const [SECOND_RUN, OTHER, OTHER_TOO] = ['b', 'c', 'd'].map((end) => renamed(end)) as [
  RunResult,
  RunResult,
  RunResult,
];

function renamed(end: string): RunResult {
  return { ...RUN, record: { ...RUN.record, runId: `${RUN.record.runId}${end}` } };
}

const [FIRST, SECOND] = COMPARED_METRICS;

function instructionsOf(comparison: ReturnType<typeof compareRuns>) {
  return comparison.metrics.filter(({ metric }) => metric === FIRST?.id || metric === SECOND?.id);
}

test('Instructions stand first, and in the gate', () => {
  expect([FIRST, SECOND].map((metric) => [metric?.stem, metric?.gate])).toEqual([
    ['instructions_user', true],
    ['instructions_kernel', true],
  ]);
});

test('Instructions are judged as counts: one in fifty more is a regression', () => {
  const base = [RUN, SECOND_RUN].map((run) => withHardware(run));
  const with1530 = [OTHER, OTHER_TOO].map((run) => withHardware(run, { instructionsUser: 1530 }));
  const same = instructionsOf(compareRuns(base, [withHardware(OTHER)]));
  expect(same.length).toBeGreaterThan(0);
  expect(same.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual(same.map(() => 'counted same'));
  const more = compareRuns(base, with1530);
  const user = instructionsOf(more).filter(({ metric }) => metric === FIRST?.id);
  expect(user.map(({ verdict }) => verdict)).toEqual(user.map(() => 'regressed'));
  expect(more.overall[0]).toMatchObject({ metric: FIRST?.id, gate: true, verdict: 'regressed' });
});

test('Without counters nothing is said of them, and on one side alone nothing is lost', () => {
  const none = compareRuns([RUN], [OTHER]);
  const mentions = ({ missing, leftOut }: typeof none) =>
    [...missing, ...leftOut].filter(({ metric }) => metric === FIRST?.id);
  expect(instructionsOf(none)).toEqual([]);
  expect(mentions(none)).toEqual([]);
  const gone = compareRuns([withHardware(RUN)], [OTHER]);
  expect(gone.missing).toEqual([]);
  expect(mentions(gone).length).toBeGreaterThan(0);
});
