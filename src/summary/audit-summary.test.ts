import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import { summarizeAudits } from './audit-summary.ts';

const CELL = { label: 'epoll-lt', workload: 'many-connections' };

function changed(change: (trial: TrialResult) => TrialResult): RunResult {
  const run = fixtureRun({ audit: true });
  return { ...run, trials: run.trials.map(change) };
}

test('Every counter that audited a cell is told with how often it agreed', () => {
  const summary = { trials: 2, agreeing: 2, disagreements: [], failed: 0 };
  expect(summarizeAudits(fixtureRun({ audit: true }), CELL)).toEqual([
    { counter: 'tracepoint', ...summary },
    { counter: 'strace', ...summary },
  ]);
});

test('Without audits there is nothing to tell', () => {
  expect(summarizeAudits(fixtureRun(), CELL)).toEqual([]);
  expect(summarizeAudits(fixtureRun({ audit: true }), { ...CELL, label: 'kqueue' })).toEqual([]);
});

test('A disagreement is kept by name, and an audit that broke is no agreement', () => {
  const found = { syscall: 'recvfrom', own: 10, counted: 12, why: 'the server missed calls' };
  const run = changed((trial) => {
    if (trial.status !== 'audited' || trial.counter !== 'strace') return trial;
    if (trial.block === 0) return { ...trial, audit: { ...trial.audit, disagreements: [found] } };
    const { observation: _, audit: __, ...rest } = trial;
    return { ...rest, status: 'failed', stage: 'audit', message: 'no table' };
  });
  expect(summarizeAudits(run, CELL)).toMatchObject([
    { counter: 'tracepoint', agreeing: 2 },
    { counter: 'strace', trials: 1, agreeing: 0, failed: 1, disagreements: [found] },
  ]);
});
