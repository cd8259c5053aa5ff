import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { EXIT } from '../../util/errors.ts';
import { findMachine } from '../place/machine.ts';
import { askCli, type Ended, runCli, runFolders } from './cli.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const JOB = join(ROOT, 'examples/ci/kernels.sh');
const jobText = readFileSync(JOB, 'utf8');
/** Six boots, two at once: some two minutes, and several times as much where others want the same CPUs. */
const JOB_DEADLINE_MS = 1_200_000;
const BOOTS = 3;

const machine = await findMachine();

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-ci-kernels-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function runJob(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<Ended> {
  const child = spawn(JOB, args, {
    cwd,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: cwd,
      XDG_CACHE_HOME: inject('cacheHome'),
      IOMB_SUMMARY: join(cwd, 'step-summary.md'),
      TMPDIR: cwd,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: JOB_DEADLINE_MS,
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

const report = (file: string) => readFileSync(join(cwd, 'iomb-report', file), 'utf8');

describe('the CI kit for kernels', () => {
  test('documents every variable that it reads', () => {
    const code = jobText.replaceAll(/^#.*$/gm, '');
    const read = new Set([...code.matchAll(/\$\{(IOMB_\w+)/g)].map((match) => match[1]));
    const documented = [...jobText.matchAll(/^# {3}(IOMB_\w+) /gm)].map((match) => match[1]);
    expect([...read].sort()).toEqual(documented.toSorted());
    const page = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
    for (const name of ['IOMB_BASE', 'IOMB_CANDIDATE', 'IOMB_DETECT']) expect(page).toContain(name);
  });

  test('calls only commands and options that there are', async () => {
    const code = jobText.replaceAll(/\\\n\s*/g, ' ').replaceAll(/^\s*#.*$/gm, '');
    const calls = [...code.matchAll(/\bbench kernels ([a-z]+)([^|\n]*)/g)];
    const plan = /^set -- (--kernel .*)$/m.exec(code)?.[1] ?? '';
    const said = { IOMB_RUN: 'run', IOMB_COMPARE: 'compare' };
    const used = [
      ...calls.map(([, command = '', text = '']) => ({ command, text })),
      { command: 'run', text: plan },
      ...Object.entries(said).map(([variable, command]) => ({
        command,
        text: new RegExp(`^# +${variable} .*"(.*)"`, 'm').exec(jobText)?.[1] ?? '',
      })),
    ];
    expect([...new Set(used.map(({ command }) => command))].sort()).toEqual([
      'compare',
      'get',
      'list',
      'run',
    ]);
    for (const { command, text } of used) {
      const help = await askCli(['kernels', command, '--help'], { cwd });
      for (const option of text.match(/--[a-z][a-z-]*/g) ?? [])
        expect(help.stdout).toMatch(new RegExp(`^ +${option}[ =,]`, 'm'));
    }
  });

  test.each([
    { what: 'no candidate', env: {}, args: [], message: 'no candidate: name a kernel' },
    { what: 'two', env: {}, args: ['a', 'b'], message: 'name one candidate' },
    { what: 'other CPUs', env: { IOMB_SMP: '3' }, args: ['a'], message: 'IOMB_SMP=3: must be 1 or 2' },
    {
      what: 'a wrong share',
      env: { IOMB_DETECT: 'much' },
      args: ['a'],
      message: '--detect much: must be a share',
    },
    { what: 'a wrong option', env: { IOMB_COMPARE: '--dtect 1%' }, args: ['a'], message: '--dtect' },
    {
      what: 'no package',
      env: { IOMB_RUN: '--qemu /q' },
      args: ['/a.deb'],
      message: '/a.deb: there is no such package',
    },
    {
      what: 'no kernel',
      env: { IOMB_RUN: '--qemu /q' },
      args: ['./a'],
      message: './a: there is no such file',
    },
  ])('ends with 2 and measures nothing: $what', async ({ env, args, message }) => {
    const base = join(cwd, 'folder');
    const ended = await runJob(
      {
        IOMB_BASE: `${base}/base.deb`,
        ...(args[0] === '/a.deb' ? { IOMB_BASE: 'x' } : {}),
        ...(args[0] === './a' ? { IOMB_BASE: './a' } : {}),
        ...env,
      },
      args,
    );
    expect([ended.exitCode, ended.stderr]).toEqual([EXIT.usage, expect.stringContaining(message)]);
    expect(existsSync(join(cwd, 'results'))).toBe(false);
  });
});

describe('the job, whatever its commands end with', () => {
  const STUB = `#!/bin/sh
case "$*" in *--dry-run*) exit 0 ;; esac
case "$2" in
  list) echo "QEMU$QEMU" ;;
  get) echo "got $3" >>calls.txt; echo "6.12.1-x$THERE: /k/$3 image" ;;
  run) echo "$@" >>calls.txt; echo 'stored in ./r; kernels compare 20260101-000000-abcd judges it again'; exit "$RUN" ;;
  compare)
    echo "$@" >>compared.txt
    echo "$SAYS" >&2
    case $COMPARE in 0 | 1 | 4) echo '# Kernels' ;; esac
    exit "$COMPARE" ;;
esac
`;
  const QUIET = { RUN: '0', COMPARE: '0', QEMU: ' 10.0.0: /q', THERE: '', SAYS: 'said' };
  const stubbed = (env: Readonly<Record<string, string>>) => {
    writeFileSync(join(cwd, 'bench'), STUB, { mode: 0o755 });
    return runJob({ ...QUIET, IOMB_BIN: join(cwd, 'bench'), IOMB_CANDIDATE: 'b', ...env });
  };

  test.each([
    { env: {}, exitCode: 0, text: 'no path is longer' },
    { env: { COMPARE: '1' }, exitCode: 1, text: 'the path of a request is longer' },
    {
      env: { COMPARE: '1', SAYS: 'missing: 2 of what' },
      exitCode: 1,
      text: 'missing: 2 of what the base has',
    },
    { env: { COMPARE: '4' }, exitCode: 4, text: 'inconclusive' },
    { env: { COMPARE: '3' }, exitCode: 3, text: 'not comparable' },
    { env: { RUN: '1' }, exitCode: 3, text: 'some boots or trials failed' },
    { env: { RUN: '1', COMPARE: '1' }, exitCode: 1, text: 'the path of a request is longer' },
  ])('passes the verdict on, with its report: $env is $exitCode', async ({ env, exitCode, text }) => {
    const ended = await stubbed(env);
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    expect(report('summary.md').split('\n')[0]).toBe(`## b against host: ${text}`);
    expect(readFileSync(join(cwd, 'step-summary.md'), 'utf8')).toBe(report('summary.md'));
    expect(readFileSync(join(cwd, 'compared.txt'), 'utf8')).toContain('compare 20260101-000000-abcd ');
  });
  test.each([{ RUN: '3' }, { RUN: '130' }, { RUN: '2' }])('ends as kernels run does: %o', async (env) => {
    const ended = await stubbed(env);
    expect(ended.exitCode).toBe(Number(env.RUN));
    expect(existsSync(join(cwd, 'iomb-report/summary.md'))).toBe(false);
  });
  test.each(['', ', there already'])('fetches QEMU and Debian kernels that are missing%s', async (THERE) => {
    await stubbed({
      THERE,
      QEMU: ': no QEMU was found',
      IOMB_BASE: 'debian:trixie',
      IOMB_CANDIDATE: 'debian:sid',
    });
    expect(readFileSync(join(cwd, 'calls.txt'), 'utf8')).toMatch(
      /^got qemu\ngot debian:trixie\ngot debian:sid\n.*--kernel \/k\/debian:trixie image --kernel \/k\/debian:sid image /,
    );
  });
});

describe('the job with two real kernels', () => {
  beforeEach(({ skip }) => {
    if (machine.why !== null) skip(machine.why);
    if (machine.kernels.length < 2) skip('guests need two kernels to compare: kernels get debian:bookworm');
  });
  test('boots both, judges their path length, and ends with the verdict', {
    timeout: JOB_DEADLINE_MS,
  }, async () => {
    const [base, candidate] = [machine.kernels[0]?.path ?? '', machine.kernels.at(-1)?.path ?? ''];
    const ended = await runJob({
      IOMB_BASE: base,
      IOMB_CANDIDATE: candidate,
      IOMB_MODELS: 'epoll-lt',
      IOMB_WORKLOADS: 'ping-pong',
      IOMB_BOOTS: `${BOOTS}`,
      IOMB_RUN: `--qemu ${machine.qemu?.path} --blocks 3`,
    });
    expect(runFolders(cwd), ended.stderr).toHaveLength(2 * BOOTS);
    const { matrices } = JSON.parse(report('kernels.json')) as {
      readonly matrices: readonly {
        readonly kernels: readonly { readonly comparison: { readonly outcome: string } | null }[];
      }[];
    };
    const outcome = matrices[0]?.kernels[1]?.comparison?.outcome;
    const exits = { passed: EXIT.ok, regressed: EXIT.regressed, inconclusive: EXIT.inconclusive };
    expect(Object.entries(exits)).toContainEqual([outcome, ended.exitCode]);
    expect(report('junit.xml')).toMatch(/<testcase name="epoll-lt \w+PerRequest" classname="ping-pong"/);
    expect(report('summary.md')).toContain('| ping-pong | epoll-lt |');
    const explained = runFolders(cwd).filter((folder) => existsSync(join(folder, 'explain.json')));
    const why = await runCli(['kernels', 'explain', ...explained, '--json'], { cwd });
    expect([explained.length, why.exitCode, why.stderr]).toEqual([2, EXIT.ok, '']);
    expect(report('comparison.md')).toContain('instructions/request');
  });
});
