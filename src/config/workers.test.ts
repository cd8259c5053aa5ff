import { describe, expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import type { CpuTopology } from './cpus.ts';
import {
  cpusOfRow,
  parseWorkers,
  serverCpusFor,
  withWorkers,
  workersOf,
  workersWarnings,
} from './workers.ts';

/** `cores` cores of `threads` CPUs; the second threads are numbered behind all first ones, as Linux does. */
function topology(cores: number, threads = 1): CpuTopology {
  const cpus = Array.from({ length: cores * threads }, (_, cpu) => cpu);
  const siblings = (cpu: number) => cpus.filter((other) => other % cores === cpu % cores);
  return { allowed: cpus, online: cpus, siblings: new Map(cpus.map((cpu) => [cpu, siblings(cpu)])) };
}

describe('--workers', () => {
  test.each([
    [undefined, [1]],
    ['4', [4]],
    ['1,2,4', [1, 2, 4]],
    ['4, 2,2', [2, 4]],
    ['auto', 'auto'],
  ] as const)('%s is %j', (text, asked) => {
    const problems: string[] = [];
    expect(parseWorkers(text, problems)).toEqual(asked);
    expect(problems).toEqual([]);
  });

  test.each(['0', '1025', '-1', '2.5', '1,', 'two', '', 'auto,2'])('%j is refused', (text) => {
    const problems: string[] = [];
    expect(parseWorkers(text, problems)).toEqual([1]);
    expect(problems).toEqual([expect.stringContaining(`--workers ${text}: must be`)]);
  });
});

describe('the CPUs of servers with workers', () => {
  test.each([
    ['one worker: as ever', [1], topology(8), undefined],
    ['two CPUs: as ever', [2], topology(2), undefined],
    ['two CPUs that are one core and another: as ever', [4], topology(2, 2), undefined],
    ['a core for each, beside one for the client', [1, 2], topology(4), [1, 2]],
    ['as many as leave the client a core', [8], topology(4), [1, 2, 3]],
    ['second threads of cores where cores run out', [4], topology(4, 2), [1, 2, 3, 5]],
    ['auto: a third of the cores', 'auto', topology(12), [1, 2, 3, 4]],
    ['auto on few cores: as ever', 'auto', topology(4), undefined],
  ] as const)('%s', (_what, asked, host, cpus) => {
    expect(serverCpusFor(asked, host)).toEqual(cpus);
  });

  test('auto is one worker for each of them', () => {
    expect(workersOf('auto', [1, 2, 3])).toEqual([3]);
    expect(workersOf('auto', null)).toEqual([1]);
    expect(workersOf([1, 4], [1, 2])).toEqual([1, 4]);
  });

  test('a row has as many as it has workers, a row without workers has all', () => {
    expect(cpusOfRow([1, 2, 3, 4], { workers: 2 })).toEqual([1, 2]);
    expect(cpusOfRow([1], { workers: 2 })).toEqual([1]);
    expect(cpusOfRow([1, 2], {})).toEqual([1, 2]);
    expect(cpusOfRow(null, { workers: 2 })).toBeNull();
  });
});

describe('rows', () => {
  const sharing = MODELS.find(({ tasks }) => tasks === 'workers')?.id ?? '';
  const alone = MODELS.find(({ tasks }) => tasks === 'one')?.id ?? '';

  test('a model with workers is there once per count, under labels of their own, another once', () => {
    expect(withWorkers([alone, sharing], [1, 2, 4])).toEqual([
      { model: alone, label: alone },
      { model: sharing, label: sharing, workers: 1 },
      { model: sharing, label: `${sharing}.w2`, workers: 2 },
      { model: sharing, label: `${sharing}.w4`, workers: 4 },
    ]);
  });

  test('more workers than CPUs are said, and that nothing has workers', () => {
    const entries = withWorkers([sharing], [2]);
    expect(workersWarnings([1, 2], [1], entries)).toEqual([
      '2 workers share 1 server CPU: scaling is not measured here',
    ]);
    expect(workersWarnings([2], null, entries)).toEqual([
      '2 workers share CPUs that are not pinned: scaling is not measured here',
    ]);
    expect(workersWarnings([2], [1, 2], entries)).toEqual([]);
    expect(workersWarnings([1], [1], entries)).toEqual([]);
    expect(workersWarnings([2], [1, 2], withWorkers([alone], [2]))).toEqual([
      '--workers 2: no model of this run has workers; they are run as they are',
    ]);
  });
});
