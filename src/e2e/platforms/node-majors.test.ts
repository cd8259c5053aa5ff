import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CLI_DEADLINE_MS, CLI_PATH } from '../cli/cli.ts';
import { TOOLCHAINS_DIR, whyMissing } from './toolchains.ts';

/** Those after the oldest that is supported, which runs all the other tests. */
const MAJORS = [22, 24];

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-node-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

test('every Node that was fetched is in the list', () => {
  const names = existsSync(TOOLCHAINS_DIR) ? readdirSync(TOOLCHAINS_DIR) : [];
  const fetched = names.flatMap((name) => /^node-(\d+)$/.exec(name)?.[1] ?? []);
  expect(fetched.map(Number).filter((major) => !MAJORS.includes(major))).toEqual([]);
});

describe.each(MAJORS)('Node %i', (major) => {
  const node = join(TOOLCHAINS_DIR, `node-${major}/node`);
  const missing = whyMissing(`node-${major}`, [node]);
  if (missing !== null) {
    test('is not here', ({ skip }) => {
      process.stderr.write(`skipped: Node ${major}: ${missing}\n`);
      skip(missing);
    });
    return;
  }
  const cli = (...args: string[]) =>
    execa(node, [CLI_PATH, ...args], {
      cwd,
      env: { HOME: cwd, XDG_CACHE_HOME: inject('cacheHome') },
      timeout: CLI_DEADLINE_MS,
    });

  test('is of that version', async () => {
    expect((await execa(node, ['--version'])).stdout).toMatch(new RegExp(`^v${major}\\.`));
  });

  test('runs trials with the load generator, the calibration and the counters', async () => {
    const { stdout } = await cli(
      'run',
      ...['--models', 'epoll-lt,blocking', '--workloads', 'ping-pong,churn', '--blocks', '1'],
      ...['--duration', '30ms', '--warmup', '10ms', '--json'],
    );
    const { summary } = JSON.parse(stdout);
    const rows = summary.workloads.flatMap((group: { rows: { status: string }[] }) => group.rows);
    expect(rows.map(({ status }: { status: string }) => status)).toEqual(Array(4).fill('measured'));
  });

  test('shows, exports and checks what it has measured', async () => {
    expect((await cli('show')).stdout).toContain('epoll-lt');
    await cli('export', '--format', 'csv', '--output', join(cwd, 'run.csv'));
    expect((await cli('doctor')).stdout).toMatch(/^ ?ok +FFI call/m);
  });
});
