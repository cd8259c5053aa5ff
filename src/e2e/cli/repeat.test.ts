import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureFilesRun } from '../../fixtures/files.ts';
import { hostileRun } from '../../fixtures/hostile.ts';
import { fakeLadder } from '../../fixtures/ladder.ts';
import { fixtureEquals } from '../../fixtures/noise.ts';
import { fixtureRun } from '../../fixtures/run.ts';
import { fixtureSweep } from '../../fixtures/scale.ts';
import { readTopology } from '../../observe/topology.ts';
import { repeatCommands } from '../../reports/repeat.ts';
import { type RunKind, type RunRecord, type RunSettings, runSettingsSchema } from '../../results/schema.ts';
import { loadWorkloads } from '../../workloads/load.ts';
import type { Workload } from '../../workloads/schema.ts';
import { askCli } from './cli.ts';

const { online } = readTopology();
const FIRST = String(online[0]);
const LAST = String(online.at(-1));
const KNOWN = loadWorkloads();

/** Stands for the program, and tells the words that it is handed. */
const SHOWS_WORDS = '#!/bin/sh\nprintf \'%s\\0\' "$@"\n';

let cwd: string;
let words: string;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomodels-repeat-'));
  words = join(cwd, 'words');
  mkdirSync(words);
  writeFileSync(join(words, 'iomodels-bench'), SHOWS_WORDS);
  chmodSync(join(words, 'iomodels-bench'), 0o755);
  const [known] = KNOWN;
  writeFileSync(join(cwd, 'own.json'), JSON.stringify({ ...known, id: 'mine', title: "it's $HOME; `mine`" }));
  writeFileSync(join(cwd, 'job.fio'), '[job]\nrw=randread\nbs=8k\niodepth=4\nsize=16M\nioengine=psync\n');
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Executes what writes files, and parts the words of the command that measures, as the shell of a reader does. */
function typed(commands: readonly string[], folder: string): string[] {
  const text = execFileSync('sh', ['-euc', commands.join('\n')], {
    cwd: folder,
    env: { PATH: `${words}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  return text.split('\0').slice(0, -1);
}

/** What a command line would measure. */
async function planned(args: readonly string[], folder = cwd): Promise<RunSettings> {
  const ended = await askCli([...args, '--dry-run', '--json'], { cwd: folder });
  expect(ended.exitCode, `${args.join(' ')}\n${ended.stderr}`).toBe(0);
  return runSettingsSchema.parse(JSON.parse(ended.stdout).settings);
}

function recordOf(kind: RunKind, settings: RunSettings): RunRecord {
  return { ...fixtureRun().record, kind, settings };
}

/** The settings of the command that repeats a run, typed in a folder that holds nothing. */
function repeated(record: RunRecord): Promise<RunSettings> {
  const folder = mkdtempSync(join(cwd, 'again-'));
  return planned(typed(repeatCommands(record, KNOWN), folder), folder);
}

/** Without what it is called. */
function loadOf({ id: _i, title: _t, description: _d, profile: _p, ...load }: Workload): object {
  return load;
}

/** No time and no such time are one. */
function withTime({ retry, ...settings }: RunSettings): RunSettings {
  return { ...settings, retry: retry ?? { kind: 'time', value: 0, withinMs: null } };
}

const RUNS: readonly (readonly string[])[] = [
  [],
  ['--profile', 'quick'],
  ['--domain', 'all'],
  [
    ...['--models', 'epoll-lt,epoll-et,epoll-lt', '--workloads', 'many-connections,ping-pong'],
    ...['--blocks', '9', '--duration', '45ms', '--warmup', '7.5ms', '--seed', '3', '--reference', 'epoll-et'],
    ...['--server-cpus', FIRST, '--client-cpus', LAST, '--precision', '1.7%', '--max-time', '90s'],
    ...['--retry', '12.5% within 40s', '--audit', '--no-cpu-counters'],
  ],
  [
    ...['--connections', '64,3', '--active', '1', '--depth', '2', '--message', '1k', '--rate', '1k'],
    ...['--arrivals', 'poisson', '--workload', './own.json', '--workloads', 'ping-pong', '--retry', '30s'],
  ],
  ['--models', 'epoll-lt,pread,pread-threads', '--workloads', 'ping-pong,file-read-warm', '--domain', 'all'],
  [
    ...['--models', 'epoll-lt,epoll-et,pread,pread-threads', '--workloads', 'ping-pong,file-read-warm'],
    ...['--reference', 'pread-threads', '--dir', "./some 'odd' dir"],
  ],
  ['--fio', './job.fio'],
  ['--models', 'epoll-reuseport,epoll-lt,epoll-reuseport', '--workers', '1,2', '--workloads', 'ping-pong'],
  [
    ...['--models', 'epoll-lt,poll', '--workloads', 'ping-pong', '--variant', 'plain='],
    ...['--variant', `odd=env 'A B=it'\\''s $HOME' nice -n 0`, '--reference', 'poll@odd'],
    ...['--handicap-ns', '500', '--handicap', 'epoll-lt@odd'],
  ],
  [
    ...['--server', "mine=./my-server --port {port} 'a b'", '--server-probe', "mine=test -x './my server'"],
    ...['--server-env', 'mine=WORDS=a "b" $c', '--workload', './own.json', '--handicap-ns', '20'],
  ],
  ['--models', 'none', '--server', 'old=./a {port}', '--server', 'new=./b {port}', '--workers', '2'],
];

const SCALES: readonly (readonly string[])[] = [
  [],
  [
    ...['--models', 'poll,epoll-lt', '--idle', '70,0,7', '--active', '3,1', '--blocks', '6', '--seed', '5'],
    ...['--duration', '90ms', '--warmup', '9ms', '--server-cpus', FIRST, '--client-cpus', LAST],
  ],
];

const LADDERS: readonly (readonly string[])[] = [
  [],
  [
    ...[
      '--family',
      'io_uring',
      '--connections',
      '10,1',
      '--message',
      '64,1k',
      '--blocks',
      '7',
      '--seed',
      '6',
    ],
    ...['--duration', '30ms', '--warmup', '3ms', '--server-cpus', FIRST, '--client-cpus', LAST],
  ],
  ['--family', 'io_uring,epoll'],
];

const CASES = [
  ...RUNS.map((options) => ({ kind: 'run' as const, options })),
  ...SCALES.map((options) => ({ kind: 'scale' as const, options })),
  ...LADDERS.map((options) => ({ kind: 'ladder' as const, options })),
  { kind: 'noise' as const, options: ['--models', 'epoll-lt,poll', '--connections', '1,3', '--retry', '0'] },
];

describe('The command that repeats a run, as a shell hands it to the program', () => {
  test.each(CASES.map(({ kind, options }) => ({ kind, options, name: [kind, ...options].join(' ') })))(
    'measures what $name measured',
    async ({ kind, options }) => {
      const settings = await planned([kind, ...options]);
      const commands = repeatCommands(recordOf(kind, settings), KNOWN);
      expect(commands.at(-1)).toMatch(kind === 'noise' ? /^iomodels-bench run / : `iomodels-bench ${kind} `);
      expect(await repeated(recordOf(kind, settings))).toEqual(settings);
    },
  );

  const stored = (record: RunRecord) => ({
    ...record,
    settings: {
      ...record.settings,
      ...{ serverCpus: [Number(FIRST)], clientCpus: [Number(LAST)] },
      // No sweep has trials with them.
      cpuCounters: record.kind !== 'scale' && record.settings.cpuCounters,
    },
  });
  test.each([
    { of: 'run', record: fixtureRun().record },
    { of: 'run with audits', record: fixtureRun({ audit: true }).record },
    { of: 'run of files', record: fixtureFilesRun().record },
    { of: 'run of equals', record: { ...fixtureEquals().record, kind: 'noise' as const } },
    { of: 'sweep', record: { ...fixtureSweep().record, kind: 'scale' as const } },
    {
      of: 'ladder of some rungs',
      record: fakeLadder({
        rungs: [
          { label: 'epoll-lt', after: null, cells: {} },
          { label: 'epoll-et', after: 'epoll-lt', cells: {} },
        ],
        connections: [1, 64],
      }).record,
    },
  ])('measures what the stored $of measured', async ({ record }) => {
    const { settings } = stored(record);
    const { entries, workloads, ...others } = withTime(await repeated(stored(record)));
    const { entries: asked, workloads: under, ...rest } = withTime(settings);
    expect(others).toEqual(rest);
    // Which rung a row comes after is what the registry says as well.
    expect(entries).toEqual(asked.map(({ after: _, ...entry }) => entry));
    expect(workloads.map(loadOf)).toEqual(under.map(loadOf));
  });

  test('has every option that decides what is measured: those that do not are these', async () => {
    const decidesNothing = [
      ...['--export', '--wait', '--results', '--report', '--markdown', '--json', '--dry-run'],
      ...['--from', '--help', '--version', '--width', '--color'],
    ];
    for (const command of ['run', 'scale', 'ladder'] as const) {
      const { stdout } = await askCli([command, '--help'], { cwd, env: { COLUMNS: '200' } });
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option ?? '');
      expect(options.length).toBeGreaterThan(10);
      const tried = CASES.flatMap((one) => (one.kind === command ? one.options : []));
      expect(options.filter((option) => !decidesNothing.includes(option) && !tried.includes(option))).toEqual(
        [],
      );
    }
  });

  test('is one command whatever a stranger has written into a run', () => {
    const { record } = hostileRun();
    const folder = mkdtempSync(join(cwd, 'hostile-'));
    const [, ...rest] = typed(repeatCommands(record, KNOWN), folder);
    const models = rest[rest.indexOf('--models') + 1];
    expect(models?.split(',')).toEqual(expect.arrayContaining([record.settings.entries[0]?.model]));
  });

  test('writes down a workload that is another in this version, under a name that is free', async () => {
    const settings = await planned(['run', '--workloads', 'ping-pong,many-connections', '--models', 'poll']);
    const workloads = settings.workloads.map((one) =>
      one.id === 'ping-pong'
        ? { ...one, messageBytes: 65, title: 'as it was' }
        : { ...one, title: 'renamed' },
    );
    const record = recordOf('run', { ...settings, workloads });
    const again = await repeated(record);
    expect(again.workloads).toEqual([{ ...workloads[0], id: 'ping-pong-stored' }, settings.workloads[1]]);
    expect({ ...again, workloads: [] }).toEqual({ ...settings, workloads: [] });
    expect(repeatCommands(record, KNOWN)).toHaveLength(2);
  });

  test('names a double by its model where the row that it doubles was left out', async () => {
    const settings = await planned(['run', '--models', 'poll,poll', '--workloads', 'ping-pong']);
    const entries = settings.entries.slice(1);
    const again = await repeated(recordOf('confirm', { ...settings, entries, baseline: 'poll#2' }));
    expect([again.entries, again.baseline]).toEqual([[{ label: 'poll', model: 'poll' }], 'poll']);
  });
});
