import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureRun } from '../../fixtures/run.ts';
import { readPlace } from '../../host/host-id.ts';
import type { RunRecord } from '../../results/schema.ts';
import { createStore } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli } from './cli.ts';

let cwd: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-baseline-'));
  await store('a', {});
  await store('b', { status: 'interrupted' });
  await store('d', {}, 'io_uring');
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** A run of this host and kernel, as if it had been measured. */
async function store(runId: string, change: Partial<RunRecord>, without = ''): Promise<void> {
  const { record, trials, calibrations } = fixtureRun();
  const run = await createStore(join(cwd, 'results'), runId);
  const environment = { ...record.environment, ...readPlace() };
  await run.saveRecord({ ...record, runId, environment, ...change });
  for (const calibration of calibrations) await run.appendCalibration(calibration);
  for (const trial of trials) if (trial.label !== without) await run.appendTrial(trial);
}

const baseline = (...args: readonly string[]) => askCli(['baseline', ...args], { cwd });

describe('baseline', () => {
  test('says that there is none yet', async () => {
    const list = await baseline('list');
    expect(list).toMatchObject({ exitCode: EXIT.ok, stderr: '' });
    expect(list.stdout).toBe('no baselines yet; save one with iomodels-bench baseline save <name>\n');
    const search = await baseline('show', 'this-kernel', '--path');
    expect(search).toMatchObject({ exitCode: EXIT.environment, stdout: '' });
    expect(search.stderr).toMatch(
      /^error: this host has no baseline of the running kernel .*; save one with/,
    );
  });

  test('keeps a run, once, and shows it again', async () => {
    const saved = await baseline('save', 'nightly', 'a');
    expect(saved.exitCode, saved.stderr).toBe(EXIT.ok);
    const { host, kernel } = readPlace();
    expect(saved.stdout).toContain(`run a is baseline nightly of host ${host}, kernel ${kernel}\n`);
    const folder = (await baseline('show', 'nightly', '--path')).stdout.trim();
    expect(saved.stdout).toContain(`stored in ${folder}\n`);
    expect(existsSync(join(folder, 'trials.ndjson'))).toBe(true);

    const again = await baseline('save', 'nightly', 'a');
    expect(again).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
    expect(again.stderr).toMatch(/^error: there is already a baseline nightly of kernel .* with --force\n$/);
    const forced = await baseline('save', 'nightly', 'a', '--force', '--json');
    expect(JSON.parse(forced.stdout)).toMatchObject({
      schemaVersion: 1,
      baseline: { name: 'nightly', runId: 'a', folder },
      replaced: { runId: 'a' },
    });
    expect(readdirSync(join(folder, '..'))).toEqual(['nightly']);
  });

  test('never shrinks, except where it is said of which cells', async () => {
    const refused = await baseline('save', 'nightly', 'd', '--force');
    expect(refused).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
    expect(refused.stderr).toMatch(/io_uring under fixed-rate \(no trial was measured in run d\)/);
    const partly = await baseline(
      'save',
      'nightly',
      'd',
      '--force',
      '--allow-missing',
      'io_uring/fixed-rate',
    );
    expect(partly.exitCode).toBe(EXIT.usage);
    const allowed = await baseline('save', 'nightly', 'd', '--force', '--allow-missing', 'io_uring');
    expect(allowed.exitCode, allowed.stderr).toBe(EXIT.ok);
    expect(allowed.stderr).toContain('warning: it has no io_uring under many-connections');
    expect((await baseline('save', 'nightly', 'a', '--force')).exitCode).toBe(EXIT.ok);
  });

  test('lists what is kept, and prints its tables as show does', async () => {
    const list = await baseline('list');
    expect(list.stdout).toMatch(/^nightly .*\* .*\* .* a /m);
    const json = JSON.parse((await baseline('list', '--json')).stdout);
    expect(json).toMatchObject({ schemaVersion: 1, here: readPlace() });
    expect(Object.keys(json.baselines[0]).sort()).toEqual([
      'folder',
      'host',
      'kernel',
      'kernelVersion',
      'name',
      'runId',
      'runIds',
      'runs',
      'savedAt',
      'status',
    ]);
    const shown = await baseline('show', 'nightly');
    const asRun = await askCli(['show', 'baseline:this-kernel'], { cwd });
    expect(asRun.exitCode, asRun.stderr).toBe(EXIT.ok);
    expect(shown.stdout).toMatch(/^Baseline nightly of host .*, saved 20/);
    expect(shown.stdout.endsWith(asRun.stdout)).toBe(true);
  });

  test.each([
    { args: ['save', '../../x', 'a'], message: '"../../x" cannot name a baseline' },
    { args: ['save', 'previous-kernel', 'a'], message: 'a baseline cannot be called previous-kernel' },
    { args: ['save', 'other', 'b'], message: 'run b makes no baseline: it is interrupted, not complete' },
    { args: ['save', 'other', 'c'], message: 'no run c' },
    { args: ['save'], message: "missing required argument 'name'" },
    { args: ['show', '../../a'], message: 'no baseline ../../a; there are nightly@' },
    { args: ['delete', 'nightly'], message: "unknown command 'delete'" },
  ])('refuses $args', async ({ args, message }) => {
    const before = readdirSync(cwd, { recursive: true });
    const ended = await baseline(...args);
    expect(ended).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
    expect(ended.stderr).toContain(message);
    expect(readdirSync(cwd, { recursive: true })).toEqual(before);
  });
});
