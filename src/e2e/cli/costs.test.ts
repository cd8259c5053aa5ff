import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCompiler } from '../../build/compiler.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { costOf } from '../../costs/cost-of.ts';
import { type CostsResult, costsResultSchema } from '../../costs/schema.ts';
import { readTopology } from '../../observe/topology.ts';
import { EXIT } from '../../util/errors.ts';
import { type Ended, runCli } from './cli.ts';

/** Of every architecture. */
const IO_URING_SETUP = 425;
const FEW_FILES = 1000;
const CHOSEN =
  'syscall-noop,read-devnull,read-0,epoll-wait-1-of-1,epoll-wait-1-of-18000,uring-nop-1,switch-pipe-two-cpus';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-costs-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('costs', () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await runCli(['costs', '--only', CHOSEN, '--rounds', '2', '--json', '--output', 'out.json'], {
      cwd,
    });
  });

  test('prints JSON of its schema, stores it, and writes it where it is asked to', () => {
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    const result = costsResultSchema.parse(JSON.parse(ended.stdout));
    expect(result.costs.map(({ id }) => id).sort()).toEqual([...CHOSEN.split(','), 'core-cycle'].sort());
    expect(readFileSync(join(cwd, 'out.json'), 'utf8')).toBe(ended.stdout);
    expect(readFileSync(join(cwd, 'results/costs', `${result.costsId}.json`), 'utf8')).toBe(ended.stdout);
    expect(ended.stderr).toMatch(/^0 of \d+ measurements$/m);
  });
  test('says that a call which does something takes more than one that does not, in every round', () => {
    const result = costsResultSchema.parse(JSON.parse(ended.stdout));
    expect(costOf(result, 'syscall-noop')).toMatchObject({ status: 'measured', ns: expect.any(Number) });
    expect(costOf(result, 'fd-lookup')).toMatchObject({
      status: 'derived',
      roundNs: [expect.any(Number), expect.any(Number)],
    });
  });
});

describe('where something is missing', () => {
  let result: CostsResult;
  beforeAll(async () => {
    const without = join(cwd, 'without_call');
    const { words } = await findCompiler();
    const [compiler, ...first] = words;
    await execa(compiler, [...first, '-o', without, join(HELPERS_DIR, 'tests', 'without_call.c')]);
    const [cpu = 0] = readTopology().allowed;
    const limited = ['sh', '-c', `ulimit -n ${FEW_FILES}; exec "$@"`, 'sh', without, String(IO_URING_SETUP)];
    const { stdout, stderr, exitCode } = await runCli(
      ['costs', '--only', CHOSEN, '--rounds', '1', '--json'],
      {
        cwd,
        wrap: ['taskset', '-c', String(cpu), ...limited],
      },
    );
    expect(exitCode, stderr).toBe(EXIT.ok);
    result = costsResultSchema.parse(JSON.parse(stdout));
  });

  test.each([
    { id: 'epoll-wait-1-of-18000', reason: new RegExp(`RLIMIT_NOFILE allows ${FEW_FILES} open files`) },
    { id: 'uring-nop-1', reason: /io_uring_setup: .*\(EPERM\)/ },
    { id: 'switch-pipe-two-cpus', reason: /takes two CPUs/ },
  ])('$id says so, and what is left is measured', ({ id, reason }) => {
    expect(costOf(result, id)).toEqual({ status: 'none', reason: expect.stringMatching(reason) });
    expect(costOf(result, 'epoll-wait-1-of-1')).toMatchObject({ status: 'measured' });
    expect(result.warnings).toEqual([expect.stringContaining('one CPU')]);
  });
});

test('a cost that there is not is refused, with what was meant', async () => {
  const { exitCode, stderr } = await runCli(['costs', '--only', 'syscall-nop'], { cwd });
  expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('syscall-noop')]);
});
