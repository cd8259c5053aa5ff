import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { MODELS } from '../models/registry.ts';
import { modelsTable, workloadsTable } from './list-table.ts';

test('Every model of the registry is listed once, by its id', () => {
  const { rows } = modelsTable(MODELS);
  expect(rows.map((row) => row.model)).toEqual(
    MODELS.map(({ id }) => ({ kind: 'text', text: id, tone: 'strong' })),
  );
});

test('Where it was probed, the list says what can run here, and why not', () => {
  const table = modelsTable(MODELS, [
    {
      model: 'epoll-lt',
      supported: true,
      reason: null,
      features: [],
      connectionsMax: null,
      limitReason: null,
    },
    {
      model: 'io_uring',
      supported: false,
      reason: 'io_uring_setup: EPERM',
      features: [],
      connectionsMax: null,
      limitReason: null,
    },
  ]);
  expect(table.columns.map((column) => column.key)).toContain('here');
  expect(table.notes).toEqual(['io_uring cannot run here: io_uring_setup: EPERM']);
});

test('A workload is listed with what it asks of a server', () => {
  const { rows } = workloadsTable(fixtureRun().record.settings.workloads);
  expect(rows[1]).toMatchObject({
    workload: { text: 'fixed-rate' },
    mode: { text: 'open' },
    connections: { value: 2000 },
    active: { value: 100 },
    rate: { value: 20_000 },
  });
});
