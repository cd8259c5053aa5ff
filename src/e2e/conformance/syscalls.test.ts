import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { testCheck } from './check.ts';
import { compareCounts } from './counted-calls.ts';
import { describeInLanes } from './lanes.ts';
import { loadRows } from './rows.ts';
import { whyNoStrace } from './strace.ts';

const noStrace = whyNoStrace();
const rows = await loadRows();

describe.skipIf(noStrace !== null)(`strace counts what the server counts${noStrace ?? ''}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describeInLanes(rows, (row) =>
    testCheck(row, 'syscalls', {
      title: 'each call by its name',
      check: () => compareCounts(row, join(folder, row.model.id)),
    }),
  );
});
