import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeGuestOptions, fakeGuest } from '../fixtures/agent.ts';
import { GUEST } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { FAKE_MACHINE } from '../fixtures/series.ts';
import type { GuestOptions } from '../place/guest/boot.ts';
import { GuestError } from '../place/guest/failures.ts';
import type { RunSettings, TrialResult } from '../results/schema.ts';
import { readRun } from '../results/store.ts';
import type { RunListener } from '../run.ts';
import { ANSWER_TIMEOUT_MS, type BootRequest, bootRun } from './boot-run.ts';
import { SymbolStore } from './explain-boot.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-boot-run-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const FIXTURE = fixtureRun().record.settings;
/** Two rows of a workload, twice. */
const SETTINGS: RunSettings = {
  ...FIXTURE,
  entries: ['epoll-lt', 'poll'].map((model) => ({ model, label: model })) as RunSettings['entries'],
  workloads: FIXTURE.workloads.filter(({ mode }) => mode === 'closed').slice(0, 1),
  ...{ blocks: 2, retry: null, audit: false, cpuCounters: false, baseline: 'epoll-lt' },
  ...{ serverCpus: [0], clientCpus: [0] },
};
const FILES = {
  '/proc/sys/kernel/osrelease': '6.12.1\n',
  '/proc/self/status': 'Cpus_allowed_list:\t0\n',
  '/proc/cpuinfo': 'processor\t: 0\n',
};

/** A boot of the fake machine. */
async function boot(how: FakeGuestOptions = {}, change: Partial<BootRequest> = {}) {
  const fake = fakeGuest({ files: FILES, ...how });
  const booted: GuestOptions[] = [];
  const results: TrialResult[] = [];
  const nothing = () => {};
  const listener: RunListener = {
    ...{ waiting: nothing, planned: nothing, trialStarted: nothing, blockEnded: nothing, repeating: nothing },
    trialEnded: (result) => void results.push(result),
  };
  let ms = 0;
  const request: BootRequest = {
    ...{ machine: FAKE_MACHINE, kernel: '/vmlinuz', guest: GUEST, kind: 'run', runId: 'boot-1' },
    ...{ settings: SETTINGS, results: folder, listener, signal: new AbortController().signal },
    tool: { name: 'iomodels-bench', version: '0.1.0' },
    clocks: { now: () => new Date(0).toISOString(), monotonicMs: () => ms++ },
    ...change,
  };
  const ended = bootRun(request, async (options) => {
    booted.push(options);
    return fake.guest;
  });
  // Whoever expects it to fail reads what went before.
  ended.catch(nothing);
  await ended.catch(nothing);
  return { ...fake, booted, results, ended };
}

describe('A boot', () => {
  test('is a run like any other, stored with the guest that it was measured in', async () => {
    const { ended, booted, results } = await boot();
    const { result, unexplained } = await ended;
    expect(unexplained).toBeNull();
    expect(result.record).toMatchObject({
      ...{ runId: 'boot-1', status: 'complete', kind: 'run' },
      environment: { kernel: '6.12.1', host: 'guest', guest: GUEST },
    });
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'measured'));
    const stored = await readRun('boot-1', folder);
    expect(stored.trials).toHaveLength(4);
    expect(stored.problems).toEqual([]);
    expect(booted).toMatchObject([
      { kernel: '/vmlinuz', clock: 'icount', smp: 1, folder: join(folder, 'boot-1', 'logs') },
    ]);
    expect(booted[0]?.plugin).toBeUndefined();
  });

  test('comes to rest, is asked what it is and what runs there, is measured, and powered off', async () => {
    const { told, ended } = await boot();
    await ended;
    const steps = told.filter((step, i) => step !== told[i - 1]);
    expect(steps.filter((step) => !step.startsWith('probe'))).toEqual([
      ...['settle 5000', 'files', 'trial', 'power-off', 'kill'],
    ]);
    expect(told.indexOf('files')).toBeLessThan(told.indexOf('probe epoll'));
    expect(told.indexOf('probe epoll')).toBeLessThan(told.indexOf('trial'));
  });

  test('makes its first trial twice, and keeps the second', async () => {
    const { trials, ended } = await boot();
    const { result } = await ended;
    expect(trials).toHaveLength(result.trials.length + 1);
    const [warming, first] = trials;
    expect([warming?.program, warming?.args]).toEqual([first?.program, first?.args]);
    expect(warming?.load).toEqual(first?.load);
  });

  test('warms up with no crowd of connections that only stay open', async () => {
    const [workload] = SETTINGS.workloads;
    if (workload?.mode !== 'closed') throw new Error('no closed workload');
    const crowd = { ...workload, connections: 20_000, active: 1 };
    const { trials } = await boot({}, { settings: { ...SETTINGS, workloads: [crowd] } });
    expect(trials.slice(0, 2).map(({ load }) => load.connections)).toEqual([1000, 20_000]);
  });

  test('sets a deadline for everything it waits for, longer for more connections', async () => {
    const { deadlines } = await boot();
    const names = [...deadlines.keys()];
    expect(names).toContain('what it says of itself');
    expect(names).toContain('the probe of epoll');
    const trial = (all: ReadonlyMap<string, number>) =>
      [...all].find(([name]) => name.startsWith('the result of epoll'))?.[1] ?? 0;
    expect(trial(deadlines)).toBeGreaterThan(ANSWER_TIMEOUT_MS.least);
    const [workload] = SETTINGS.workloads;
    if (workload?.mode !== 'closed') throw new Error('no closed workload');
    const crowd = { ...workload, connections: 20_000, active: 1 };
    const more = await boot({}, { runId: 'boot-2', settings: { ...SETTINGS, workloads: [crowd] } });
    expect(trial(more.deadlines)).toBeGreaterThan(trial(deadlines) + 500_000);
  });
});

