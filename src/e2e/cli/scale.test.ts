import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScaleJson } from '../../reports/json-schemas.ts';
import { runRecordSchema } from '../../results/schema.ts';
import { GROWTH_MATERIAL } from '../../stats/scale-fit.ts';
import type { ScaleLine } from '../../summary/scale-summary.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended, runCli, runFolders } from './cli.ts';

const SHORT = ['--duration', '40ms', '--warmup', '10ms'];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-scale-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('a sweep', () => {
  let ended: Ended;
  let folder: string;
  let json: ScaleJson;
  beforeAll(async () => {
    const points = ['--models', 'select,poll,epoll-lt', '--idle', '0,2000', '--active', '1'];
    ended = await runCli(['scale', ...points, '--blocks', '6', '--seed', '7', ...SHORT], { cwd });
    folder = runFolders(cwd)[0] ?? '';
    json = JSON.parse((await askCli(['scale', '--from', basename(folder), '--json'], { cwd })).stdout);
  });

  const lineOf = (label: string): ScaleLine => {
    const line = json.scale.sweeps[0]?.lines.find((candidate) => candidate.label === label);
    if (line === undefined) throw new Error(`no line of ${label}`);
    return line;
  };

  test('ends with 0, a table and a chart on stdout, and progress on stderr', () => {
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    for (const name of ['1 active: server CPU per request', '2000', 'O(N)', '(log-log)', 'p poll'])
      expect(ended.stdout).toContain(name);
    expect(ended.stdout).toContain(`stored in ${folder}\n`);
    expect(Math.max(...ended.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(ended.stderr).toContain('block 6 of 6: 30 of 30 trials');
  });

  test('is stored as any other run, which show prints', async () => {
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
    expect(record).toMatchObject({ status: 'complete', settings: { seed: 7, blocks: 6 } });
    expect(record.settings.workloads.map(({ id }) => id)).toEqual(['idle-0-active-1', 'idle-2000-active-1']);
    const show = await askCli(['show', basename(folder)], { cwd });
    expect(show.exitCode, show.stderr).toBe(EXIT.ok);
    expect(show.stdout).toContain('idle-2000-active-1');
  });

  test('prints the same again with --from', async () => {
    const again = await askCli(['scale', '--from', basename(folder)], { cwd });
    expect(again.exitCode, again.stderr).toBe(EXIT.ok);
    expect(again.stdout).toBe(ended.stdout);
  });

  test('as JSON has a line per model, with a cost at every count that could be measured', () => {
    expect(json.scale.trials).toMatchObject({ measured: 30, failed: 0 });
    expect(json.scale.sweeps.map(({ active, idle }) => ({ active, idle }))).toEqual([
      { active: 1, idle: [0, 2000] },
    ]);
    for (const label of ['poll', 'epoll-lt']) {
      const { cells, fit, trials } = lineOf(label);
      for (const cell of cells) expect(cell.cpuNsPerRequest).toBeGreaterThan(0);
      expect(trials.measured).toBe(12);
      expect(fit.blocks).toBe(6);
      const { value, interval } = fit.slopeNsPerIdle ?? { value: Number.NaN, interval: null };
      expect(interval?.low).toBeLessThanOrEqual(value);
      expect(interval?.high).toBeGreaterThanOrEqual(value);
    }
    const select = lineOf('select');
    expect(select.cells.map(({ row }) => row.status)).toEqual(['measured', 'skipped']);
    expect(select.fit.verdict).toEqual({ kind: 'inconclusive', why: 'too-few-points' });
    expect(ended.stdout).toContain('skipped at 2000 idle: holds at most 1016 connections');
  });

  // Not epoll's verdict: in blocks this short a stall of the host that falls on one count looks like growth.
  test('finds that idle connections cost poll, which visits each of them, more than epoll', () => {
    const [poll, epoll] = [lineOf('poll').fit, lineOf('epoll-lt').fit];
    expect(poll.growthShare?.value).toBeGreaterThan(GROWTH_MATERIAL);
    expect(poll.slopeNsPerIdle?.value).toBeGreaterThan(Math.abs(epoll.slopeNsPerIdle?.value ?? Infinity));
  });
});

test('scale --json prints only JSON on stdout, and doubts what two blocks say', async () => {
  const points = ['--models', 'epoll-lt', '--idle', '0,500', '--active', '2', '--blocks', '2'];
  const { exitCode, stdout, stderr } = await runCli(['scale', ...points, '--json', ...SHORT], { cwd });
  expect(exitCode, stderr).toBe(EXIT.ok);
  const { scale } = JSON.parse(stdout) as ScaleJson;
  expect(scale.sweeps[0]?.lines[0]?.fit).toMatchObject({
    blocks: 2,
    verdict: { kind: 'inconclusive', why: 'too-few-blocks', blocksWanted: 6 },
  });
});

test('scale --dry-run measures nothing and prints the plan, with what is skipped', async () => {
  const { exitCode, stdout } = await askCli(['scale', '--dry-run', '--results', 'nowhere'], { cwd });
  expect(exitCode).toBe(EXIT.ok);
  expect(stdout).toContain('block 6  poll  idle-9900-active-10');
  expect(stdout).toMatch(/^skipped {2}select {2}idle-4000-active-1: holds at most 1016/m);
  expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
});

test.each([
  { args: ['--idle', '0', '--active', 'none', '--models', 'pol'], errors: 3, says: 'did you mean poll?' },
  { args: ['--from', 'x', '--blocks', '2'], errors: 1, says: 'cannot be used with' },
  { args: ['--from', 'nothing-like-it'], errors: 1, says: 'no run nothing-like-it' },
])('scale $args ends with 2 and says why', async ({ args, errors, says }) => {
  const { exitCode, stdout, stderr } = await askCli(['scale', ...args], { cwd });
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: EXIT.usage, stdout: '' });
  expect(stderr).toContain(says);
  expect(stderr.match(/^error: /gm)).toHaveLength(errors);
});

test('scale --from another run says that it holds no sweep', async () => {
  const models = ['--models', 'epoll-lt', '--workloads', 'ping-pong', '--blocks', '1', '--results', 'others'];
  await runCli(['run', ...models, ...SHORT], { cwd });
  const run = JSON.parse((await askCli(['show', '--results', 'others', '--json'], { cwd })).stdout).run.runId;
  const { exitCode, stderr } = await askCli(['scale', '--from', run, '--results', 'others'], { cwd });
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toContain('holds no sweep over idle connections');
});
