import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { BASELINES_FOLDER, listBaselines, runFoldersOf } from '../../results/baseline-index.ts';
import type { Baseline } from '../../results/baseline-schema.ts';
import { CALIBRATIONS_FILE, TRIALS_FILE } from '../../results/lines.ts';
import { runRecordSchema } from '../../results/schema.ts';
import { RECORD_FILE, readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, CLI_DEADLINE_MS, type Ended } from './cli.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const JOB = join(ROOT, 'examples/ci/job.sh');
const WORKFLOW = join(ROOT, 'examples/ci/github-actions.yml');
const HOST = 'runner-1';
const OLD_KERNEL = '0.0.1-before';

const stepSchema = z.object({
  name: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  if: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const workflowSchema = z.object({
  name: z.string(),
  on: z.object({ schedule: z.array(z.object({ cron: z.string() })), workflow_dispatch: z.unknown() }),
  jobs: z.record(z.string(), z.object({ 'runs-on': z.string(), steps: z.array(stepSchema) })),
});

const workflowText = readFileSync(WORKFLOW, 'utf8');
const workflow = workflowSchema.parse(parse(workflowText));
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const jobText = readFileSync(JOB, 'utf8');

/** The one step that runs something of this project. */
function measuringStep() {
  const [step, ...others] = steps.filter(({ run }) => run !== undefined);
  if (step?.run === undefined || others.length > 0) throw new Error('not one step that runs a command');
  return { run: step.run, env: step.env ?? {} };
}

/** What GitHub would put in place of `${{ }}`, for the expressions that the workflow uses. */
function resolved(text: string): string {
  return text.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
    if (expression === 'runner.name') return HOST;
    // A job by schedule has no inputs.
    const fallback = /^inputs\.\w+(?: && '.*')? \|\| '(.*)'$/.exec(expression)?.[1];
    if (fallback === undefined) throw new Error(`the test does not know ${expression}`);
    return fallback;
  });
}

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-ci-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** The step of the workflow as a runner executes it, in `cwd`, with some variables changed. */
function runJob(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const step = measuringStep();
  const own = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, resolved(value)]));
  const child = spawn('bash', ['-e', '-c', join(ROOT, step.run)], {
    cwd,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: cwd,
      XDG_CACHE_HOME: inject('cacheHome'),
      GITHUB_STEP_SUMMARY: join(cwd, 'step-summary.md'),
      ...own,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CLI_DEADLINE_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}

function report(file: string): string {
  return readFileSync(join(cwd, 'iomb-report', file), 'utf8');
}

/** Options by command, of everything that the kit runs or offers as a variable. */
function usedOptions(): { command: string; options: readonly string[] }[] {
  const code = jobText.replaceAll(/\\\n\s*/g, ' ').replaceAll(/^\s*#.*$/gm, '');
  const calls = [...code.matchAll(/\b(?:bench|iomodels-bench) ((?:baseline )?[a-z]+)(.*)/g)];
  const variables = { IOMB_RUN: 'run', IOMB_COMPARE: 'compare' };
  const values = Object.entries(variables).flatMap(([variable, command]) => {
    const documented = [...jobText.matchAll(new RegExp(`^# +${variable} .*"(.*)"$`, 'gm'))];
    const set = resolved(measuringStep().env[variable] ?? '');
    return [set, ...documented.map((match) => match[1] ?? '')].map((text) => ({ command, text }));
  });
  return [...calls.map((match) => ({ command: match[1] ?? '', text: match[2] ?? '' })), ...values].map(
    ({ command, text }) => ({ command, options: text.match(/--[a-z][a-z-]*/g) ?? [] }),
  );
}

describe('the CI kit', () => {
  test('calls only commands and options that there are', async () => {
    const used = usedOptions();
    const commands = [...new Set(used.map(({ command }) => command))].sort();
    expect(commands).toEqual(['baseline save', 'baseline show', 'compare', 'export', 'report', 'run']);
    for (const command of commands) {
      const help = await askCli([...command.split(' '), '--help'], { cwd });
      expect(help.exitCode, command).toBe(EXIT.ok);
      const options = used.filter((call) => call.command === command).flatMap((call) => call.options);
      expect(options, command).not.toEqual([]);
      for (const option of options) expect(help.stdout).toMatch(new RegExp(`^ +${option}[ =,]`, 'm'));
    }
  });

  test('has a workflow that runs the shell job, between a checkout and what is kept of it', () => {
    expect(steps.map(({ uses, run }) => run ?? uses?.split('@')[0])).toEqual([
      'actions/checkout',
      'actions/setup-node',
      'actions/cache/restore',
      'examples/ci/job.sh',
      'actions/cache/save',
      'actions/upload-artifact',
    ]);
    const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8').replaceAll(/\s+/g, ' ');
    for (const { uses } of steps.filter((step) => step.uses !== undefined)) {
      const [, action, major] = /^(actions\/[a-z-]+)[\w/-]*@(v\d+)$/.exec(uses ?? '') ?? [];
      expect(page, 'the page says which versions').toContain(`\`${action}\` ${major} (${major}.`);
    }
    accessSync(join(ROOT, measuringStep().run), constants.X_OK);
    expect(steps.filter((step) => step.if !== undefined).map((step) => step.if)).toEqual([
      "always() && hashFiles('results/baselines/**') != ''",
      'always()',
    ]);
  });

  test('keeps what the job writes: the baselines in the cache, the report as an artifact', () => {
    const { env } = measuringStep();
    const caches = steps.filter(({ uses }) => uses?.startsWith('actions/cache/'));
    for (const cache of caches)
      expect(cache.with).toMatchObject({
        path: `${env.IOMB_OUT}/${BASELINES_FOLDER}`,
        key: expect.stringContaining(String(caches[0]?.with?.['restore-keys'])),
      });
    const upload = steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'));
    expect(upload?.with?.path).toBe(env.IOMB_REPORT);
  });

  test('documents every variable, and the workflow sets none that there is not', () => {
    const code = jobText.replaceAll(/^#.*$/gm, '');
    const read = new Set([...code.matchAll(/\$\{(IOMB_\w+)/g)].map((match) => match[1]));
    const documented = [...jobText.matchAll(/^# {3}(IOMB_\w+) /gm)].map((match) => match[1]);
    expect([...read].sort()).toEqual(documented.toSorted());
    const host = 'IOMODELS_BENCH_HOST';
    for (const name of Object.keys(measuringStep().env)) expect([...documented, host]).toContain(name);
    expect(jobText).toContain(`#   ${host} `);
  });
});

describe('the job, night after night', () => {
  const cell = '--models epoll-lt --workloads ping-pong --duration 40ms --warmup 10ms --retry 0';
  const summary = () => readFileSync(join(cwd, 'step-summary.md'), 'utf8');
  const baselines = async () => (await listBaselines(join(cwd, 'results'))).baselines;

  test('keeps its run where there is no baseline yet, and passes', async () => {
    const ended = await runJob({ IOMB_RUN: `${cell} --blocks 8` });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    expect(ended.stdout).toContain(
      '\nno baseline yet: nothing to compare with. This run is now the baseline ci of kernel ',
    );
    const [baseline, ...others] = await baselines();
    expect(others).toEqual([]);
    expect(baseline).toMatchObject({ name: 'ci', host: HOST, status: 'complete', runs: 3 });
    expect(summary()).toMatch(/^## I\/O models on .*: no baseline yet: nothing to compare with\n/);
    expect(summary()).toContain('epoll-lt');
    expect(summary()).toBe(report('summary.md'));
    expect(summary()).not.toContain('![');
    expect(report('report.html')).toMatch(/^<!doctype html>/);
    expect(report('chart.svg')).toMatch(/^<svg /);
    // The tables are of the last of its runs.
    const runs = baseline === undefined ? [] : runFoldersOf(baseline);
    const ids = await Promise.all(runs.map(async (folder) => (await readRun(folder, cwd)).record.runId));
    expect(ids).toContain(JSON.parse(report('iomodels-bench.json')).run.runId);
  });

  test('compares with the previous kernel after an upgrade, and gives the new one a baseline', async () => {
    const [before] = await baselines();
    if (before === undefined) throw new Error('no baseline');
    await upgradeFrom(before);
    // Too few blocks for a verdict: whatever the machine does, nothing can have regressed.
    const ended = await runJob({ IOMB_RUN: `${cell} --blocks 2` });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    expect(ended.stdout).toContain('nothing regressed. This run is now the baseline ci of kernel ');
    expect((await baselines()).map(({ kernel }) => kernel)).toEqual([expect.any(String), OLD_KERNEL]);
    expect(report('summary.md')).toContain('Compared with baseline:previous-kernel.');
    expect(report('comparison.html')).toContain('All cells together');
    expect(report('summary.md')).toMatch(/^```text\nAll cells together: change of each metric/m);
    expect(report('summary.md')).toContain(OLD_KERNEL);
    const { comparison } = JSON.parse(report('iomodels-bench.json'));
    expect(comparison.base.runs[0].runId).toBe(before.runId);
    expect(comparison.outcome).toBe('inconclusive');
  });

  test('ends with 4 where it is inconclusive, and nobody said that this passes', async () => {
    const ended = await runJob({ IOMB_RUN: `${cell} --blocks 2`, IOMB_COMPARE: '' });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.inconclusive);
    expect(report('summary.md')).toMatch(/^## I\/O models on .*: inconclusive\n/);
  });

  test('ends with 1 where it got slower, keeps the baseline, and says how to accept it', async () => {
    const kept = await baselines();
    const before = kept.find(({ kernel }) => kernel === OLD_KERNEL);
    if (before === undefined) throw new Error('no baseline of the kernel before');
    await halveSyscalls(before);
    const ended = await runJob({ IOMB_RUN: `${cell} --blocks 8` });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.regressed);
    expect(ended.stdout).toContain('\nregressed\n');
    expect(await baselines()).toEqual(kept);
    expect(report('summary.md')).toContain(
      'To make this run the measure, run this job once with `IOMB_ACCEPT=1`.',
    );
  });

  test('accepts a slower kernel when told to, and compares it with that from then on', async () => {
    const accepting = await runJob({ IOMB_RUN: `${cell} --blocks 8`, IOMB_ACCEPT: '1' });
    expect(accepting.exitCode, accepting.stderr).toBe(EXIT.ok);
    expect(accepting.stdout).toContain('\nregressed. This run is now the baseline accepted of kernel ');
    const [accepted] = await baselines();
    const after = await runJob({ IOMB_RUN: `${cell} --blocks 2` });
    expect(after.exitCode, after.stderr).toBe(EXIT.ok);
    expect(JSON.parse(report('iomodels-bench.json')).comparison.base.runs[0].runId).toBe(accepted?.runId);
  });

  test.each([
    { what: 'an option of run', env: { IOMB_RUN: '--models nope' }, message: 'nope' },
    { what: 'an option of compare', env: { IOMB_COMPARE: '--treshold 5%' }, message: '--treshold' },
    { what: 'a value for compare', env: { IOMB_COMPARE: '--metrics nope' }, message: 'unknown metric nope' },
    { what: 'an answer', env: { IOMB_ACCEPT: 'yes' }, message: 'IOMB_ACCEPT=yes: must be 0 or 1' },
    { what: 'a baseline', env: { IOMB_BASE: 'nope' }, message: 'no baseline nope' },
  ])('ends with 2 and measures nothing where $what is wrong', async ({ env, message }) => {
    const before = readdirSync(join(cwd, 'results')).length;
    const ended = await runJob(env);
    expect(ended.exitCode).toBe(EXIT.usage);
    expect(ended.stderr).toContain(message);
    expect(readdirSync(join(cwd, 'results'))).toHaveLength(before);
  });

  /** Makes a baseline one of the kernel before: a reboot cannot be part of a test. */
  async function upgradeFrom(baseline: Baseline): Promise<void> {
    for (const own of runFoldersOf(baseline)) {
      const { record } = await readRun(own, cwd);
      const environment = { ...record.environment, kernel: OLD_KERNEL };
      writeFileSync(
        join(own, RECORD_FILE),
        JSON.stringify(runRecordSchema.parse({ ...record, environment })),
      );
      // Runs of a second each lie in one spell of weather, beside which nothing would be compared.
      rmSync(join(own, CALIBRATIONS_FILE));
    }
    const kernel = dirname(baseline.folder);
    renameSync(kernel, join(dirname(kernel), `${OLD_KERNEL}_00000000`));
  }

  /** Makes the kernel after it worse in what a noisy machine does not touch: calls per request. */
  async function halveSyscalls(baseline: Baseline): Promise<void> {
    for (const own of runFoldersOf(baseline)) {
      const { trials } = await readRun(own, cwd);
      const lines = trials.map((trial) => {
        if (trial.status !== 'measured') throw new Error(`not measured: ${JSON.stringify(trial)}`);
        const { server } = trial.observation;
        const calls = Object.entries(server.syscalls).map(([name, count]) => [name, Math.round(count / 2)]);
        const fewer = { ...server, syscalls: Object.fromEntries(calls) };
        return JSON.stringify({ ...trial, observation: { ...trial.observation, server: fewer } });
      });
      writeFileSync(join(own, TRIALS_FILE), `${lines.join('\n')}\n`);
    }
  }
});

describe('the job, whatever its commands end with', () => {
  /** Answers as the variables say, and notes what is saved. */
  const STUB = `#!/bin/sh
case "$1 $2" in
  'baseline show')
    if [ "$3" != this-kernel ]; then exit "$SHOW_PREVIOUS"; fi
    [ "$SHOW_THIS" != 0 ] || echo "/b/$THIS"
    exit "$SHOW_THIS" ;;
  'baseline save') echo "$@" >>saved.txt ;;
esac
case "$*" in *--dry-run*) echo "checked $1" >>checked.txt; exit 0 ;; esac
case "$1 $2" in
  run*) echo "$@" >>ran.txt; echo 'stored in /r, s/1'; exit "$RUN" ;;
  compare*)
    echo "compared $2 $3" >compared.txt
    echo "$SAYS" >&2
    case $COMPARE in 0 | 1 | 4) echo '# verdicts' >iomb-report/comparison.md ;; esac
    exit "$COMPARE" ;;
  export*) echo '# tables' >iomb-report/iomodels-bench.md ;;
  report*) touch iomb-report/report.html iomb-report/chart.svg ;;
esac
`;
  const QUIET = { RUN: '0', COMPARE: '0', SHOW_PREVIOUS: '0', SHOW_THIS: '0', THIS: 'ci', SAYS: 'said' };
  const saved = () =>
    existsSync(join(cwd, 'saved.txt')) ? readFileSync(join(cwd, 'saved.txt'), 'utf8') : null;
  const SAVED = (name: string) =>
    `baseline save ${name} 1 1 1 --results results --force${name === 'accepted' ? ' --allow-missing=*' : ''}\n`;
  const LOST = { COMPARE: '1', SAYS: 'missing: 2 of what the base has; nothing that is there regressed: 0' };
  let whole: string;
  beforeEach(() => {
    whole = cwd;
    cwd = join(whole, 'stubbed');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'bench'), STUB, { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true });
    cwd = whole;
  });
  const stubbed = (env: object) => runJob({ IOMB_BIN: './bench', ...QUIET, ...env });

  test.each([
    { env: {}, exitCode: 0, text: 'nothing regressed', saves: null },
    { env: { SHOW_THIS: '3' }, exitCode: 0, text: 'nothing regressed', saves: 'ci' },
    { env: { SHOW_PREVIOUS: '3' }, exitCode: 0, text: 'nothing regressed', saves: null },
    { env: { SHOW_PREVIOUS: '3', SHOW_THIS: '3' }, exitCode: 0, text: 'no baseline yet', saves: 'ci' },
    { env: { COMPARE: '1', SHOW_THIS: '3' }, exitCode: 1, text: 'regressed', saves: null },
    {
      env: { ...LOST, SHOW_THIS: '3' },
      exitCode: 1,
      text: 'missing: 2 of what the baseline has',
      saves: null,
    },
    { env: { ...LOST, IOMB_ACCEPT: '1' }, exitCode: 0, text: 'missing: 2', saves: 'accepted' },
    { env: { COMPARE: '3', SHOW_THIS: '3' }, exitCode: 3, text: 'not comparable', saves: null },
    { env: { COMPARE: '4', SHOW_THIS: '3' }, exitCode: 4, text: 'inconclusive', saves: null },
    { env: { COMPARE: '2' }, exitCode: 2, text: 'compare ended with exit code 2', saves: null },
    { env: { RUN: '1', SHOW_THIS: '3' }, exitCode: 3, text: 'some trials failed', saves: null },
    { env: { RUN: '1', COMPARE: '1' }, exitCode: 1, text: 'regressed', saves: null },
    { env: { IOMB_ACCEPT: '1', COMPARE: '1' }, exitCode: 0, text: 'regressed', saves: 'accepted' },
    { env: { IOMB_ACCEPT: '1', COMPARE: '4' }, exitCode: 0, text: 'inconclusive', saves: 'accepted' },
    { env: { IOMB_ACCEPT: '1', COMPARE: '3' }, exitCode: 0, text: 'not comparable', saves: 'accepted' },
    { env: { IOMB_ACCEPT: '1', RUN: '1' }, exitCode: 3, text: 'some trials failed', saves: null },
    { env: { THIS: 'accepted' }, exitCode: 0, text: 'nothing regressed', saves: null },
  ])('passes the verdict on, with its report: $env is $exitCode', async ({ env, exitCode, text, saves }) => {
    const ended = await stubbed(env);
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    expect(report('summary.md').split('\n')[0]).toContain(`: ${text}`);
    expect(report('summary.md')).toContain('\n## tables\n');
    const judged = existsSync(join(cwd, 'iomb-report/comparison.md'));
    expect(report('summary.md').includes('\n## verdicts\n')).toBe(judged);
    expect(judged).toBe(!['no baseline yet', 'not comparable'].includes(text) && exitCode !== EXIT.usage);
    expect(saved()).toBe(saves === null ? null : SAVED(saves));
  });

  test('links its pages, and shows an image, only where they are published', async () => {
    await stubbed({ IOMB_URL: 'https://example.org/r' });
    expect(report('summary.md')).toContain('[Run with charts](https://example.org/r/report.html)');
    expect(report('summary.md')).toContain('](https://example.org/r/chart.svg)');
    await stubbed({});
    expect(report('summary.md')).not.toContain('](');
  });

  test('checks the options of run and compare before it measures', async () => {
    await stubbed({ COMPARE: '1' });
    expect(readFileSync(join(cwd, 'checked.txt'), 'utf8')).toBe('checked run\nchecked compare\n');
  });

  test.each([
    { env: {}, base: 'previous-kernel' },
    { env: { SHOW_PREVIOUS: '3' }, base: 'this-kernel' },
    { env: { THIS: 'accepted' }, base: 'this-kernel' },
    { env: { THIS: 'accepted', IOMB_BASE: 'release previous-kernel' }, base: 'release' },
    { env: { IOMB_BASE: 'this-kernel' }, base: 'this-kernel' },
  ])('compares with $base: $env', async ({ env, base }) => {
    await stubbed(env);
    expect(readFileSync(join(cwd, 'compared.txt'), 'utf8')).toBe(`compared baseline:${base} 1,1,1\n`);
  });

  test.each([
    { env: {}, runs: 3, blocks: '--blocks 6' },
    { env: { IOMB_RUNS: '5' }, runs: 5, blocks: '--blocks 4' },
    { env: { IOMB_RUNS: '1' }, runs: 1, blocks: '' },
    { env: { IOMB_RUN: '--blocks 9 --seed 1' }, runs: 3, blocks: '--blocks 9' },
  ])('measures $runs runs: $env', async ({ env, runs, blocks }) => {
    await stubbed(env);
    const ran = readFileSync(join(cwd, 'ran.txt'), 'utf8').trimEnd().split('\n');
    expect(ran).toHaveLength(runs);
    for (const line of ran) expect(line.includes('--blocks')).toBe(blocks !== '');
    expect(ran[0]).toContain(blocks);
  });
  test.each(['0', 'many', '-1'])('refuses IOMB_RUNS=%s', async (runs) => {
    const ended = await stubbed({ IOMB_RUNS: runs });
    expect([ended.exitCode, ended.stderr]).toEqual([
      2,
      `IOMB_RUNS=${runs}: must be a whole number from 1 on\n`,
    ]);
  });

  test.each([
    { env: { RUN: '3' }, exitCode: 3 },
    { env: { RUN: '130' }, exitCode: 130 },
    { env: { SHOW_PREVIOUS: '2' }, exitCode: 2 },
  ])('ends where there is nothing to compare: $env is $exitCode', async ({ env, exitCode }) => {
    const ended = await stubbed(env);
    expect(ended.exitCode).toBe(exitCode);
    expect(saved()).toBeNull();
    expect(existsSync(join(cwd, 'iomb-report/summary.md'))).toBe(false);
  });
});
