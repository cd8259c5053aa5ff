import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { bootedRun, FAKE_MACHINE, fakeKernel, tellingSeries } from '../fixtures/series.ts';
import type { Kernel } from '../kernels/schema.ts';
import { GuestError } from '../place/guest/failures.ts';
import { EnvironmentError, InterruptedError, NotWrittenError } from '../util/errors.ts';
import type { BootRequest, bootRun } from './boot-run.ts';
import { SymbolStore } from './explain-boot.ts';
import { planBoots } from './plan-boots.ts';
import { runBoots, type SeriesRequest } from './series.ts';

let folder: string;
let kernels: readonly Kernel[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-series-'));
  kernels = ['A', 'B'].map((name) => {
    const path = join(folder, name);
    writeFileSync(path, name);
    return fakeKernel(name, path);
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const planned = (boots = 2, smps = [1]) => planBoots({ kernels, smps, boots });

function requestOf(change: Partial<SeriesRequest> = {}) {
  const { told, listener } = tellingSeries();
  let tick = 0;
  const request: SeriesRequest = {
    ...{ id: 'series-1', kernels, jobs: 1, kind: 'run', machine: FAKE_MACHINE, listener },
    settings: fixtureRun().record.settings,
    results: join(folder, 'results'),
    tool: { name: 'iomodels-bench', version: '0.1.0' },
    clocks: { now: () => new Date(1000 * tick++).toISOString(), monotonicMs: () => tick },
    signal: new AbortController().signal,
    explain: null,
    ...change,
  };
  return { request, told };
}

/** Measures at once, and keeps what it was asked. @param before throws to let the boot break. */
function fakeBoot(before: (request: BootRequest, call: number) => void | Promise<void> = () => {}) {
  const requests: BootRequest[] = [];
  const boot: typeof bootRun = async (request) => {
    await before(request, requests.push(request) - 1);
    return bootedRun(request);
  };
  return { boot, requests };
}

const nameOf = ({ kernel, guest }: BootRequest) => `${kernel.at(-1)}${guest.smp}.${guest.boot}`;

describe('The boots of a series', () => {
  test('are measured in the order of the plan, each as a guest of its own', async () => {
    const { boot, requests } = fakeBoot();
    const { request, told } = requestOf();
    const outcomes = await runBoots(planned(), request, boot);
    expect(requests.map(nameOf)).toEqual(['A1.0', 'B1.0', 'B1.1', 'A1.1']);
    expect(requests.map(({ guest }) => guest.place)).toEqual([0, 1, 1, 0]);
    expect(requests[0]?.guest).toMatchObject({ series: 'series-1', image: 'A', clock: 'icount' });
    expect(requests[0]?.guest.imageHash).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(requests.map(({ guest }) => guest.imageHash)).size).toBe(2);
    expect(new Set(requests.map(({ runId }) => runId)).size).toBe(4);
    expect(outcomes).toHaveLength(4);
    expect(told[0]).toBe('1/4 A.0');
    expect(told.at(-1)).toBe('A.1 done');
  });

  test('change the order of trials from boot to boot, alike for all kernels', async () => {
    const { boot, requests } = fakeBoot();
    await runBoots(planned(), requestOf().request, boot);
    const seeds = (n: number) =>
      requests.filter(({ guest }) => guest.boot === n).map(({ settings }) => settings.seed);
    for (const n of [0, 1]) expect(new Set(seeds(n)).size).toBe(1);
    expect(seeds(0)[0]).not.toBe(seeds(1)[0]);
  });

  test('have a CPU for both sides, or one each', async () => {
    const { boot, requests } = fakeBoot();
    await runBoots(planned(1, [1, 2]), requestOf().request, boot);
    for (const { guest, settings } of requests) {
      expect(settings.clientCpus).toEqual([0]);
      expect(settings.serverCpus).toEqual([guest.smp - 1]);
    }
  });

  test('that break are outcomes, and the others go on', async () => {
    const { boot } = fakeBoot(({ kernel }) => {
      if (kernel.endsWith('B')) throw new GuestError('panic', 'the kernel panicked');
    });
    const { request, told } = requestOf();
    const outcomes = await runBoots(planned(), request, boot);
    expect(outcomes.map((one) => ('error' in one ? one.error.message : 'result'))).toEqual([
      ...['result', 'the kernel panicked', 'the kernel panicked', 'result'],
    ]);
    expect(told).toContain('B.0 broke: the kernel panicked');
  });

  test.each([1, 2, 3])('are %d at once, and no more', async (jobs) => {
    let [now, most] = [0, 0];
    const { boot } = fakeBoot(async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      await Promise.resolve();
      now--;
    });
    expect(await runBoots(planned(3), requestOf({ jobs }).request, boot)).toHaveLength(6);
    expect(most).toBe(jobs);
  });

  test('that cannot be stored end the series: what is measured after them could not be either', async () => {
    const full = new NotWrittenError('cannot write: ENOSPC');
    const { boot, requests } = fakeBoot((_, call) => {
      if (call === 1) throw full;
    });
    await expect(runBoots(planned(3), requestOf().request, boot)).rejects.toBe(full);
    expect(requests).toHaveLength(2);
  });

  test('end with what is no fault of a guest, once all guests are off', async () => {
    const bug = new Error('a bug');
    let ended = 0;
    const { boot } = fakeBoot(async ({ signal }, call) => {
      if (call === 0) throw bug;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await Promise.resolve();
      ended++;
      signal.throwIfAborted();
    });
    await expect(runBoots(planned(), requestOf({ jobs: 2 }).request, boot)).rejects.toBe(bug);
    expect(ended).toBe(1);
  });

  test('need images that can be read, before the first of them', async () => {
    const { boot, requests } = fakeBoot();
    rmSync(join(folder, 'B'));
    await expect(runBoots(planned(), requestOf().request, boot)).rejects.toThrow(EnvironmentError);
    expect(requests).toEqual([]);
  });
});

describe('An abort', () => {
  test('ends all, says what is complete, and leaves no folder of a boot that was not begun', async () => {
    const aborter = new AbortController();
    const { boot, requests } = fakeBoot(({ results, runId, signal }, call) => {
      mkdirSync(join(results, runId, 'logs'), { recursive: true });
      if (call === 2) writeFileSync(join(results, runId, 'run.json'), '{}');
      if (call < 2) return;
      aborter.abort();
      signal.throwIfAborted();
    });
    const { request } = requestOf({ signal: aborter.signal, jobs: 1 });
    const ended = runBoots(planned(3), request, boot);
    await expect(ended).rejects.toThrow(InterruptedError);
    await expect(ended).rejects.toThrow(/with 2 of 6 boots complete; .*series-1/);
    expect(requests).toHaveLength(3);
    // That whose run had begun is kept.
    expect(readdirSync(request.results)).toHaveLength(3);
    const again = new AbortController();
    const { boot: unbegun } = fakeBoot(({ results, runId }) => {
      mkdirSync(join(results, runId, 'logs'), { recursive: true });
      again.abort();
      again.signal.throwIfAborted();
    });
    const other = requestOf({ signal: again.signal, results: join(folder, 'other') }).request;
    await expect(runBoots(planned(), other, unbegun)).rejects.toThrow(/with 0 of 4 boots complete/);
    expect(existsSync(other.results)).toBe(true);
    expect(readdirSync(other.results)).toEqual([]);
  });
});

describe('Counted by function is', () => {
  const means = () => ({ pluginPath: '/plugin.so', folder, symbols: new SymbolStore() });
  const explained = async (which: 'first' | 'all' | null) => {
    const { boot, requests } = fakeBoot();
    const explain = which && { ...means(), which };
    await runBoots(planned(2, [2, 1]), requestOf({ explain }).request, boot);
    return requests.filter((one) => one.explain !== undefined).map(nameOf);
  };

  test('the first boot of every kernel, with the fewest CPUs', async () => {
    expect(await explained('first')).toEqual(['A1.0', 'B1.0']);
  });
  test('every boot', async () => {
    expect(await explained('all')).toHaveLength(8);
  });
  test('none', async () => {
    expect(await explained(null)).toEqual([]);
  });
});
