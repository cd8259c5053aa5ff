import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { SeriesBoot } from '../boots/series.ts';
import { GUEST } from '../fixtures/guest.ts';
import { bootedRun, fakeKernel } from '../fixtures/series.ts';
import { GuestError } from '../place/guest/failures.ts';
import { createSeriesProgress } from './series-progress.ts';

const boots: readonly SeriesBoot[] = [1, 2].map((smp) => ({
  ...{ kernel: fakeKernel('6.12.1', '/vmlinuz'), smp, boot: 0 },
}));

test('Every boot has a line at both ends, and whatever broke of it one of its own', () => {
  let nowMs = 0;
  const stream = new PassThrough({ encoding: 'utf8' });
  const progress = createSeriesProgress(stream, () => nowMs);
  const [first, second] = boots;
  if (first === undefined || second === undefined) throw new Error('no boots');
  progress.bootStarted(first, 1, 2);
  progress.bootStarted(second, 2, 2);
  const booted = bootedRun({ runId: 'run-1', guest: GUEST, results: 'results' });
  const [trial] = booted.result.trials;
  if (trial === undefined) throw new Error('no trial');
  progress.trialEnded(first, trial);
  const { status: _, ...common } = trial;
  progress.trialEnded(first, { ...common, status: 'failed', stage: 'load', message: 'timeout' });
  nowMs = 20_000;
  progress.bootEnded(first, {
    ...{ planned: first, runId: 'run-1', ...booted, unexplained: 'not explained: no plugin' },
  });
  nowMs = 30_000;
  const error = new GuestError('panic', 'the kernel panicked, while the guest booted.\n  | Kernel panic');
  progress.bootEnded(second, { planned: second, runId: 'run-2', error });
  const lines = String(stream.read()).trimEnd();
  expect(lines).toMatchInlineSnapshot(`
    "boot 1 of 2: Linux 6.12.1, 1 CPU, boot 1
    boot 2 of 2: Linux 6.12.1, 2 CPUs, boot 1
    trial failed: Linux 6.12.1, 1 CPU, boot 1: epoll-lt under many-connections: load: timeout
    boot 1 of 2: not explained: no plugin
    boot 1 of 2 done: 42 trials in 20 s, stored as run-1, ETA 20 s
    boot 2 of 2 broke: Linux 6.12.1, 2 CPUs, boot 1: the kernel panicked, while the guest booted.
      | Kernel panic"
  `);
});
