import { expect, test } from 'vitest';
import { fixtureFilesRun } from '../fixtures/files.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { renderTable } from '../render/table.ts';
import { summarize } from '../summary/summarize.ts';
import { filesTables } from './files-tables.ts';
import { workloadTable } from './workload-table.ts';

const summary = summarize(fixtureFilesRun());

test('A run of connections has no tables of files', () => {
  expect(filesTables(summarize(fixtureRun()))).toEqual([]);
});

test('Models stand beside each other over all workloads, with a dash where a row does not do one', () => {
  const [models] = filesTables(summary);
  expect(models?.title).toBe('File I/O by model');
  const rows = new Map(models?.rows.map((row) => [JSON.stringify(row.model), row]));
  const buffered = [...rows].find(([name]) => name.includes('native-aio-buffered'))?.[1];
  expect(buffered?.['read-warm cpu']).toMatchObject({ kind: 'nanoseconds' });
  expect(buffered?.['read-direct cpu']).not.toMatchObject({ kind: 'nanoseconds' });
  expect(models?.notes.join()).toContain('EPERM');
});

test('Submit latency of native AIO is told buffered first, then with O_DIRECT', () => {
  const submit = filesTables(summary)[1];
  expect(submit?.rows.map(({ model }) => (model?.kind === 'text' ? model.text : ''))).toEqual([
    'native-aio-buffered',
    'native-aio-direct',
  ]);
  for (const row of submit?.rows ?? []) expect(row.submit).toMatchObject({ kind: 'duration' });
});

test('The table of a workload has the columns of its domain, is ranked by CPU, and says who does one at a time', () => {
  const [warm] = summary.workloads;
  if (warm === undefined) throw new Error('the fixture has workloads');
  const table = workloadTable(warm);
  const text = renderTable(table, { width: 200, color: false });
  expect(text).toContain('IOPS');
  expect(text).not.toContain('req/s');
  expect(table.columns.at(-1)?.header).toBe('operations per CPU time,\ntimes pread');
  expect(table.notes.join('\n')).toMatch(/pread.*: 1 operation in flight, whatever the workload/);
});
