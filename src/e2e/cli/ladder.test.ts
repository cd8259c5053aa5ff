import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LadderJson } from '../../reports/json-schemas.ts';
import { runRecordSchema } from '../../results/schema.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended, newestFolder, runCli, runFolders } from './cli.ts';

const SHORT = ['--duration', '20ms', '--warmup', '5ms'];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-ladder-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('a ladder', () => {
  let ended: Ended;
  let folder: string;
  beforeAll(async () => {
    const rungs = ['--family', 'epoll', '--connections', '1,64', '--blocks', '4', '--export', 'csv'];
    ended = await runCli(['ladder', ...rungs, '--seed', '7', ...SHORT], { cwd });
    folder = runFolders(cwd)[0] ?? '';
  });

  test('ends with 0, its tables on stdout, and progress and where it is exported to on stderr', () => {
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    for (const name of [
      'epoll: CPU/request, and',
      'times that',
      'epoll: where to stop',
      `stored in ${folder}`,
    ])
      expect(ended.stdout).toContain(name);
    expect(ended.stderr).toContain('block 4 of 4');
    expect(ended.stderr).toContain('exported to ');
    expect(readFileSync(join(folder, 'exports/trials.csv'), 'utf8')).toContain('c64-d1-m64');
  });

  test('is stored as any other run, with what comes after what, and show prints it', async () => {
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
    expect(record).toMatchObject({ kind: 'ladder', status: 'complete', settings: { seed: 7, blocks: 4 } });
    expect(record.settings.entries.slice(0, 2)).toEqual([
      { label: 'epoll-lt', model: 'epoll-lt', after: null },
      expect.objectContaining({ after: 'epoll-lt' }),
    ]);
    const show = await askCli(['show'], { cwd });
    expect(show.exitCode, show.stderr).toBe(EXIT.ok);
    expect(show.stdout).toContain('c64-d1-m64: 64 connections, all active, 64 B (closed loop)');
  });

  test('is printed again with --from, also as JSON: every rung, measured or with its reason', async () => {
    const again = await askCli(['ladder', '--from', basename(folder)], { cwd });
    expect(again, again.stderr).toMatchObject({ exitCode: EXIT.ok, stdout: ended.stdout });
    const { stdout } = await askCli(['ladder', '--from', basename(folder), '--json'], { cwd });
    const [family] = (JSON.parse(stdout) as LadderJson).ladder.families;
    expect(family?.steps.map(({ workload }) => workload)).toEqual(['c1-d1-m64', 'c64-d1-m64']);
    expect(family?.stops.map(({ workload }) => workload)).toEqual(['c1-d1-m64', 'c64-d1-m64', null]);
    for (const { rungs } of family?.steps ?? []) {
      expect(rungs.map(({ label }) => label)).toEqual(family?.rungs.map(({ label }) => label));
      for (const { status, reason, values } of rungs)
        if (status === 'measured') expect(Object.values(values).some((value) => value !== null)).toBe(true);
        else expect(reason).toBeTruthy();
    }
  });

  test('is compared by its loads with a run of which one was said, and which has no two rungs', async () => {
    const load = ['--connections', '64', '--models', 'epoll-lt', '--blocks', '4'];
    const run = await runCli(['run', ...load, ...SHORT], { cwd });
    expect(run.exitCode, run.stderr).toBe(EXIT.ok);
    const other = newestFolder(cwd);
    const { stdout } = await askCli(['compare', `${basename(folder)}:epoll-lt`, other, '--json'], { cwd });
    const { comparison } = JSON.parse(stdout) as { comparison: { workloads: object[] } };
    expect(comparison.workloads).toEqual([expect.objectContaining({ id: 'c64-d1-m64', connections: 64 })]);
    const from = await askCli(['ladder', '--from', other], { cwd });
    expect(from.exitCode).toBe(EXIT.usage);
    expect(from.stderr).toContain('holds no two rungs of a ladder');
  });
});

test.each([
  { args: ['ladder', '--family', 'epol', '--connections', '0'], errors: 2, says: 'did you mean epoll?' },
  { args: ['ladder', '--export', 'nothing', '--message', '1x'], errors: 2, says: 'unknown format nothing' },
  {
    args: ['run', '--connections', '0,x', '--rate', 'fast', '--depth', '0'],
    errors: 4,
    says: '--rate fast: must be',
  },
  {
    args: ['noise', '--connections', '1', '--active', '2'],
    errors: 1,
    says: '2 active connections do not fit',
  },
])('$args ends with 2 and says why', async ({ args, errors, says }) => {
  const { exitCode, stdout, stderr } = await askCli(args, { cwd });
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: EXIT.usage, stdout: '' });
  expect(stderr).toContain(says);
  expect(stderr.match(/^error: /gm)).toHaveLength(errors);
});

test('run --profile quick says how long it would take', async () => {
  const quick = await askCli(['run', '--profile', 'quick', '--dry-run'], { cwd });
  expect(quick.stdout).toMatch(/^about \d+ s of wall time.*within 18 s in all$/m);
});
