import { expect, test } from 'vitest';
import { fakeSettings } from '../fixtures/run-deps.ts';
import { MODELS } from '../models/registry.ts';
import { planRun } from '../plan/plan-run.ts';
import { planText } from './dry-run.ts';

function text(instruments: readonly 'cpu'[]): string {
  return planText(
    planRun({
      settings: fakeSettings({ blocks: 3 }),
      models: MODELS,
      nofile: null,
      support: [],
      instruments,
    }),
  );
}

test("Trials with the CPU's counters are in a dry run, in what it counts and in how long it takes", () => {
  expect(text(['cpu'])).toMatchInlineSnapshot(`
    "block 1  poll  small  CPU counters
    block 1  poll  small
    block 1  epoll-lt  small
    block 1  epoll-lt  small  CPU counters
    block 2  epoll-lt  small  CPU counters
    block 2  epoll-lt  small
    block 2  poll  small
    block 2  poll  small  CPU counters
    block 3  epoll-lt  small
    block 3  poll  small
    10 trials, 2.5 s of load, seed 7
    about 3 s of wall time; compiling comes before it, the first time; trials with the CPU's counters only where these may be used
    "
  `);
  expect(text([])).toMatchInlineSnapshot(`
    "block 1  poll  small
    block 1  epoll-lt  small
    block 2  epoll-lt  small
    block 2  poll  small
    block 3  epoll-lt  small
    block 3  poll  small
    6 trials, 1.5 s of load, seed 7
    about 2 s of wall time; compiling comes before it, the first time
    "
  `);
});