describe('Of a row', () => {
  test.each([
    [
      'its probe refuses it, with the reason',
      { exitCode: 77, stdout: '', stderr: 'no io_uring\n' },
      /no io_uring/,
    ],
    ['its probe is killed', { exitCode: null, signal: 'SIGSEGV', stdout: '', stderr: '' }, /SIGSEGV/],
  ])('that %s nothing is measured, and the others are', async (_, answer, why) => {
    const { ended } = await boot({ probe: (program) => (program === 'poll' ? answer : {}) });
    const { result } = await ended;
    expect(new Set(result.trials.map(({ label }) => label))).toEqual(new Set(['epoll-lt']));
    const skipped = result.record.cells.find(({ label }) => label === 'poll');
    expect(skipped?.skipReason).toMatch(why);
  });

  test('that could not be linked statically the reason is kept', async () => {
    const programs = {
      ...FAKE_MACHINE.programs,
      ...{ programs: ['epoll'], skipped: new Map([['poll', 'no libx.a']]) },
    };
    const { ended } = await boot({}, { machine: { ...FAKE_MACHINE, programs } });
    const { result } = await ended;
    expect(result.record.cells.map(({ skipReason }) => skipReason)).toEqual([null, 'no libx.a']);
  });
});

describe('A trial that fails in a guest', () => {
  const failing: FakeGuestOptions['trial'] = (_, call) =>
    call === 2 ? { stage: 'load', message: 'timeout: nobody answers', report: null } : {};

  test('is one trial, and the rest goes on', async () => {
    const { ended } = await boot({ trial: failing });
    const { result } = await ended;
    const failed = result.trials.filter((trial) => trial.status === 'failed');
    expect(failed).toMatchObject([{ stage: 'load', message: 'timeout: nobody answers' }]);
    expect(result.trials).toHaveLength(4);
  });

  test('is told with what its kernel said meanwhile of memory', async () => {
    const consolePath = join(folder, 'console');
    writeFileSync(consolePath, 'Out of memory: Killed process 1 (before)\n');
    const { ended } = await boot({
      consolePath,
      trial: (ask, call) => {
        if (call === 2)
          writeFileSync(consolePath, 'Out of memory: Killed process 9 (epoll)\n', { flag: 'a' });
        return failing(ask, call);
      },
    });
    const { result } = await ended;
    expect(result.trials.find((trial) => trial.status === 'failed')).toMatchObject({
      message: expect.stringMatching(/nobody answers: .*killed epoll \(--memory gives it more\)$/),
    });
  });
});

describe('A guest that breaks in the middle', () => {
  test('is killed, rejects, and what was measured is stored as broken', async () => {
    const panic = new GuestError('panic', 'the kernel panicked');
    const { ended, told } = await boot({
      trial: (_, call) => {
        if (call === 3) throw panic;
        return {};
      },
    });
    await expect(ended).rejects.toBe(panic);
    expect(told.at(-1)).toBe('kill');
    expect(told).not.toContain('power-off');
    const { record, trials } = await readRun('boot-1', folder);
    expect([record.status, trials.length]).toEqual(['broken', 2]);
  });

  test('by an abort is killed, rejects with the reason, and what was measured is stored', async () => {
    const aborter = new AbortController();
    const reason = new Error('interrupted');
    const { ended, told } = await boot(
      {
        trial: (_, call) => {
          if (call === 3) aborter.abort(reason);
          aborter.signal.throwIfAborted();
          return {};
        },
      },
      { signal: aborter.signal },
    );
    await expect(ended).rejects.toBe(reason);
    expect(told.at(-1)).toBe('kill');
    const { record, trials } = await readRun('boot-1', folder);
    expect([record.status, trials.length]).toEqual(['interrupted', 2]);
  });
});

describe('Instructions by function', () => {
  test('are counted between marks, which a boot that is not explained does not make', async () => {
    expect((await boot()).trials.map(({ marks }) => marks ?? false)).not.toContain(true);
    const explain = { pluginPath: '/plugin.so', folder, symbols: new SymbolStore() };
    const { trials, booted, told, ended } = await boot({}, { runId: 'boot-2', explain });
    // Not the one that warms up: nobody would know whose window that is.
    expect(trials.map(({ marks }) => marks ?? false)).toEqual([false, true, true, true, true]);
    expect(booted[0]?.plugin).toEqual({ path: '/plugin.so', output: join(folder, 'boot-2.counts') });
    expect(told.indexOf('symbols')).toBeGreaterThan(told.lastIndexOf('trial'));
    // The fake guest has no plugin that wrote anything.
    expect((await ended).unexplained).toMatch(/^not explained: /);
  });

  test('cost a boot nothing that was measured where the guest breaks before it has told its symbols', async () => {
    const late = new GuestError('deadline', "its kernel's symbols did not come within 120 s");
    const explain = { pluginPath: '/plugin.so', folder, symbols: new SymbolStore() };
    const symbols = () => {
      throw late;
    };
    const { ended, told } = await boot({ symbols }, { explain });
    const { unexplained } = await ended;
    expect(unexplained).toBe(`not explained: ${late.message}`);
    expect(told.at(-1)).toBe('kill');
    const { record, trials } = await readRun('boot-1', folder);
    expect([record.status, trials.length]).toEqual(['complete', 4]);
  });
});
