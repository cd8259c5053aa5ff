import { expect, test } from 'vitest';
import { FIXTURE_JOB } from '../fixtures/files.ts';
import { conductShape, depthOf, fileNameOf, jobArguments, layOutArguments, verifyArguments } from './file.ts';

const FILE = { path: '/d/f', bytes: 8192, blockBytes: 4096 };

test('A job is told of in the words of its program', () => {
  expect(jobArguments({ depthMax: null }, FIXTURE_JOB, { path: '/d/f', seed: 7 })).toEqual([
    '--file=/d/f',
    `--file-bytes=${FIXTURE_JOB.fileBytes}`,
    '--block-bytes=4096',
    '--depth=32',
    '--action=read',
    '--cache=warm',
    '--order=random',
    '--seed=7',
  ]);
});

test('A row whose calls wait has one operation in flight, whatever the workload', () => {
  expect(depthOf({ depthMax: 1 }, FIXTURE_JOB)).toBe(1);
  expect(depthOf({ depthMax: null }, FIXTURE_JOB)).toBe(32);
  expect(depthOf({ depthMax: 64 }, FIXTURE_JOB)).toBe(32);
});

test('Making and verifying a file take no job', () => {
  for (const args of [layOutArguments(FILE), verifyArguments(FILE)]) {
    expect(args).toEqual(expect.arrayContaining(['--file=/d/f', '--file-bytes=8192', '--block-bytes=4096']));
    expect(args.join(' ')).not.toContain('--action');
  }
});

test('Workloads that only read the same amount share a file; who writes has one of its own', () => {
  const deep = { ...FIXTURE_JOB, id: 'deep', depth: 128, cache: 'direct' as const };
  expect(fileNameOf(deep)).toBe(fileNameOf(FIXTURE_JOB));
  expect(fileNameOf({ ...deep, fileBytes: 4096 * 1000 })).not.toBe(fileNameOf(FIXTURE_JOB));
  expect(fileNameOf({ ...deep, action: 'write' })).toBe('deep');
});

test('The load generator conducts one program over one connection', () => {
  expect(conductShape(FIXTURE_JOB)).toMatchObject({
    ...{ mode: 'conduct', connections: 1, active: 1, depth: 1 },
    messageBytes: FIXTURE_JOB.blockBytes,
  });
});
