import { describe, expect, test } from 'vitest';
import type { KernelMatrix, MatrixCell } from '../compare/kernel-matrix-schema.ts';
import { documentOf, tablePart } from '../document/document.ts';
import { renderDocument } from '../render/terminal.ts';
import { kernelNames, kernelsTable } from './kernels-table.ts';

const NOTHING: Omit<MatrixCell, 'kernel'> = {
  ...{ value: null, boots: 0, modes: null, change: null, verdict: null, reason: null },
};
const BASE: Partial<MatrixCell> = { value: 30_000, boots: 3 };

/** Of a second kernel whose path is so much longer. */
const changed = (ratio: number, verdict: MatrixCell['verdict']): Partial<MatrixCell> => ({
  ...{ value: 30_000 * ratio, boots: 3, verdict },
  change: { ratio, interval: { low: ratio - 0.001, high: ratio + 0.001 } } as MatrixCell['change'],
});

type Cells = readonly Partial<MatrixCell>[];

function matrixOf(rows: Readonly<Record<string, Cells>>, smp = 1): KernelMatrix {
  const kernels = Math.max(...Object.values(rows).map(({ length }) => length));
  return {
    guest: { clock: 'icount', qemu: '10.0.13', cpu: 'max', smp },
    kernels: ['6.1.0-50-cloud-amd64', '7.3.4+deb13-cloud-amd64'].slice(0, kernels).map((release) => ({
      ...{ release, build: '#1 SMP', runs: [], comparison: null },
    })),
    rows: Object.entries(rows).map(([label, cells]) => ({
      ...{ label, model: label, workload: 'ping-pong' },
      cells: cells.map((cell, kernel) => ({ ...NOTHING, ...cell, kernel })),
    })),
  };
}

const print = (matrix: KernelMatrix) =>
  renderDocument(documentOf({ title: '', parts: [tablePart(kernelsTable(matrix))] }), {
    ...{ width: 120, color: false },
  });

test('Every verdict has a sign, and every sign that is used is explained', () => {
  const text = print(
    matrixOf({
      'epoll-lt': [BASE, changed(1.179, 'regressed')],
      poll: [BASE, changed(0.95, 'improved')],
      blocking: [BASE, changed(1.0002, 'same')],
      io_uring: [BASE, { ...changed(1.012, 'inconclusive'), reason: 'too few boots' }],
      'epoll-busy': [
        { reason: 'not meaningful: it polls instead of waiting' },
        { reason: 'not meaningful: it polls instead of waiting' },
      ],
      'epoll-et': [BASE, { ...changed(1.04, 'same'), modes: { low: 30_000, high: 32_400, highShare: 0.4 } }],
    }),
  );
  expect(text).toMatchInlineSnapshot(`
    "Guest instructions per request, 1 CPU for server and client
    workload   model            6.1.0                        7.3.4
                           instr./req           instr./req, change
    ping-pong  epoll-lt        30,000            35,370  +17.9 % !
    ping-pong  poll            30,000            28,500  -5.00 % +
    ping-pong  blocking        30,000            30,006  +0.02 % =
    ping-pong  io_uring        30,000            30,360  +1.20 % ?
    ping-pong  epoll-busy           -                            -
    ping-pong  epoll-et        30,000  30,000 or 32,400  +4.00 % =
      Against 6.1.0: ! longer, + shorter, = the same within what is to be found, ? not decided.
      bimodal: epoll-et ping-pong under 7.3.4: its trials fall into two groups, 40 % of them in the upper one.
      io_uring ping-pong 7.3.4: too few boots
      epoll-busy ping-pong 6.1.0; epoll-busy ping-pong 7.3.4: not meaningful: it polls instead of waiting"
  `);
});

test('Of one kernel there is its path length, and no sign', () => {
  const text = print(matrixOf({ 'epoll-lt': [BASE] }, 2));
  expect(text).toMatchInlineSnapshot(`
    "Guest instructions per request, 2 CPUs: server and client have one each
    workload   model          6.1.0
                         instr./req
    ping-pong  epoll-lt      30,000"
  `);
});

describe('A kernel is called', () => {
  const names = (...releases: string[]) => kernelNames(releases.map((release) => ({ release })));
  test.each([
    { what: 'by its version alone', releases: ['6.1.0-50-x', '6.12.107+y'], called: ['6.1.0', '6.12.107'] },
    {
      what: 'by its whole release where another one begins alike',
      releases: ['6.12.1-a', '6.12.1-b'],
      called: ['6.12.1-a', '6.12.1-b'],
    },
    {
      what: 'by a number where two builds have one release',
      releases: ['6.12.1-a', '6.12.1-a', '6.12.1-a'],
      called: ['6.12.1', '6.12.1#2', '6.12.1#3'],
    },
    {
      what: 'by its candidate',
      releases: ['6.19.0-rc1', '6.19.0-rc2'],
      called: ['6.19.0-rc1', '6.19.0-rc2'],
    },
    { what: 'as it calls itself', releases: ['custom'], called: ['custom'] },
  ])('$what', ({ releases, called }) => {
    expect(names(...releases)).toEqual(called);
  });
  test('by no name that another one has', () => {
    for (const releases of [
      ['6.12.10', '6.12.1'],
      ['6.12.1', '6.12.1-a', '6.12.1'],
    ])
      expect(new Set(names(...releases)).size).toBe(releases.length);
  });
});
