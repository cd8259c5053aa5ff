import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { crosscheckSchema } from '../../crosscheck/result-schema.ts';
import { runCli } from './cli.ts';

const cwd = mkdtempSync(join(tmpdir(), 'iomodels-bench-crosscheck-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test('without fio it says how to get it', async () => {
  const { exitCode, stderr } = await runCli(['crosscheck', 'fio'], { cwd, env: { PATH: '/nonexistent' } });
  expect(exitCode).toBe(3);
  expect(stderr).toContain('fio is not installed (Debian, Ubuntu: apt-get install fio');
});

test.each([
  ['[j]\nsize=4m\nverify=md5\n', 'job.fio:3: verify has no counterpart here'],
  ['[j]\nrw=randrw\nsize=4m\n', 'job.fio:2: rw=randrw is none of read, write, randread, randwrite'],
])('of %j it names the line that it cannot take', async (text, problem) => {
  writeFileSync(join(cwd, 'job.fio'), text);
  const { exitCode, stderr } = await runCli(['crosscheck', 'fio', '--fio', 'job.fio'], { cwd });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(problem);
});

test.each([
  [['--from', 'nothing-like-it'], 'nothing-like-it.json: ENOENT'],
  [['--from', './job.fio'], 'job.fio holds no crosscheck that this version can read'],
  [['--from', 'x', '--blocks', '2'], 'cannot be used with'],
])('%j is told what is wrong with it', async (args, problem) => {
  writeFileSync(join(cwd, 'job.fio'), '[j]\n');
  const { exitCode, stderr } = await runCli(['crosscheck', 'fio', ...args], { cwd });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(problem);
});

test('run takes such a job as well, with the row that its engine is', async () => {
  writeFileSync(join(cwd, 'job.fio'), '[one]\nrw=randread\nsize=4m\ndirect=1\nioengine=libaio\n');
  const args = ['--fio', 'job.fio', '--blocks', '2', '--dry-run', '--json'];
  const { exitCode, stdout, stderr } = await runCli(['run', ...args], { cwd });
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain('"fio-one"');
  expect(stdout).toMatch(/"native-aio[a-z-]*"/);
});

describe.skipIf(!hasFio())('with fio', () => {
  test('a job of its own file is measured on both sides, and no file is left', async () => {
    writeFileSync(
      join(cwd, 'job.fio'),
      '[reads]\nrw=randread\nbs=4k\nsize=4m\niodepth=4\ninvalidate=0\nioengine=posixaio\n',
    );
    const args = [
      '--fio',
      'job.fio',
      '--blocks',
      '2',
      '--duration',
      '20ms',
      '--dir',
      cwd,
      '--wait',
      '--json',
    ];
    const { exitCode, stdout, stderr } = await runCli(['crosscheck', 'fio', ...args], { cwd });
    expect(exitCode, stderr).toBe(0);
    const found = crosscheckSchema.parse(JSON.parse(stdout));
    expect(found.cells.map(({ workload, shape, blocks }) => [workload, shape, blocks])).toEqual([
      ['fio-reads', 'batch', 2],
      ['fio-reads', 'single', 2],
    ]);
    for (const { samples, fioOptions } of found.cells) {
      expect(fioOptions).toContain('--iodepth=4');
      for (const { ours, fio } of samples) {
        expect(Math.min(ours.operations, fio.operations, ours.cpuNs, fio.startCpuNs)).toBeGreaterThan(0);
        // Starting is a part of it.
        expect(fio.cpuNs).toBeGreaterThan(fio.reportedCpuNs);
      }
    }
    expect(readdirSync(cwd).sort()).toEqual(['job.fio', 'results']);
    const { crosscheckId } = found;
    expect(found.status).toBe('complete');
    expect(stderr).toContain(join('results', 'crosscheck', `${crosscheckId}.json`));
    const again = await runCli(['crosscheck', 'fio', '--from', crosscheckId, '--json'], { cwd });
    expect(again.exitCode, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout));
    const markdown = await runCli(['crosscheck', 'fio', '--from', crosscheckId, '--markdown'], { cwd });
    expect(markdown.stdout).toContain(crosscheckId);
  });
});

function hasFio(): boolean {
  try {
    execFileSync('fio', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
