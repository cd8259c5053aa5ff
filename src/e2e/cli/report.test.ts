import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureRun } from '../../fixtures/run.ts';
import { allFailed, firstBlockOf, interruptedAtOnce } from '../../fixtures/unlucky.ts';
import type { RunResult } from '../../results/schema.ts';
import { createStore } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended } from './cli.ts';

const RUNS: Readonly<Record<string, RunResult>> = {
  whole: fixtureRun(),
  failed: allFailed(fixtureRun()),
  interrupted: interruptedAtOnce(fixtureRun()),
  'one-block': firstBlockOf(fixtureRun()),
};

let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomodels-report-'));
  for (const [runId, { record, trials, calibrations }] of Object.entries(RUNS)) {
    const place = await createStore(join(cwd, 'results'), runId);
    await place.saveRecord({ ...record, runId });
    for (const trial of trials) await place.appendTrial(trial);
    for (const calibration of calibrations) await place.appendCalibration(calibration);
  }
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function report(...args: readonly string[]): Promise<Ended> {
  return askCli(['report', '--history', '0', ...args], { cwd });
}

test.each(['whole', 'one-block'])('report --image writes the main chart of a run (%s)', async (runId) => {
  const [page, image] = [`${runId}.html`, `${runId}.svg`];
  const ended = await report(runId, '--output', page, '--image', image);
  expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  expect(readFileSync(join(cwd, image), 'utf8')).toMatch(/^<svg /);
  expect(readFileSync(join(cwd, page), 'utf8')).toContain('<figure');
});

test('an image has a name of its own in a folder', async () => {
  const ended = await report('whole', '--output', 'pages/', '--image', 'pages/');
  expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  expect(['report.html', 'chart.svg'].map((name) => existsSync(join(cwd, 'pages', name)))).toEqual([
    true,
    true,
  ]);
});

test.each(['failed', 'interrupted'])(
  'there is a page and no image of a run in which nothing was measured (%s)',
  async (runId) => {
    const ended = await report(runId, '--output', `${runId}.html`, '--image', `${runId}.svg`);
    expect([ended.exitCode, ended.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('error: --image: there is no chart in this report'),
    ]);
    expect(existsSync(join(cwd, `${runId}.svg`))).toBe(false);
    expect(readFileSync(join(cwd, `${runId}.html`), 'utf8')).toContain('Nothing was measured');
  },
);

test('a path that cannot be written is found out before anything is', async () => {
  const inFile = join('results', 'whole', 'run.json', 'chart.svg');
  for (const image of [inFile, '/proc/nowhere/chart.svg']) {
    const ended = await report('whole', '--output', 'unwritten.html', '--image', image);
    expect([ended.exitCode, ended.stderr]).toEqual([
      EXIT.environment,
      expect.stringMatching(/^error: cannot export to .*: E[A-Z]+; /),
    ]);
  }
  expect(existsSync(join(cwd, 'unwritten.html'))).toBe(false);
});

test.each([
  { where: 'the page', args: ['--output', 'same', '--image', './same'] },
  { where: 'stdout', args: ['--output', '-', '--image', '-'] },
  { where: 'the printed document', args: ['--json', '--image', '-'] },
])('an image that would go where $where goes is refused', async ({ args }) => {
  const ended = await report('whole', ...args);
  expect([ended.exitCode, ended.stdout, ended.stderr]).toEqual([
    EXIT.usage,
    '',
    expect.stringContaining('the report goes there as well; name another file'),
  ]);
  expect(existsSync(join(cwd, 'same'))).toBe(false);
});
