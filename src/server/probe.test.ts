import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findModel } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { probeModel, supportOf, whyNotVariant } from './probe.ts';

const MODEL = findModel('epoll-et') as ModelSpec;
const answer = (supported: boolean, reason: string, features = '') =>
  `echo '${JSON.stringify({ event: 'probe', supported, reason, features })}'`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-probe-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function program(script: string): string {
  const path = join(folder, 'program');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const ALL_HELD = { connectionsMax: null, limitReason: null };
const supported = { model: 'epoll-et', supported: true, reason: null, ...ALL_HELD };
const unsupported = (reason: unknown) => ({
  model: 'epoll-et',
  supported: false,
  reason,
  features: [],
  ...ALL_HELD,
});

const cases: [title: string, script: string, support: object][] = [
  ['runs here', answer(true, ''), { ...supported, features: [] }],
  [
    'runs here with features',
    answer(true, '', 'single_issuer,defer_taskrun'),
    { ...supported, features: ['single_issuer', 'defer_taskrun'] },
  ],
  [
    'does not run here',
    `${answer(false, 'io_uring_setup: EPERM')}; exit 77`,
    unsupported('io_uring_setup: EPERM'),
  ],
  ['does not run here and tells people only', 'echo no such call >&2; exit 77', unsupported('no such call')],
  ['does not run here and does not say why', 'exit 77', unsupported('unsupported, without a reason')],
  ['fails', 'echo epoll_create1: oh >&2; exit 1', unsupported('the probe broke: epoll_create1: oh')],
  ['fails in silence', 'exit 1', unsupported(expect.stringMatching(/^the probe broke: .*exit code 1/))],
  ['answers with something else', 'echo hello', unsupported(expect.stringMatching(/^the probe broke: /))],
  ['crashes', 'kill -SEGV $$', unsupported(expect.stringMatching(/^the probe broke: .*SIGSEGV/))],
  [
    'takes other options',
    `[ "$*" = "--trigger=edge --probe" ] && ${answer(true, '')}`,
    { ...supported, features: [] },
  ],
];
test.each(cases)('a program that %s', async (_title, script, support) => {
  expect(await probeModel(MODEL, program(script), null)).toEqual(support);
});

test('a program that is not there is a reason, not an error', async () => {
  expect(await probeModel(MODEL, '/nowhere/epoll', null)).toEqual(
    unsupported(expect.stringMatching(/^the probe broke: .*ENOENT/)),
  );
});

test.each([
  { prefix: ['env', 'X=1'], script: answer(true, ''), why: null },
  { prefix: ['no-such-program'], script: answer(true, ''), why: 'no program no-such-program in PATH' },
  { prefix: [tmpdir()], script: answer(true, ''), why: 'it cannot be executed: EACCES' },
  { prefix: ['true'], script: answer(true, ''), why: "exit 0, but without the server's answer" },
  { prefix: ['sh', '-c', 'echo oh >&2; exit 3'], script: answer(true, ''), why: 'exit 3: oh' },
  { prefix: ['sh', '-c', 'kill -TERM $$'], script: answer(true, ''), why: 'SIGTERM' },
])('The command $prefix starts a server, or not: $why', async ({ prefix, script, why }) => {
  expect(await whyNotVariant(prefix, program(script), [])).toBe(why);
});

describe('supportOf', () => {
  const built = (script: string) => ({
    servers: new Map([[MODEL.program, program(script)]]),
    failures: new Map(),
  });
  /** Holds at most so many connections, and is asked with --conns-max as its second argument. */
  const holding = (most: number, code: number) =>
    `n=\${2#--conns-max=}; [ "$n" -le ${most} ] && { ${answer(true, '')}; exit; }; echo "epoll: $n are too many" >&2; exit ${code}`;

  test('asks once where a server holds as many connections as are wanted', async () => {
    const asked: (number | null)[] = [];
    const support = await supportOf(MODEL, built(''), [9, 208, 9, 1008], async (model, _path, size) => {
      asked.push(size);
      return { ...supported, model: model.id, features: [] };
    });
    expect(asked).toEqual([1008]);
    expect(support.connectionsMax).toBeNull();
  });

  test.each([2, 77])('finds out how many it holds, and why not more (exit %i)', async (code) => {
    expect(await supportOf(MODEL, built(holding(300, code)), [9, 208, 10_008])).toEqual({
      ...supported,
      features: [],
      connectionsMax: 208,
      limitReason: 'epoll: 10008 are too many',
    });
  });

  test('is a reason where not even the fewest are held', async () => {
    const support = await supportOf(MODEL, built(holding(1, 77)), [9, 208]);
    expect(support).toEqual(unsupported('epoll: 9 are too many'));
  });

  test('never asks for more than the model holds by its nature', async () => {
    const small = { ...MODEL, connectionsMax: 100 };
    const support = await supportOf(small, built(holding(100, 77)), [9, 208]);
    expect(support).toMatchObject({ supported: true, connectionsMax: null });
  });
});
