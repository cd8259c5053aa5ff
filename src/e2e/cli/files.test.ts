import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runRecordSchema } from '../../results/schema.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { until } from '../conformance/until.ts';
import { askCli, CLI_DEADLINE_MS, Cli, type Ended, newestFolder, runCli, runFolders } from './cli.ts';

const SHORT = ['--blocks', '1', '--duration', '20ms', '--warmup', '5ms', '--retry', '0'];

let cwd: string;
let dir: string;
let started: Cli | undefined;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-files-'));
  dir = join(cwd, 'dir');
  mkdirSync(dir);
});
afterEach(() => {
  started?.dispose();
  started = undefined;
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('a run of files', () => {
  let ended: Ended;
  let folder: string;
  beforeAll(async () => {
    const asked = [
      ...['--models', 'pread,mmap,native-aio-buffered,native-aio-direct,io_uring-defer'],
      ...['--workloads', 'file-read-warm,file-read-direct,file-synced'],
    ];
    ended = await runCli(['run', ...asked, ...SHORT, '--dir', dir, '--export', 'csv'], { cwd });
    folder = runFolders(cwd)[0] ?? '';
  });

  test('ends with 0, and tells of each workload, of models over all of them, and of native AIO', () => {
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    for (const title of [
      'file-read-warm: random reads of 4 KiB, depth 32, warm (file I/O)',
      'File I/O by model',
      'Native AIO: submit latency, buffered against O_DIRECT',
      `files in ${dir} (`,
    ])
      expect(ended.stdout).toContain(title);
    expect(readFileSync(join(folder, 'exports/trials.csv'), 'utf8')).toContain('file-read-direct');
  });

  test('leaves nothing on the disk', () => {
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is stored with the books and the proof of every trial', async () => {
    const { record, trials, problems } = await readRun(folder, cwd);
    expect(problems).toEqual([]);
    expect(record.files).toMatchObject({ directory: dir, blocksVerified: expect.any(Number) });
    const planned = record.cells.filter(({ skipReason }) => skipReason === null);
    expect(trials.map(({ status }) => status)).toEqual(planned.map(() => 'measured'));
    for (const trial of trials) {
      if (trial.status !== 'measured') continue;
      const { requests, file, response } = trial.observation;
      const { sent, completed, errors, inFlightAtDeadline } = requests;
      expect(sent).toBe(completed + errors + inFlightAtDeadline);
      expect(response.count).toBe(completed);
      expect(file?.bytes).toBe(completed * 4096);
      expect(file?.blocksChecked).toBeGreaterThanOrEqual(256);
      if (trial.workload === 'file-read-warm') expect(file?.blocksSeen).toBeGreaterThanOrEqual(completed);
    }
  });

  test('has its system calls counted alike by the kernel where it has tracepoints', async ({ skip }) => {
    const models = ['--models', 'pread,native-aio-buffered', '--workloads', 'file-read-warm'];
    const audited = await runCli(['run', ...models, ...SHORT, '--dir', dir, '--audit'], { cwd });
    const { record, trials } = await readRun(newestFolder(cwd), cwd);
    if (!record.counters.some(({ counter, available }) => counter === 'tracepoint' && available))
      skip('no tracepoints may be used here');
    expect(audited.exitCode, audited.stderr).toBe(EXIT.ok);
    const audits = trials.flatMap((trial) => (trial.status === 'audited' ? [trial.audit] : []));
    expect(audits.length).toBeGreaterThan(0);
    for (const { disagreements } of audits) expect(disagreements).toEqual([]);
    expect(record.warnings.join()).toContain('strace counts a whole life');
  });
});

test('What a killed run left is removed by the next one', async () => {
  const asked = ['run', '--models', 'pread', '--workloads', 'file-read-warm', '--dir', dir];
  started = Cli.start([...asked, '--blocks', '1000', '--retry', '0'], { cwd });
  await until({
    what: 'it has made its folder and locked it',
    deadlineMs: CLI_DEADLINE_MS,
    look: async () => readdirSync(dir).filter((name) => existsSync(join(dir, name, 'lock'))),
    reached: (names) => names.length > 0,
  });
  started.signal('SIGKILL');
  await started.ended.catch(() => {});
  expect(readdirSync(dir)).toHaveLength(1);
  const next = await runCli([...asked, ...SHORT, '--wait'], { cwd });
  expect(next.exitCode, next.stderr).toBe(EXIT.ok);
  expect(readdirSync(dir)).toEqual([]);
});

describe('bad input:', () => {
  test.each([
    [
      'a folder that is not there',
      ['--dir', '/nowhere/at/all'],
      EXIT.environment,
      /--dir \/nowhere\/at\/all: .*ENOENT/,
    ],
    [
      'a domain that does not exist',
      ['--domain', 'disk'],
      EXIT.usage,
      /--domain disk: must be one of socket, file, all/,
    ],
    [
      'a server under a job',
      ['--models', 'epoll-lt'],
      EXIT.usage,
      /no model of this run is|of domain socket/,
    ],
  ])('%s', async (_what, args, code, message) => {
    const { exitCode, stderr } = await runCli(['run', '--workloads', 'file-read-warm', ...SHORT, ...args], {
      cwd,
    });
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });

  test('a row of files in a guest, which has no disk', async () => {
    const { exitCode, stderr } = await askCli(['kernels', 'run', '--kernel', 'host', '--models', 'pread'], {
      cwd,
    });
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain('unknown model pread');
  });
});

test('The record of a run without files says that it needed none', async () => {
  const { stdout } = await askCli(
    ['run', '--dry-run', '--json', '--models', 'epoll-lt', '--workloads', 'ping-pong'],
    { cwd },
  );
  const { settings } = JSON.parse(stdout);
  expect(runRecordSchema.shape.settings.parse(settings)).toMatchObject({
    directory: null,
    fileBaseline: null,
  });
});
