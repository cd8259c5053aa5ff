import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { findProbes, saveProbes } from './store.ts';

const { environment } = fixtureRun().record;
const outDir = mkdtempSync(join(tmpdir(), 'iomb-probes-'));
afterAll(() => rmSync(outDir, { recursive: true }));

const seen = (probe: string, value: number) => ({
  ...{ probe, outcome: 'observed' as const, values: { value } },
});

test('What was observed last on the host and kernel is found, probe by probe, whoever kept it', async () => {
  const measuredAt = '2025-01-01T00:00:00.000Z';
  expect(await findProbes(outDir, environment)).toBeNull();
  await saveProbes(outDir, {
    ...{ probesId: '1', measuredAt, environment, observations: [seen('a', 1), seen('b', 1)] },
  });
  mkdirSync(join(outDir, 'probes'), { recursive: true });
  // As verify keeps some of them.
  const some = { measuredAt, environment, observations: [{ ...seen('b', 2), texts: { value: 'v' } }] };
  writeFileSync(join(outDir, 'probes', '2.json'), JSON.stringify(some));
  await saveProbes(outDir, {
    ...{ probesId: '3', measuredAt, observations: [seen('a', 9)] },
    environment: { ...environment, kernel: 'another' },
  });
  writeFileSync(join(outDir, 'probes', '4.json'), 'no JSON');
  expect(await findProbes(outDir, environment)).toMatchObject({
    probesId: '2',
    observations: [seen('a', 1), seen('b', 2)],
  });
});
