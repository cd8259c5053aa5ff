import { expect, test } from 'vitest';
import { FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN } from '../fixtures/crosscheck.ts';
import { renderDocument } from '../render/terminal.ts';
import { crosscheckReport } from '../reports/crosscheck.ts';
import type { CrosscheckCell } from './fio-job.ts';
import type { Crosscheck } from './result-schema.ts';
import { type CrosscheckDeps, CrosscheckError, runCrosscheck } from './run-crosscheck.ts';

/** Ours takes 900 ns, fio 1,000 ns and 100 ms to start; every second block the machine is twice as slow. */
function world(over: Partial<CrosscheckDeps> = {}) {
  const calls: string[] = [];
  const saved: Crosscheck[] = [];
  let slow = 1;
  const deps: CrosscheckDeps = {
    cpusOf: () => [1],
    pathOf: ({ id }) => `/data/${id}`,
    measureOurs: async ({ model, shape }) => {
      calls.push(`ours ${model.id} ${shape}`);
      return { cpuNs: 900 * slow * 1000, operations: 1000, operationsPerS: 1e6 / slow };
    },
    measureFio: async (args, startArgs) => {
      expect(startArgs).toContain('--number_ios=1');
      calls.push(`fio ${args.find((arg) => arg.startsWith('--ioengine='))}`);
      return {
        cpuNs: 1000 * slow * 1000 + 100e6,
        operations: 1000,
        operationsPerS: 8e5 / slow,
        reportedCpuNs: 300 * 1000,
        startCpuNs: 100e6,
      };
    },
    onBlock: (block) => {
      slow = 1 + (block % 2);
      calls.push(`block ${block}`);
    },
    save: async (found) => void saved.push(found),
    signal: new AbortController().signal,
    ...over,
  };
  return { calls, saved, deps };
}

