import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN } from '../fixtures/crosscheck.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { crosscheckReport } from '../reports/crosscheck.ts';
import { listRuns } from '../results/run-index.ts';
import { UsageError } from '../util/errors.ts';
import { compareCell } from './compare-cell.ts';
import type { Crosscheck } from './result-schema.ts';
import { CrosscheckError, cellsOf, runCrosscheck } from './run-crosscheck.ts';
import { crosscheckFile, readCrosscheck, saveCrosscheck } from './store.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-crosscheck-'));
});
afterEach(() => rmSync(out, { recursive: true }));

/** With a cell that fails in its third block, kept under `out`. */
function measured(): Promise<Crosscheck> {
  let trials = 0;
  let block = 0;
  return runCrosscheck(FIXTURE_CROSSCHECK, FIXTURE_CROSSCHECK_ORIGIN, {
    ...{ cpusOf: () => [1], pathOf: ({ id }) => `/data/${id}`, signal: new AbortController().signal },
    onBlock: (now) => {
      block = now;
    },
    save: async (found) => void (await saveCrosscheck(out, found)),
    measureOurs: async ({ model }) => {
      if (model.id === 'one' && block === 2) throw new CrosscheckError(model.id, new Error('no room'));
      return { cpuNs: 900_000 + 1000 * ++trials, operations: 1000, operationsPerS: 1e6 - trials };
    },
    measureFio: async () => ({
      ...{ cpuNs: 2_000_000 + 777 * ++trials, operations: 1000, operationsPerS: 9e5 - trials },
      ...{ reportedCpuNs: 300_000, startCpuNs: 1_000_000 },
    }),
  });
}

test('A crosscheck is read as it was measured, by its id and by its path, and is no run', async () => {
  const found = await measured();
  const file = crosscheckFile(out, found.crosscheckId);
  expect(readdirSync(join(out, 'crosscheck'))).toEqual([`${found.crosscheckId}.json`]);
  expect(JSON.parse(readFileSync(file, 'utf8')).$schema).toBe('iomodels-bench/schemas/crosscheck.json');
  expect(await readCrosscheck(found.crosscheckId, out)).toEqual(found);
  expect(await readCrosscheck(file, '/nowhere')).toEqual(found);
  expect(found.left.at(-1)).toMatchObject({ model: 'one', shape: 'single', samples: [{}, {}] });
  expect(await listRuns(out)).toEqual({ runs: [], problems: [] });
});

test('Of the stored samples comes what the summary says', async () => {
  const { crosscheckId } = await measured();
  const { cells, seed } = await readCrosscheck(crosscheckId, out);
  const planned = cellsOf(FIXTURE_CROSSCHECK).cells.filter(({ model }) => model.id === 'many');
  expect(cells).toHaveLength(planned.length);
  for (const [i, cell] of planned.entries()) {
    const { samples, fioOptions } = cells[i] ?? { samples: [], fioOptions: [] };
    expect(compareCell(cell, samples, { seed, fioOptions })).toEqual(cells[i]);
  }
});

test('Nothing of a file reaches the terminal, or a CI service, as a command', async () => {
  const found = await measured();
  const hostile = '\u001b[2Jx\n::error::y\u202e';
  const file = join(out, 'hostile.json');
  const cells = found.cells.map((cell) => ({
    ...cell,
    model: hostile,
    workload: hostile,
    fioOptions: [hostile],
  }));
  const left = [{ model: hostile, workload: hostile, reason: hostile }];
  const texts = { fioVersion: hostile, kernel: hostile, directory: hostile, fileSystem: hostile };
  const ids = { crosscheckId: hostile, measuredAt: hostile, tool: { name: hostile, version: hostile } };
  writeFileSync(file, JSON.stringify({ ...found, cells, left, ...texts, ...ids, warnings: [hostile] }));
  const document = crosscheckReport(await readCrosscheck(file, out));
  for (const text of [renderDocument(document, { width: 100, color: false }), renderMarkdown(document)]) {
    for (const obeyed of ['\u001b', '\u202e', '::error']) expect(text).not.toContain(obeyed);
    expect(text).toContain('[2Jx');
  }
});

test.each([
  ['{', 'holds no crosscheck that this version can read'],
  ['{}', 'holds no crosscheck that this version can read'],
  ['[]', 'holds no crosscheck that this version can read'],
  [null, 'ENOENT'],
])('Of a file with %j it says so', async (text, says) => {
  const file = join(out, 'a.json');
  if (text !== null) writeFileSync(file, text);
  const reading = readCrosscheck(file, out);
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(says);
});

test('One of a newer version is not taken for one of this', async () => {
  const found = await measured();
  const file = join(out, 'newer.json');
  writeFileSync(file, JSON.stringify({ ...found, schemaVersion: 99 }));
  await expect(readCrosscheck(file, out)).rejects.toThrow('newer.json holds no crosscheck');
});
