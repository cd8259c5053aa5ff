import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../util/errors.ts';
import { askCli, runCli } from './cli.ts';

const SHORT = [
  '--workloads',
  'ping-pong',
  '--duration',
  '20ms',
  '--warmup',
  '5ms',
  '--blocks',
  '4',
  '--retry',
  '0',
];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-variants-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (...args: readonly string[]) =>
  runCli(['run', '--models', 'epoll-lt,poll', ...SHORT, ...args], { cwd });

describe('Variants of a server', () => {
  test('are measured side by side and compared in pairs: the last table, and --by server', async () => {
    const ended = await run('--variant', 'plain=', '--variant', 'named=env "IOMB_NOTE=a b"');
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    expect(ended.stdout).toContain('epoll-lt@named');
    expect(ended.stdout).toMatch(/\nnamed against plain, in pairs: \w+: /);
    const again = await askCli(['list', 'runs', '--json'], { cwd });
    const [{ runId }] = JSON.parse(again.stdout).runs;
    const by = await askCli(['compare', runId, '--by', 'server', '--json', '--inconclusive', 'pass'], {
      cwd,
    });
    const { comparisons } = JSON.parse(by.stdout);
    expect(comparisons).toHaveLength(1);
    expect(comparisons[0]).toMatchObject({ name: 'named against plain', comparison: { design: 'pairs' } });
    const labels = comparisons[0].comparison.metrics.map(({ label }: { label: string }) => label);
    expect(new Set(labels)).toEqual(new Set(['epoll-lt', 'poll']));
    expect(ended.stdout).toContain("variants · plain: as it is · named: env 'IOMB_NOTE=a b'");
    const rows = await askCli(
      ['compare', `${runId}:epoll-lt@plain`, `${runId}:poll@plain`, '--json', '--inconclusive', 'pass'],
      { cwd },
    );
    const { comparison } = JSON.parse(rows.stdout);
    expect(comparison.design).toBe('pairs');
    expect(new Set(comparison.metrics.map(({ label }: { label: string }) => label))).toEqual(
      new Set(['poll@plain against epoll-lt@plain']),
    );
    const confirm = await askCli(['compare', `${runId}:poll@plain`, `${runId}:poll@named`, '--confirm'], {
      cwd,
    });
    expect([confirm.exitCode, confirm.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('rows of one run are judged side by side'),
    ]);
  });
  test('that a stored run names are never started by a comparison', async () => {
    const folders: string[] = [];
    for (const results of ['one', 'two']) {
      const ended = await run('--variant', 'x=env A=1', '--results', results);
      expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
      const list = await askCli(['list', 'runs', '--results', results, '--json'], { cwd });
      folders.push(JSON.parse(list.stdout).runs[0].folder);
    }
    const [base = '', current = ''] = folders;
    const ended = await askCli(['compare', base, current, '--confirm'], { cwd });
    expect([ended.exitCode, ended.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('--confirm starts no command that a stored run names (variant x: env A=1)'),
    ]);
  });
  test('are told by --dry-run', async () => {
    const ended = await run('--variant', 'plain=', '--variant', 'x=chrt -f 10', '--dry-run');
    expect(ended.stdout).toMatch(/\nvariant {2}plain: as it is\nvariant {2}x: chrt -f 10\n/);
  });
  test('are refused before the run where their command does not start a server', async () => {
    const missing = await run('--variant', 'x=no-such-program --flag');
    expect([missing.exitCode, missing.stderr]).toEqual([
      EXIT.environment,
      expect.stringContaining(
        'variant x: no-such-program --flag starts no server: no program no-such-program in PATH',
      ),
    ]);
    const failing = await run('--variant', 'x=false');
    expect([failing.exitCode, failing.stderr]).toEqual([
      EXIT.environment,
      expect.stringContaining('variant x: false starts no server: exit 1'),
    ]);
    const unnamed = await run('--variant', 'numactl');
    expect([unnamed.exitCode, unnamed.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('write name=command'),
    ]);
  });
  test('whose command stays in front of the server fail with the reason', async () => {
    const ended = await run('--variant', `x=sh -c '"$@"; exit $?' sh`);
    expect(ended.exitCode).toBe(EXIT.trialFailed);
    expect(ended.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'starts the server as another process instead of becoming it',
    );
  });
});
