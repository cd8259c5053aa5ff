import { expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import { UsageError } from '../util/errors.ts';
import { readFioJob } from './job-file.ts';

const read = (text: string) => readFioJob(text, 'a.fio', MODELS);

test('a simple job becomes a workload, with the row that its engine is', () => {
  const { model, workload } = read(`; random reads
[global]
ioengine=libaio
direct=1

[My Job_1]
rw=randread
bs=8k   
iodepth = 16
size=64m
`);
  expect(model.fio).toEqual(['--ioengine=libaio']);
  expect(model.takesCaches).toEqual(['direct']);
  expect(workload).toMatchObject({
    id: 'fio-my-job-1',
    action: 'read',
    order: 'random',
    cache: 'direct',
    blockBytes: 8192,
    depth: 16,
    fileBytes: 64 * 1024 ** 2,
  });
});

test.each([
  ['', 'cold'],
  ['invalidate=1', 'cold'],
  ['invalidate=0', 'warm'],
  ['direct', 'direct'],
])('with %j the cache is %s, as fio has it', (line, cache) => {
  const { workload } = read(`[j]\nrw=write\nsize=1m\nioengine=io_uring\n${line}\n`);
  expect(workload).toMatchObject({ cache, action: 'write', order: 'sequential', depth: 1, blockBytes: 4096 });
});

test.each([
  ['[j]\nsize=1m\nrw=randrw', 'a.fio:3: rw=randrw is none of'],
  ['[j]\nsize=1m\nruntime=10', 'a.fio:3: runtime has no counterpart here'],
  ['[j]\nsize=1m\nioengine=rados', 'a.fio:3: ioengine=rados is no row here; those that are: psync'],
  ['[j]\nsize=1ki', 'a.fio:2: size=1ki is not a size'],
  ['[j]\nsize=1m\niodepth=0', 'a.fio:3: iodepth=0 is not a number from 1'],
  ['[j]\nsize=1m\ndirect=maybe', 'a.fio:3: direct=maybe is neither 0 nor 1'],
  ['[j]\nsize=1m\n[k]', 'a.fio:3: [k] is a second job'],
  ['size=1m\n[j]', 'a.fio:1: size=1m: stands in no section'],
  ['[global]\nsize=1m', 'a.fio: there is no job in it'],
  ['[j]\nrw=read', 'a.fio: size is missing'],
  ['[j]\nsize=1m\nbs=5000', 'a.fio: blockBytes: must be a multiple of 4096'],
  ['[j]\nsize=4k\niodepth=8\nioengine=libaio', 'a.fio: fileBytes: '],
])('%j is refused by name', (text, message) => {
  expect(() => read(text)).toThrow(UsageError);
  expect(() => read(text)).toThrow(message);
});

test('every line that is refused is named at once', () => {
  let problems: readonly string[] = [];
  try {
    read('[j]\nsize=1m\nnumjobs=4\nverify=md5\n');
  } catch (error) {
    problems = error instanceof UsageError ? error.problems : [];
  }
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['a.fio:3:', 'a.fio:4:']);
});
