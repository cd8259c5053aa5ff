import { expect, test } from 'vitest';
import { renderTable } from '../render/table.ts';
import { type BaselineRow, baselinesTable } from './baselines-table.ts';

const HERE: BaselineRow = {
  name: 'ci',
  host: '1a2b3c4d5e6f',
  thisHost: true,
  kernel: '6.12.1',
  kernelVersion: '#2 SMP',
  thisKernel: true,
  savedAt: '2025-01-02T03:04:05.678Z',
  runs: 1,
  runId: '20250101-000000-fixture',
  status: 'complete',
};

test('the table of baselines marks this host and the running kernel, there only', () => {
  const before = { ...HERE, kernel: '6.11.0', thisKernel: false, status: 'interrupted' };
  const elsewhere = { ...HERE, host: 'box', thisHost: false };
  const table = baselinesTable([HERE, before, elsewhere]);
  expect(`\n${renderTable(table, { width: 120, color: false })}\n`).toMatchInlineSnapshot(`
    "
    Baselines
    name  host           kernel   build   saved (UTC)          run                      status
    ci    1a2b3c4d5e6f*  6.12.1*  #2 SMP  2025-01-02 03:04:05  20250101-000000-fixture  complete
    ci    1a2b3c4d5e6f*  6.11.0   #2 SMP  2025-01-02 03:04:05  20250101-000000-fixture  interrupted
    ci    box            6.12.1   #2 SMP  2025-01-02 03:04:05  20250101-000000-fixture  complete
      * this host, the running kernel
    "
  `);
});
