import { describe, expect, test } from 'vitest';
import { fixtureBoots, withGuest } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { PATH_LENGTH_ID } from '../metrics/registry.ts';
import type { RunResult } from '../results/schema.ts';
import { kernelMatrices } from './kernel-matrix.ts';

function only(runs: readonly RunResult[]) {
  const [matrix, more] = kernelMatrices(runs);
  if (matrix === undefined || more !== undefined) throw new Error('not one matrix');
  return matrix;
}

function cellOf(runs: readonly RunResult[], label: string, kernel: number) {
  const row = only(runs).rows.find((one) => one.label === label && one.workload === 'many-connections');
  const cell = row?.cells[kernel];
  if (cell === undefined) throw new Error(`no cell of ${label}`);
  return cell;
}

describe('Models and kernels', () => {
  const boots = fixtureBoots();

  test('the first kernel of the series is what the others are compared with, in whatever order the runs come', () => {
    for (const runs of [boots, boots.toReversed()])
      expect(only(runs).kernels).toMatchObject([
        { release: '6.12.1', comparison: null },
        { release: '7.2.1', comparison: { outcome: 'regressed' } },
      ]);
  });

  test('a path that is longer by a tenth is found in every cell', () => {
    const cell = cellOf(boots, 'epoll-lt', 1);
    expect(cell).toMatchObject({ boots: 3, modes: null, verdict: 'regressed' });
    expect(cell.change?.ratio).toBeCloseTo(1.1, 3);
    expect(cellOf(boots, 'epoll-lt', 0)).toMatchObject({ verdict: null, change: null });
  });

  test('one that is longer by a per cent is the same where 2 % are to be found, and not where 0.5 % are', () => {
    expect(cellOf(fixtureBoots(fixtureRun(), { longer: 0.01 }), 'epoll-lt', 1)).toMatchObject({
      verdict: 'same',
    });
    const rows = only(fixtureBoots(fixtureRun(), { longer: 0.01 })).rows;
    const [single] = rows.filter(({ workload }) => workload === 'ping-pong');
    if (single !== undefined) expect(single.cells[1]).toMatchObject({ verdict: 'regressed' });
  });

  test('equals pass', () => {
    expect(only(fixtureBoots(fixtureRun(), { longer: 0 })).kernels[1]?.comparison?.outcome).toBe('passed');
  });

  test('the gate is the path length, and no time is among the metrics', () => {
    const { comparison } = only(boots).kernels[1] ?? {};
    expect(comparison?.overall.filter(({ gate }) => gate).map(({ metric }) => metric)).toEqual([
      PATH_LENGTH_ID,
    ]);
    expect(comparison?.metrics.filter(({ metric }) => /Ns|PerS$/.test(metric))).toEqual([]);
    expect(comparison?.leftOut.filter(({ metric }) => metric !== null && /Ns|PerS$/.test(metric))).toEqual(
      [],
    );
  });

  test('guests with other numbers of CPUs, clocks, or versions of QEMU stand apart', () => {
    const others = [{ smp: 2 }, { clock: 'kvm' }, { qemu: '10.1.0' }, { cpu: 'EPYC' }] as const;
    for (const other of others)
      expect(kernelMatrices([...boots, withGuest(fixtureRun(), other)])).toHaveLength(2);
  });

  test('runs of no guest are left out', () => {
    expect(kernelMatrices([fixtureRun()])).toEqual([]);
  });

  test('a cell whose boots fall into two groups is bimodal', () => {
    const bimodal = boots.map((run) =>
      run.record.environment.kernel === '7.2.1' && run.record.environment.guest?.boot === 1
        ? withGuest(run, { ...run.record.environment.guest, pathOf: ({ block }) => 36_000 + block })
        : run,
    );
    expect(cellOf(bimodal, 'epoll-lt', 1)).toMatchObject({ modes: { low: expect.closeTo(33_003, -1) } });
    expect(cellOf(bimodal, 'epoll-lt', 0).modes).toBeNull();
  });
});
