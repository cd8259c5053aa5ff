import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../util/errors.ts';
import { runCli } from './cli.ts';

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
    const again = await runCli(['list', 'runs', '--json'], { cwd });
    const [{ runId }] = JSON.parse(again.stdout).runs;
    const by = await runCli(['compare', runId, '--by', 'server', '--json', '--inconclusive', 'pass'], {
      cwd,
    });
    const { comparisons } = JSON.parse(by.stdout);
    expect(comparisons).toHaveLength(1);
    expect(comparisons[0]).toMatchObject({ name: 'named against plain', comparison: { design: 'pairs' } });
    const labels = comparisons[0].comparison.metrics.map(({ label }: { label: string }) => label);
    expect(new Set(labels)).toEqual(new Set(['epoll-lt', 'poll']));
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
