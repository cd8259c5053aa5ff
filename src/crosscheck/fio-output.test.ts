import { expect, test } from 'vitest';
import { parseFioOutput } from './fio-output.ts';

const JOB = {
  jobname: 'x',
  error: 0,
  job_runtime: 500,
  usr_cpu: 20,
  sys_cpu: 60,
  read: { total_ios: 100_000, iops: 200_000, runtime: 500, io_bytes: 1 },
  write: { total_ios: 0, iops: 0, runtime: 0, io_bytes: 0 },
};
const text = (job: object) => JSON.stringify({ 'fio version': 'fio-3.33', jobs: [job] }, null, 2);

test('operations, rate and its own account of CPU are read, whatever is said before', () => {
  expect(parseFioOutput(`note: both iodepth >= 1 {sync}\n${text(JOB)}`)).toEqual({
    version: 'fio-3.33',
    operations: 100_000,
    operationsPerS: 200_000,
    reportedCpuNs: 400e6,
  });
});

test('a job that writes is told by its writes', () => {
  const { read, write } = JOB;
  expect(parseFioOutput(text({ ...JOB, read: write, write: read }))).toMatchObject({ operations: 100_000 });
});

test.each([
  ['fio: no such engine', 'no JSON'],
  [text({ ...JOB, error: 22 }), 'error 22'],
  [text({ ...JOB, read: undefined }), 'not as expected'],
  ['{\n "fio version": "x", "jobs": [] }', 'not as expected'],
])('%j is a problem', (output, problem) => {
  expect(parseFioOutput(output)).toHaveProperty('problem', expect.stringContaining(problem));
});
