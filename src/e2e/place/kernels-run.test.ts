import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { runCli, runFolders } from '../cli/cli.ts';
import { findMachine } from './machine.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Two boots side by side take half a minute, and minutes where others want the same CPUs. */
const RUN_DEADLINE_MS = 600_000;
const BOOTS = 2;
const BLOCKS = 2;

const machine = await findMachine();
const cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-run-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
beforeEach(({ skip }) => {
  if (machine.why !== null) skip(machine.why);
});

/** Its schema is the one that it names. */
function check(text: string): void {
  const json = JSON.parse(text) as { readonly $schema: string };
  const schema = JSON.parse(readFileSync(join(ROOT, json.$schema.replace(/^[^/]+/, '.')), 'utf8')) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(json), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
}

describe('a kernel that is booted and measured by the real binary', () => {
  beforeAll(async () => {
    if (machine.why !== null) return;
    const kernel = machine.kernels[0].path;
    const cell = ['--models', 'epoll-lt', '--workloads', 'ping-pong', '--smp', '1'];
    const size = ['--boots', `${BOOTS}`, '--blocks', `${BLOCKS}`, '--qemu', machine.qemu.path];
    const ended = await runCli(['kernels', 'run', '--kernel', kernel, ...cell, ...size], {
      cwd,
      deadlineMs: RUN_DEADLINE_MS,
    });
    expect([ended.exitCode, ended.stderr]).toEqual([EXIT.ok, expect.stringContaining('stored as')]);
    expect(ended.stdout).toContain('Guest instructions per request, 1 CPU for server and client');
  }, RUN_DEADLINE_MS);

  test('leaves a run per boot, with its console, and nothing else', () => {
    expect(readdirSync(cwd)).toEqual(['results']);
    const folders = runFolders(cwd);
    expect(folders).toHaveLength(BOOTS);
    for (const folder of folders) {
      expect(readFileSync(join(folder, 'logs/console.log'), 'utf8')).toContain('Linux version');
      expect(readdirSync(join(folder, 'logs'))).toEqual(['console.log']);
    }
    expect(folders.filter((folder) => existsSync(join(folder, 'explain.json')))).toHaveLength(1);
  });

  test('counts the same path in each boot, and says what guest it was', async () => {
    const runs = await Promise.all(runFolders(cwd).map((folder) => readRun(folder, cwd)));
    const totals = runs.flatMap(({ record, trials }) => {
      expect(record.environment.guest).toMatchObject({ clock: 'icount', smp: 1, cpu: 'max', place: 0 });
      expect(trials).toHaveLength(BLOCKS);
      return trials.map((trial) => {
        if (trial.status !== 'measured') throw new Error(`not measured: ${JSON.stringify(trial)}`);
        const { pathLength, requests } = trial.observation;
        return (pathLength?.total ?? 0) / requests.accounted;
      });
    });
    expect(Math.min(...totals)).toBeGreaterThan(1_000);
    expect(Math.max(...totals) / Math.min(...totals)).toBeLessThan(1.02);
  });

  test('show prints its path length and no time', async () => {
    const { exitCode, stdout } = await runCli(['show', '--width', '200'], { cwd });
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toMatch(/guest · clock icount: one instruction is one nanosecond · QEMU .* · 1 CPU/);
    expect(stdout).toMatch(/instr\./);
    expect(stdout).not.toMatch(/req\/s|p99|\d ?[µn]s\b/);
  });

  test('kernels compare prints its numbers as JSON, and says that it is alone', async () => {
    const { exitCode, stdout, stderr } = await runCli(['kernels', 'compare', '--json'], { cwd });
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('one kernel alone')]);
    check(stdout);
    const { matrices } = JSON.parse(stdout) as { readonly matrices: readonly object[] };
    expect(matrices).toMatchObject([{ rows: [{ label: 'epoll-lt', cells: [{ boots: BOOTS }] }] }]);
  });

  test('kernels explain says where its instructions go', async () => {
    const folder = runFolders(cwd).find((path) => existsSync(join(path, 'explain.json'))) ?? '';
    const { exitCode, stdout, stderr } = await runCli(['kernels', 'explain', folder], { cwd });
    expect([exitCode, stderr]).toEqual([EXIT.ok, '']);
    expect(stdout).toMatch(/^tcp_\w+ +TCP +\d/m);
    const json = await runCli(['kernels', 'explain', folder, '--json'], { cwd });
    check(json.stdout);
  });
});
