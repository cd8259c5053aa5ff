import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelMatrix } from '../../compare/kernel-matrix-schema.ts';
import { EXIT } from '../../util/errors.ts';
import { runCli } from '../cli/cli.ts';
import { findMachine } from './machine.ts';

/** A few boots, where others may want the same CPUs. */
const TEST_TIMEOUT_MS = 600_000;
const JOB = fileURLToPath(new URL('../../../examples/ci/kernels.sh', import.meta.url));
const SMALL = [
  '--smp',
  '1',
  '--boots',
  '2',
  '--blocks',
  '2',
  '--models',
  'epoll-lt',
  '--workloads',
  'ping-pong',
];

const machine = await findMachine();
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-run-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('kernels run refuses', () => {
  test.each([
    ['no kernel', [], /needs a --kernel or more/],
    ['a kernel that is not there', ['--kernel', '0.0.1-none'], /0\.0\.1-none/],
    ['three CPUs', ['--kernel', 'x', '--smp', '3'], /--smp 3: must be 1, 2, or 1,2/],
    [
      'a clock that there is not',
      ['--kernel', 'x', '--clock', 'sun'],
      /--clock sun: must be one of icount, kvm, tcg/,
    ],
    ['too little memory', ['--kernel', 'x', '--memory', '1M'], /--memory 1M: must be a size/],
    ['no boots', ['--kernel', 'x', '--boots', '0'], /--boots 0: must be a whole number/],
  ])('%s', async (_, args, why) => {
    const { exitCode, stdout, stderr } = await runCli(['kernels', 'run', ...args], { cwd });
    expect([exitCode, stdout]).toEqual([EXIT.usage, '']);
    expect(stderr).toMatch(why);
  });

  test('an image that is none', async () => {
    const image = join(cwd, 'vmlinuz-none');
    writeFileSync(image, 'no kernel');
    const { exitCode, stderr } = await runCli(['kernels', 'run', '--kernel', image], { cwd });
    expect(exitCode).toBe(EXIT.environment);
    expect(stderr).toContain(image);
  });
});

describe('kernels bisect', () => {
  test.each([
    ['without a good kernel', [], EXIT.usage],
    ['of git, which must not take that for a verdict', ['--test', 'x'], EXIT.gitStops],
    ['of git, with no such kernel', ['--good', '0.0.1-none', '--test', 'x'], EXIT.gitStops],
  ])('%s', async (_, args, code) => {
    expect((await runCli(['kernels', 'bisect', ...args], { cwd })).exitCode).toBe(code);
  });
});

test('kernels compare says where there are no boots', async () => {
  const { exitCode, stderr } = await runCli(['kernels', 'compare', '--results', 'none'], { cwd });
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toContain('kernels run measures some');
});

describe('Two kernels in guests', () => {
  test('are measured, judged, explained and searched', { timeout: TEST_TIMEOUT_MS }, async ({ skip }) => {
    if (machine.why !== null) skip(machine.why);
    const [base] = machine.kernels;
    const current = machine.kernels.at(-1);
    if (base === undefined || current === undefined || base === current)
      return skip('guests need two kernels');
    const qemu = ['--qemu', machine.qemu?.path ?? ''];
    const common = [...qemu, '--results', 'boots'];
    const kernels = [base, current].flatMap(({ path }) => ['--kernel', path]);
    const run = await runCli(['kernels', 'run', ...kernels, ...SMALL, ...common, '--json'], {
      cwd,
      deadlineMs: TEST_TIMEOUT_MS,
    });
    expect([run.exitCode, run.stderr]).toEqual([EXIT.ok, expect.stringContaining('boot 4 of 4')]);
    const [matrix] = (JSON.parse(run.stdout) as { readonly matrices: readonly KernelMatrix[] }).matrices;
    expect(matrix?.kernels.map(({ release, runs }) => [release, runs.length])).toEqual([
      [base.release, 2],
      [current.release, 2],
    ]);
    // What a request executes: tens of thousands of instructions, whatever the kernel.
    for (const cell of matrix?.rows.flatMap(({ cells }) => cells) ?? []) {
      expect(cell.value).toBeGreaterThan(10_000);
      expect(cell.value).toBeLessThan(200_000);
    }

    const folders = readdirSync(join(cwd, 'boots')).filter((name) => /^\d{8}-/.test(name));
    expect(folders).toHaveLength(4);
    const explained = folders.filter((name) =>
      readdirSync(join(cwd, 'boots', name)).includes('explain.json'),
    );
    expect(explained).toHaveLength(2);
    const shown = await runCli(['show', folders[0] ?? '', '--results', 'boots', '--markdown'], { cwd });
    expect(shown.stdout).toContain('clock icount');
    expect(shown.stdout).not.toMatch(/p99|req\/s/);
    for (const name of folders)
      expect(readFileSync(join(cwd, 'boots', name, 'logs', 'console.log'), 'utf8')).not.toContain('panic');

    const why = await runCli(['kernels', 'explain', ...explained, '--results', 'boots', '--json'], { cwd });
    expect([why.exitCode, why.stderr]).toEqual([EXIT.ok, '']);

    // As a CI job, with the same boots again.
    const job = await execa(JOB, {
      ...{ cwd, reject: false, stdin: 'ignore' },
      env: {
        IOMB_BIN: fileURLToPath(new URL('../../../bin/iomodels-bench.js', import.meta.url)),
        ...{ IOMB_BASE: base.path, IOMB_CANDIDATE: current.path },
        ...{ IOMB_OUT: 'job', IOMB_REPORT: 'report', IOMB_RUN: [...SMALL, ...qemu].join(' ') },
      },
    });
    expect([EXIT.ok, EXIT.regressed, EXIT.inconclusive]).toContain(job.exitCode);
    expect(readdirSync(join(cwd, 'report')).sort()).toEqual(['junit-smp1.xml', 'kernels.json', 'report.md']);
  });
});
