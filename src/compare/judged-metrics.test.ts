import { describe, expect, test } from 'vitest';
import { withHardware } from '../fixtures/hardware.ts';
import { fixtureEquals } from '../fixtures/noise.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { COMPARE_DEFAULTS, compareRuns } from './compare-runs.ts';
import { historyOf } from './history.ts';
import { COMPARED_METRICS } from './judged-metrics.ts';
import { certifyNoise } from './noise.ts';
import { rowOf } from './sides.ts';

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

test('Every time is judged as without the trials in which the CPU counts', () => {
  const timed = (comparison: ReturnType<typeof compareRuns>) => ({
    metrics: comparison.metrics.filter(({ metric }) => metric !== FIRST?.id && metric !== SECOND?.id),
    sides: [comparison.base, comparison.current],
    warnings: comparison.warnings,
  });
  const sides = [[RUN, SECOND_RUN], [OTHER]] as const;
  const [base, current] = sides.map((runs) => runs.map((run) => withHardware(run)));
  expect(timed(compareRuns(base ?? [], current ?? []))).toEqual(timed(compareRuns(...sides)));
});

/** The run with so many more or fewer instructions in its later counting trials. */
function spread(run: RunResult, factor: number): RunResult {
  const trials = run.trials.map((trial): TrialResult => {
    if (trial.status !== 'counted' || trial.block === 0) return trial;
    const { server } = trial.observation;
    const hardware = server.hardware && {
      ...server.hardware,
      instructionsUser: Math.round((server.hardware.instructionsUser ?? 0) * factor),
    };
    return { ...trial, observation: { ...trial.observation, server: { ...server, hardware } } };
  });
  return { ...run, trials };
}

describe('Of two trials a run', () => {
  const user = (base: RunResult, current: RunResult, history: readonly RunResult[] = []) =>
    compareRuns([base], [current], { ...COMPARE_DEFAULTS, history }).metrics.filter(
      ({ metric }) => metric === FIRST?.id,
    );
  const verdicts = (metrics: ReturnType<typeof user>) => [...new Set(metrics.map(({ verdict }) => verdict))];
  const more = withHardware(OTHER, { instructionsUser: 1530 });

  test('one run a side says that nothing changed, or what did', () => {
    expect(verdicts(user(withHardware(RUN), withHardware(OTHER)))).toEqual(['same']);
    expect(verdicts(user(withHardware(RUN), more))).toEqual(['regressed']);
    expect(verdicts(user(more, withHardware(RUN)))).toEqual(['improved']);
  });
  test('those that lie apart leave open what they do not show', () => {
    const apart = spread(withHardware(RUN), 1.009);
    expect(verdicts(user(apart, withHardware(OTHER)))).toEqual(['inconclusive']);
    expect(user(apart, withHardware(OTHER))[0]).toMatchObject({ kind: 'counted', decidedBy: 'counts' });
  });
  test('stored runs that lie apart are no proof of a change either', () => {
    const history = ['e', 'f', 'g', 'h'].map((end, i) =>
      spread(withHardware(renamed(end), { instructionsUser: 1500 + 15 * (i - 2) }), 1.005),
    );
    expect(verdicts(user(withHardware(RUN), more, history))).toEqual(['inconclusive']);
  });
  test('where calls vary with how requests meet, they are no count', () => {
    const vary = (run: RunResult): RunResult => ({
      ...run,
      trials: run.trials.map((trial): TrialResult => {
        if (trial.status !== 'measured') return trial;
        const { server } = trial.observation;
        const syscallsPerRequest = (server.syscallsPerRequest ?? 0) * (1 + 0.1 * Math.sin(trial.index));
        return { ...trial, observation: { ...trial.observation, server: { ...server, syscallsPerRequest } } };
      }),
    });
    const comparison = compareRuns([vary(withHardware(RUN))], [vary(more)]);
    expect(instructionsOf(comparison)).toEqual([]);
    expect(comparison.leftOut.filter(({ metric }) => metric === FIRST?.id)[0]?.reason).toContain('varies');
  });
});

test('Rows of one run are compared in them as well', () => {
  const [first] = RUN.record.settings.entries;
  if (first === undefined) throw new Error('the fixture has rows');
  const run = withHardware(RUN);
  const comparison = compareRuns([rowOf(run, first.label)], [rowOf(run, first.label)]);
  expect(comparison.design).toBe('pairs');
  expect(instructionsOf(comparison).map(({ verdict }) => verdict)).toEqual(Array(4).fill('same'));
});

test('The history of instructions has what each run counted', () => {
  const runs = [RUN, SECOND_RUN, OTHER].map((run) => withHardware(run));
  if (FIRST === undefined) throw new Error('there are metrics');
  const [cell] = historyOf(runs, { metric: FIRST, like: RUN.record, compare: COMPARE_DEFAULTS }).cells;
  expect(cell?.runs.map(({ trials, before }) => [trials, before?.verdict])).toEqual([
    [2, undefined],
    [2, 'same'],
    [2, 'same'],
  ]);
  for (const { level } of cell?.runs ?? []) expect(level).toBeCloseTo(1500, 6);
  expect(cell?.spread).toMatchObject({ runs: 3 });
});

test('A noise certificate is of times', () => {
  const run = fixtureEquals();
  const certify = (of: RunResult) =>
    certifyNoise(of, {
      seed: 1,
      detect: 0.05,
      history: [],
      compare: (base, current) => compareRuns(base, current),
    });
  expect(certify(withHardware(run))).toEqual(certify(run));
}, 60_000);

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
