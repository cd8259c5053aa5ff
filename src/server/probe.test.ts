import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findModel } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { probeModel } from './probe.ts';

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

const supported = { model: 'epoll-et', supported: true, reason: null };
const unsupported = (reason: unknown) => ({ model: 'epoll-et', supported: false, reason, features: [] });

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
  expect(await probeModel(MODEL, program(script))).toEqual(support);
});

test('a program that is not there is a reason, not an error', async () => {
  expect(await probeModel(MODEL, '/nowhere/epoll')).toEqual(
    unsupported(expect.stringMatching(/^the probe broke: .*ENOENT/)),
  );
});
