import { expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import type { FileWorkload } from '../workloads/schema.ts';
import { fioArguments, shapesOf, whyNoFioJob } from './fio-job.ts';

const WORKLOAD: FileWorkload = {
  id: 'reads',
  title: 'reads',
  description: 'reads',
  profile: 'full',
  domain: 'file',
  mode: 'job',
  action: 'read',
  order: 'random',
  cache: 'warm',
  blockBytes: 4096,
  depth: 32,
  fileBytes: 64 * 1024 ** 2,
};
const ROWS = MODELS.filter(({ fio }) => fio !== null);

function rowOf(option: string) {
  const found = ROWS.find(({ fio }) => fio?.includes(option));
  if (found === undefined) throw new Error(`no row with ${option}`);
  return found;
}

test('a batch is handed over and reaped as ours is, and a single one as fio does it unasked', () => {
  const model = rowOf('--ioengine=libaio');
  const place = { path: '/data/file', cpus: [1], durationMs: 500 };
  const single = fioArguments({ model, workload: WORKLOAD, shape: 'single' }, place);
  const batch = fioArguments({ model, workload: WORKLOAD, shape: 'batch' }, place);
  expect(single).toMatchInlineSnapshot(`
    [
      "--name=crosscheck",
      "--output-format=json",
      "--filename=/data/file",
      "--allow_file_create=0",
      "--size=67108864",
      "--rw=randread",
      "--bs=4096",
      "--iodepth=32",
      "--direct=0",
      "--invalidate=0",
      "--fadvise_hint=0",
      "--norandommap=1",
      "--randrepeat=0",
      "--ioengine=libaio",
      "--cpus_allowed=1",
      "--time_based=1",
      "--runtime=0.5s",
    ]
  `);
  expect(batch.filter((option) => !single.includes(option))).toEqual([
    '--iodepth_batch_submit=32',
    '--iodepth_batch_complete_min=1',
    '--iodepth_batch_complete_max=32',
  ]);
});

test('writes, order, sizes and O_DIRECT are those of the workload, and one operation tells what fio itself costs', () => {
  const workload = { ...WORKLOAD, action: 'write', order: 'sequential', cache: 'direct' } as const;
  const cell = {
    model: rowOf('--ioengine=psync'),
    workload: { ...workload, blockBytes: 131072 },
    shape: 'single',
  } as const;
  const options = fioArguments(cell, { path: 'f', cpus: null, durationMs: null });
  expect(options).toEqual(
    expect.arrayContaining(['--rw=write', '--bs=131072', '--direct=1', '--number_ios=1', '--ioengine=psync']),
  );
  expect(options.filter((option) => /cpus_allowed|runtime|time_based/.test(option))).toEqual([]);
});

test('the kernel thread of SQPOLL is bound to the CPU that ours is bound to', () => {
  const cell = { model: rowOf('--sqthread_poll=1'), workload: WORKLOAD, shape: 'single' } as const;
  const options = fioArguments(cell, { path: 'f', cpus: [2, 3], durationMs: 1 });
  expect(options).toContain('--sqthread_poll_cpu=3');
  expect(options).toContain('--cpus_allowed=2,3');
});

test('a row that has one operation in flight has no batches', () => {
  expect(shapesOf({ depthMax: 1 }, WORKLOAD)).toEqual(['single']);
  expect(shapesOf({ depthMax: null }, WORKLOAD)).toEqual(['batch', 'single']);
  expect(shapesOf({ depthMax: null }, { ...WORKLOAD, depth: 1 })).toEqual(['single']);
});

test.each([
  [{ action: 'append', cache: 'warm' }, 'counts what it does for "append" otherwise'],
  [{ action: 'synced', cache: 'direct' }, 'otherwise'],
  [{ action: 'read', cache: 'cold' }, 'drops pages when a job starts'],
] as const)('%j has no counterpart, and it is said why', (workload, why) => {
  expect(whyNoFioJob(workload)).toContain(why);
});

test.each(['warm', 'direct'] as const)('reads and writes of a %s file have one', (cache) => {
  expect(whyNoFioJob({ action: 'read', cache })).toBeNull();
  expect(whyNoFioJob({ action: 'write', cache })).toBeNull();
});