test('every cell is measured on both sides in every block, one right behind the other', async () => {
  const { calls, deps } = world();
  const found = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  expect(calls.filter((call) => call.startsWith('ours'))).toHaveLength(6 * 3);
  expect(calls.filter((call) => call.startsWith('fio'))).toHaveLength(6 * 3);
  const order = calls.filter((call) => !call.startsWith('block')).map((call) => call.split(' ')[0]);
  for (let i = 0; i < order.length; i += 2) expect([order[i], order[i + 1]].sort()).toEqual(['fio', 'ours']);
  expect(new Set(order.filter((_, i) => i % 2 === 0))).toEqual(new Set(['fio', 'ours']));
  expect(found.cells.map(({ model, shape, blocks }) => [model, shape, blocks])).toEqual([
    ['one', 'single', 6],
    ['many', 'batch', 6],
    ['many', 'single', 6],
  ]);
  expect(found.cells[0]?.samples.map(({ block }) => block)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('ratios are of the same block and without what fio takes to start', async () => {
  const { deps } = world();
  const { cells } = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  for (const { cpu, rate, fio } of cells) {
    expect(cpu.ratio).toBeCloseTo(0.9, 6);
    expect(cpu.interval?.high).toBeLessThan(1);
    expect(rate.ratio).toBeCloseTo(1.25, 6);
    expect(fio.reportedCpuNsPerOperation).toBe(300);
  }
});

test('what fio has no job for is left out with the reason, and what fails as well, while the others go on', async () => {
  const failing = async ({ model }: CrosscheckCell) => {
    if (model.id === 'one') throw new CrosscheckError(model.id, new Error('no room'));
    return { cpuNs: 1, operations: 1, operationsPerS: 1 };
  };
  const { deps } = world({ measureOurs: failing });
  const found = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  expect(found.failed).toBe(1);
  expect(found.cells.map(({ model }) => model)).toEqual(['many', 'many']);
  expect(found.left).toEqual([
    { model: 'other', workload: 'reads', reason: 'fio has no engine that does this' },
    {
      model: null,
      workload: 'cold',
      reason: 'fio drops pages when a job starts, and not before what is measured',
    },
    { model: 'one', workload: 'reads', reason: 'one: no room', shape: 'single', samples: [] },
  ]);
});

test('what there is is saved before the first block, behind each, and at the end', async () => {
  const { deps, saved } = world();
  const found = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  expect(saved.map(({ status, cells }) => [status, cells.map(({ samples }) => samples.length)])).toEqual([
    ['running', []],
    ...[1, 2, 3, 4, 5].map((blocks) => ['running', [blocks, blocks, blocks]]),
    ['complete', [6, 6, 6]],
  ]);
  expect(saved.at(-1)).toEqual(found);
});

test('a cell that fails keeps the blocks before', async () => {
  let block = 0;
  const { deps } = world({
    onBlock: (now) => {
      block = now;
    },
    measureOurs: async ({ model }) => {
      if (model.id === 'one' && block === 2) throw new CrosscheckError(model.id, new Error('gone'));
      return { cpuNs: 1, operations: 1, operationsPerS: 1 };
    },
  });
  const { left } = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  expect(left.at(-1)?.samples?.map((sample) => sample.block)).toEqual([0, 1]);
});

test.each([
  [true, 'interrupted'],
  [false, 'broken'],
] as const)('the pairs before what ends it are saved (aborted: %s)', async (aborts, status) => {
  const controller = new AbortController();
  let pairs = 0;
  const { deps, saved } = world({
    signal: controller.signal,
    measureOurs: async () => {
      if (++pairs === 5 && aborts) controller.abort();
      if (pairs === 5) throw new Error('stop');
      return { cpuNs: 1, operations: 1, operationsPerS: 1 };
    },
  });
  const running = runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  await expect(running).rejects.toThrow('stop');
  const last = saved.at(-1);
  expect(last?.status).toBe(status);
  expect(last?.cells.flatMap(({ samples }) => samples)).toHaveLength(4);
  if (last === undefined) throw new Error('nothing was saved');
  expect(crosscheckReport(last).warnings[0]).toBe(`${status}: each comparison has 1 to 2 blocks of 6`);
});

test('what is no failure of a side ends it all', async () => {
  const { deps } = world({ measureFio: () => Promise.reject(new Error('aborted')) });
  await expect(runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps)).rejects.toThrow('aborted');
});

test('the table says both costs, the ratios and who takes less', async () => {
  const { deps } = world();
  const found = await runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, deps);
  expect(renderDocument(crosscheckReport(found), { width: 120, color: false })).toMatchInlineSnapshot(`
    "Crosscheck with fio-3.33
    20250101-000000-0001, begun 2025-01-01T00:00:00.000Z, by iomodels-bench 1.0.0
    Linux 6.12.1; files in /data (ext4)
    6 blocks of 100 ms, each with both sides of every row, one right behind the other

    CPU and rate per operation, ours and fio's, 6 blocks
    workload  model  handed  CPU/op,  CPU/op,                  CPU,        CPU/op by  ops/s,  ops/s,             ops/s,
                     over       ours      fio            ours / fio  its own account    ours     fio         ours / fio
    reads     one    single    1,350    1,500  0.900 [0.900, 0.900]              300  750.0k  600.0k  1.25 [1.25, 1.25]
    reads     many   batch     1,350    1,500  0.900 [0.900, 0.900]              300  750.0k  600.0k  1.25 [1.25, 1.25]
    reads     many   single    1,350    1,500  0.900 [0.900, 0.900]              300  750.0k  600.0k  1.25 [1.25, 1.25]
      CPU is that of all threads, the kernel's included, as the kernel counts it of the processes; of fio without what a job
      of one operation takes. Ratios are paired by block, in brackets their 95 % intervals: below 1.000 ours takes less CPU,
      above it ours does more.
      Batch: all that are free are handed over by one call, and all that have ended are reaped by one. Single: each by a
      call of its own, which is what fio does where its job says nothing.
      Left out: other under reads: fio has no engine that does this.
      Left out: cold: fio drops pages when a job starts, and not before what is measured.

    Ours takes less CPU per operation than fio in 3 of 3 comparisons, more in none."
  `);
});
