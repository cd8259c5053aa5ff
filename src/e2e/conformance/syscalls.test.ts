import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { compareCounts } from './counted-calls.ts';
import { loadRows, rowTitle } from './rows.ts';
import { whyNoStrace } from './strace.ts';

const noStrace = whyNoStrace();

describe.skipIf(noStrace !== null)(`strace counts what the server counts${noStrace ?? ''}`, async () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const row of await loadRows()) {
    test.skipIf(row.status !== 'supported')(rowTitle(row), async () => {
      if (row.status === 'supported') await compareCounts(row, join(folder, row.model.id));
    });
  }
});
