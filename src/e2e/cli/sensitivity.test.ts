import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from 'simple-statistics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMPARE_DEFAULTS, compareRuns } from '../../compare/compare-runs.ts';
import type { MetricComparison } from '../../compare/result.ts';
import { type NoiseCertificate, noiseCertificateSchema } from '../../results/noise-schema.ts';
import type { RunResult } from '../../results/schema.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, runCli } from './cli.ts';

/** One request per read, and the steadiest CPU per request. */
const WORKLOAD = ['--workloads', 'many-connections'];
const SHORT = ['--duration', '80ms', '--warmup', '20ms'];
const HANDICAP_SHARE = 0.1;
/** A machine under other load takes more blocks; without, the first round decides. */
const ROUNDS_MAX = 5;
const ROUND_BLOCKS = '28';
const TIMEOUT_MS = 180_000;

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-sensitivity-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

async function measured(options: readonly string[]): Promise<RunResult> {
  const ended = await runCli(['run', ...WORKLOAD, ...SHORT, ...options, '--json'], { cwd });
  expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  return readRun(JSON.parse(ended.stdout).run.runId, join(cwd, 'results'));
}

function cpuNsPerRequest({ trials }: RunResult): number {
  return median(
    trials.flatMap((trial) =>
      trial.status === 'measured' ? [trial.observation.server.cpuNsPerRequest] : [],
    ),
  );
}

/** One row of a run, under a name that both sides of a comparison have. */
function row({ record, trials, ...rest }: RunResult, label: string): RunResult {
  const renamed = <T extends { readonly label: string }>(items: readonly T[]): T[] =>
    items.filter((item) => item.label === label).map((item) => ({ ...item, label: 'row' }));
  return { ...rest, record: { ...record, cells: renamed(record.cells) }, trials: renamed(trials) };
}

function cpuChange(base: readonly RunResult[], current: readonly RunResult[]): MetricComparison {
  const { metrics } = compareRuns(base, current, { ...COMPARE_DEFAULTS, metrics: ['cpuNsPerRequest'] });
  const [change] = metrics;
  if (change === undefined) throw new Error('nothing was compared');
  return change;
}

describe('a server that needs a tenth more CPU per request', () => {
  test(
    'is called regressed, and one that differs in nothing is not',
    async () => {
      const models = ['--models', 'epoll-lt,epoll-lt,epoll-lt'];
      const before = await measured(['--models', 'epoll-lt', '--blocks', '8']);
      const handicapNs = Math.round(HANDICAP_SHARE * cpuNsPerRequest(before));
      const handicap = ['--handicap-ns', `${handicapNs}`, '--handicap', 'epoll-lt#3'];
      const rounds: RunResult[] = [];
      const change = (label: string) =>
        cpuChange(
          rounds.map((round) => row(round, 'epoll-lt')),
          rounds.map((round) => row(round, label)),
        );
      do rounds.push(await measured([...models, ...handicap, '--blocks', ROUND_BLOCKS]));
      while (change('epoll-lt#3').verdict === 'inconclusive' && rounds.length < ROUNDS_MAX);

      expect(change('epoll-lt#3')).toMatchObject({ verdict: 'regressed', decidedBy: 'pairs' });
      expect(change('epoll-lt#2').verdict).not.toBe('regressed');
      // Nor where the sides are two runs, one after the other.
      const later = rounds.map((round) => row(round, 'epoll-lt'));
      expect(cpuChange([row(before, 'epoll-lt')], later).verdict).not.toBe('regressed');
      expect(rounds[0]?.record.warnings.join()).toContain(`made slower by ${handicapNs} ns per read`);
    },
    TIMEOUT_MS,
  );
});

describe('noise', () => {
  const options = ['--models', 'epoll-lt', '--workloads', 'ping-pong', '--blocks', '10', '--retry', '0'];
  const shortest = ['--duration', '20ms', '--warmup', '5ms'];
  let certificate: NoiseCertificate;
  beforeAll(async () => {
    const ended = await runCli(['noise', ...options, ...shortest, '--json'], { cwd });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    certificate = noiseCertificateSchema.parse(JSON.parse(ended.stdout));
  });

  test('lets compare judge equals and known changes, and stores what came of it', async () => {
    const { models, workloads, blocks, pairs, runs } = certificate;
    expect({ models, workloads, blocks }).toEqual({
      models: ['epoll-lt'],
      workloads: ['ping-pong'],
      blocks: 10,
    });
    expect(pairs).toMatchObject({ independent: 10, sideRuns: 0 });
    expect(pairs?.found.map(({ change }) => change)).toEqual([0.05, 0.1]);
    for (const { of } of Object.values(pairs?.equal ?? {})) expect(of).toBe(pairs?.comparisons);
    expect(runs).toBeNull();
    const file = join(cwd, 'results', 'noise', `${certificate.runId}.json`);
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(noiseCertificateSchema.parse(stored)).toEqual(certificate);
  });

  test('certifies from stored runs, and says what is missing where there are too few', async () => {
    const results = ['--results', 'stored'];
    const short = ['--models', 'epoll-lt', '--workloads', 'ping-pong', '--blocks', '4', '--retry', '0'];
    for (let i = 0; i < 4; i++) {
      const run = await runCli(['run', ...short, ...shortest, ...results], { cwd });
      expect(run.exitCode, run.stderr).toBe(EXIT.ok);
      if (i > 0) continue;
      const few = await askCli(['noise', '--history', ...results], { cwd });
      expect([few.exitCode, few.stderr]).toEqual([
        EXIT.environment,
        expect.stringMatching(/1 stored run of this host .* at least 4 .* are needed; measure more with run/),
      ]);
    }
    const page = ['--report', 'noise.html'];
    const ended = await askCli(['noise', '--history', '--detect', '10%', ...results, ...page, '--json'], {
      cwd,
    });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    expect(readFileSync(join(cwd, 'noise.html'), 'utf8')).toContain('10 % slower: regressed');
    const { source, pairs, runs, detect } = noiseCertificateSchema.parse(JSON.parse(ended.stdout));
    expect({ source, pairs, detect }).toEqual({ source: 'history', pairs: null, detect: 0.1 });
    expect(runs).toMatchObject({ independent: 2, sideRuns: 1 });
  });

  test('keeps the run as any other', async () => {
    const { record, calibrations } = await readRun(certificate.runId, join(cwd, 'results'));
    expect(record.settings.entries.map(({ label }) => label)).toEqual(['epoll-lt', 'epoll-lt#2']);
    expect(calibrations.map(({ block }) => block)).toEqual([...Array(11).keys()]);
  });

  test('prints a plan and measures nothing with --dry-run, and takes no model that is not one', async () => {
    const plan = await askCli(['noise', ...options, '--dry-run', '--results', 'dry'], { cwd });
    expect(plan.exitCode, plan.stderr).toBe(EXIT.ok);
    expect(plan.stdout).toContain('epoll-lt#2');
    expect(existsSync(join(cwd, 'dry'))).toBe(false);
    const few = await askCli(['noise', '--blocks', '7'], { cwd });
    expect([few.exitCode, few.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('a certificate needs 10 at least'),
    ]);
    const wrong = await askCli(['noise', '--models', 'epol-lt'], { cwd });
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('did you mean epoll-lt?'),
    ]);
  });
});
