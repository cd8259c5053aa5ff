import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOSTILE, hostileFiles } from '../../fixtures/hostile.ts';
import { askCli } from './cli.ts';

/** What a terminal obeys, or a CI runner takes for a command, but for line breaks. */
const OBEYED = /[^\P{C}\n]|[\p{Zl}\p{Zp}]|^\s*(::|##\[)/mu;
const ESCAPE = '\u001b[31m';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-hostile-'));
  for (const name of ['a', 'b']) writeRun(name, hostileFiles({ runId: name }));
  writeRun('broken', { record: `${ESCAPE}{`, trials: '', calibrations: '' });
  const strange = { schemaVersion: 1, environment: { sysctls: { [ESCAPE]: 3 } } };
  writeRun('strange', { record: JSON.stringify(strange), trials: '', calibrations: '' });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

function folderOf(name: string): string {
  return `results/${name}${ESCAPE}`;
}

function writeRun(name: string, { record, trials, calibrations }: ReturnType<typeof hostileFiles>): void {
  const folder = join(cwd, folderOf(name));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), record);
  writeFileSync(join(folder, 'trials.ndjson'), `${trials}${HOSTILE}\n`);
  writeFileSync(join(folder, 'calibrations.ndjson'), calibrations);
}

const A = folderOf('a');
const B = folderOf('b');

// In this order: what is listed was saved before.
test.each([
  { args: ['show', A] },
  { args: ['show', A, '--markdown'] },
  { args: ['show', A, '--json', '--trials'] },
  { args: ['tables', A] },
  { args: ['compare', A, B, '--all', '--inconclusive', 'pass'] },
  { args: ['compare', A, B, '--all', '--inconclusive', 'pass', '--markdown'] },
  { args: ['baseline', 'save', 'x', A, '--force'] },
  { args: ['baseline', 'list'] },
  { args: ['baseline', 'show', 'x'] },
  { args: ['export', A, B, '--format', 'csv'] },
  { args: ['export', A, '--format', '*', '--output', 'out'] },
  { args: ['report', A, '--output', 'out/report.html'] },
  { args: ['report', A, B, '--markdown'] },
  { args: ['report', A, '--json'] },
  { args: ['scale', '--from', A], exit: 2 },
  { args: ['show', folderOf('broken')], exit: 2 },
  { args: ['show', folderOf('strange')], exit: 2 },
  { args: ['show', 'nosuch'], exit: 2 },
])('$args shows nothing that a terminal or a CI runner obeys', async ({ args, exit = 0 }) => {
  const { exitCode, stdout, stderr } = await askCli(args, { cwd });
  expect(exitCode, stderr).toBe(exit);
  expect(OBEYED.exec(stdout)).toBeNull();
  expect(OBEYED.exec(stderr)).toBeNull();
});

test('No file that was exported holds any of it', () => {
  const files = readdirSync(join(cwd, 'out'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(cwd, 'out', name))
    .filter((path) => statSync(path).isFile());
  // One for each format, two for GitHub, and one for each distribution.
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) expect(OBEYED.exec(readFileSync(file, 'utf8')), file).toBeNull();
});
