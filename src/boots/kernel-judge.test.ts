import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { bootedRun, FAKE_MACHINE, fakeKernel, tellingSeries } from '../fixtures/series.ts';
import type { Kernel } from '../kernels/schema.ts';
import { GuestError } from '../place/guest/failures.ts';
import { createStore } from '../results/store.ts';
import { EnvironmentError } from '../util/errors.ts';
import type { bootRun } from './boot-run.ts';
import { type JudgeOptions, KernelJudge, seriesOf } from './kernel-judge.ts';

let folder: string;
let kernels: Readonly<Record<string, Kernel>>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-judge-'));
  kernels = Object.fromEntries(
    ['good', 'same', 'bad', 'noisy', 'panics'].map((name) => {
      writeFileSync(join(folder, name), name);
      return [name, fakeKernel(name, join(folder, name))];
    }),
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

const kernel = (name: string): Kernel => kernels[name] ?? fakeKernel(name, join(folder, name));
const { settings } = fixtureRun().record;
/** One cell, of those that the fixture run has. */
const SETTINGS = {
  ...settings,
  entries: settings.entries.filter(({ label }) => label === 'epoll-lt'),
  workloads: settings.workloads.filter(({ id }) => id === 'many-connections'),
};

function optionsOf(change: Partial<JudgeOptions> = {}): JudgeOptions {
  let tick = 0;
  return {
    ...{ kernels: Object.values(kernels), good: kernel('good'), smp: 1, boots: 3, jobs: 2, detect: null },
    ...{ settings: SETTINGS, machine: FAKE_MACHINE, results: join(folder, 'results'), explain: null },
    tool: { name: 'iomodels-bench', version: '0.1.0' },
    clocks: { now: () => new Date(1000 * tick++).toISOString(), monotonicMs: () => tick },
    listener: tellingSeries().listener,
    signal: new AbortController().signal,
    ...change,
  };
}

/** How much longer the path is under each kernel, by its boot; throws to break it. */
type Longer = (boot: number) => number;
const LONGER: Readonly<Record<string, Longer>> = {
  good: () => 1,
  same: () => 1.0001,
  bad: () => 1.1,
  noisy: (boot) => (boot % 2 === 0 ? 1 : 1.3),
  panics: () => {
    throw new GuestError('panic', 'the kernel panicked\n  | its last words');
  },
};

/** Boots at once and stores nothing; counts by kernel. */
function fakeBoots(longer: Readonly<Record<string, Longer>> = LONGER) {
  const counts: Record<string, number> = {};
  const boot: typeof bootRun = async (request) => {
    const name = request.guest.image;
    counts[name] = (counts[name] ?? 0) + 1;
    return bootedRun(request, 30_000 * (longer[name]?.(request.guest.boot) ?? 1));
  };
  return { boot, counts };
}

test.each([
  ['same', 'good'],
  ['bad', 'bad'],
] as const)('The kernel that is %s is %s, in three boots of each', async (name, judgement) => {
  const { boot, counts } = fakeBoots();
  const judge = await KernelJudge.open(optionsOf(), boot);
  const verdict = await judge.judge(kernel(name));
  expect(verdict).toMatchObject({ judgement, reason: null });
  expect(verdict.runs).toHaveLength(3);
  expect(counts).toEqual({ good: 3, [name]: 3 });
});

test.each([
  ['half of the step', 0.05, 'bad', 3],
  ['twice the step', 0.2, 'good', 3],
  ['within what boots differ by', 0.1, 'unknown', 6],
] as const)('A step of 10 %% beside a threshold of %s', async (_, detect, judgement, boots) => {
  const { boot, counts } = fakeBoots({ ...LONGER, bad: (n) => 1.1 + 0.001 * ((n % 3) - 1) });
  const judge = await KernelJudge.open(optionsOf({ detect }), boot);
  const verdict = await judge.judge(kernel('bad'));
  expect(verdict.judgement).toBe(judgement);
  expect(verdict.reason).toBe(
    judgement === 'unknown' ? 'its interval lies on both sides of the 10 % that are asked for' : null,
  );
  expect(counts).toEqual({ good: boots, bad: boots });
});

test('The good kernel is measured once for all that are judged', async () => {
  const { boot, counts } = fakeBoots();
  const judge = await KernelJudge.open(optionsOf(), boot);
  for (const name of ['bad', 'same', 'bad']) await judge.judge(kernel(name));
  expect(counts).toEqual({ good: 3, bad: 3, same: 3 });
  expect(judge.goodRuns()).toHaveLength(3);
});

test('What does not decide is booted as often once more, the good one too', async () => {
  const { boot, counts } = fakeBoots();
  const judge = await KernelJudge.open(optionsOf(), boot);
  const verdict = await judge.judge(kernel('noisy'));
  expect(counts).toEqual({ good: 6, noisy: 6 });
  expect(verdict).toMatchObject({ judgement: 'unknown', reason: expect.any(String) });
  expect(new Set(verdict.runs.map(({ record }) => record.environment.guest?.boot)).size).toBe(6);
});

test('A kernel that breaks by itself is unknown, with the reason', async () => {
  const judge = await KernelJudge.open(optionsOf(), fakeBoots().boot);
  expect(await judge.judge(kernel('panics'))).toMatchObject({
    ...{ judgement: 'unknown', metric: null, runs: [], reason: 'the kernel panicked' },
  });
});

test.each([
  ['that the good kernel breaks', { ...LONGER, good: LONGER.panics ?? (() => 1) }, 'bad', /panicked/],
  [
    'that QEMU breaks',
    {
      ...LONGER,
      bad: () => {
        throw new GuestError('qemu', 'QEMU failed');
      },
    },
    'bad',
    /QEMU failed/,
  ],
  [
    'what is not of a guest',
    {
      ...LONGER,
      bad: () => {
        throw new EnvironmentError('a full disk');
      },
    },
    'bad',
    /a full disk/,
  ],
] as const)('It is no verdict %s: it is thrown', async (_, longer, name, why) => {
  const judge = await KernelJudge.open(optionsOf(), fakeBoots(longer).boot);
  await expect(judge.judge(kernel(name))).rejects.toThrow(why);
});

test('Boots that are stored are not measured again, and what is lacking is', async () => {
  const options = optionsOf();
  const series = seriesOf(options.settings, options.machine, options.smp);
  const first = fakeBoots();
  const stored: typeof bootRun = async (request) => {
    const booted = await first.boot(request);
    const store = await createStore(request.results, request.runId);
    await store.saveRecord(booted.result.record);
    for (const trial of booted.result.trials) await store.appendTrial(trial);
    return booted;
  };
  const before = await KernelJudge.open(optionsOf({ boots: 2 }), stored);
  await before.judge(kernel('bad'));
  expect(first.counts).toEqual({ good: 2, bad: 2 });
  const again = fakeBoots();
  const judge = await KernelJudge.open(options, again.boot);
  const { judgement, runs } = await judge.judge(kernel('bad'));
  expect(again.counts).toEqual({ good: 1, bad: 1 });
  expect([judgement, runs.length]).toEqual(['bad', 3]);
  for (const { record } of runs) expect(record.environment.guest?.series).toBe(series);
});

test('A search is another one where anything is measured otherwise', () => {
  const { machine } = optionsOf();
  const ids = [
    seriesOf(SETTINGS, machine, 1),
    seriesOf(SETTINGS, machine, 2),
    seriesOf(SETTINGS, { ...machine, cpu: 'qemu64' }, 1),
    seriesOf(SETTINGS, { ...machine, qemu: { ...machine.qemu, version: '10.1.0' } }, 1),
    seriesOf({ ...SETTINGS, blocks: SETTINGS.blocks + 1 }, machine, 1),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(seriesOf(SETTINGS, machine, 1)).toBe(ids[0]);
});
