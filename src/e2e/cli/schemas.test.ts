import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../util/errors.ts';
import { askCli, runCli, runFolders } from './cli.ts';

/** `$schema` is a path in the package; this is the folder that the package is made of. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MEASURING = ['noise', 'scale'];
const SHORT = ['--blocks', '4', '--duration', '30ms', '--warmup', '10ms'];
const cwd = mkdtempSync(join(tmpdir(), 'iomb-schemas-'));

function check(text: string): void {
  const json = JSON.parse(text) as { readonly $schema: string };
  const [tool, ...path] = json.$schema.split('/');
  expect(tool).toBe('iomodels-bench');
  const schema = JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  expect(validate(json), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
}

describe('JSON of the real binary names its schema, and is as that says:', () => {
  beforeAll(async () => {
    const models = ['--models', 'epoll-lt,poll,select', '--workloads', 'ping-pong,fixed-rate', '--audit'];
    const ended = await runCli(['run', ...models, ...SHORT], { cwd });
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  test('run.json', () => check(readFileSync(join(runFolders(cwd)[0] ?? '', 'run.json'), 'utf8')));

  test.each([
    { args: ['show', '--json', '--trials'] },
    { args: ['tables', '--json'] },
    { args: ['export', '--format', 'json'] },
    { args: ['export', '--format', 'document'] },
    { args: ['list', 'models', '--json'] },
    { args: ['list', 'workloads', '--json'] },
    { args: ['history', '--json'] },
    { args: ['doctor', '--json'] },
    { args: ['baseline', 'save', 'a', '--json'] },
    { args: ['baseline', 'list', '--json'] },
    { args: ['baseline', 'show', 'a', '--json'] },
    { args: ['compare', 'baseline:a', 'SECOND', '--json', '--inconclusive=pass', '--metrics', 'rss*'] },
    { args: ['noise', '--models', 'poll', '--workloads', 'ping-pong', ...SHORT, '--blocks', '10', '--json'] },
    {
      args: ['scale', '--models', 'poll,epoll-lt', '--idle', '0,10', '--active', '1', ...SHORT, '--json'],
    },
  ])('$args', async ({ args }) => {
    if (args.includes('SECOND')) {
      const models = ['--models', 'epoll-lt,poll,select', '--workloads', 'ping-pong,fixed-rate'];
      const second = await runCli(['run', ...models, ...SHORT], { cwd });
      expect(second.exitCode, second.stderr).toBe(EXIT.ok);
    }
    const newest = runFolders(cwd)
      .filter((path) => !/baselines$|noise$/.test(path))
      .at(-1);
    const named = args.map((arg) => (arg === 'SECOND' ? (newest ?? '') : arg));
    const start = MEASURING.includes(named[0] ?? '') ? runCli : askCli;
    const { stdout, stderr } = await start(named, { cwd });
    expect(stdout, stderr).not.toBe('');
    check(stdout);
  });
});
