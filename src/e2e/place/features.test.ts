import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FeatureMatrix } from '../../compare/feature-matrix-schema.ts';
import type { Kernel } from '../../kernels/schema.ts';
import { SOCKET_MODELS } from '../../models/registry.ts';
import { EXIT } from '../../util/errors.ts';
import { runCli } from '../cli/cli.ts';
import { findMachine } from './machine.ts';

/** Two boots, where others may want the same CPUs. */
const TEST_TIMEOUT_MS = 600_000;

const machine = await findMachine();
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-features-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Since which series a kernel has what, as its documentation says; distributions only add. */
const SINCE = [
  ['io_uring setup flags', 'DEFER_TASKRUN', 6.01],
  ['io_uring setup flags', 'NO_SQARRAY', 6.06],
  ['io_uring operations', 'SEND_ZC', 6.0],
  ['io_uring operations', 'READ_MULTISHOT', 6.07],
  ['io_uring operations', 'PIPE', 6.16],
  ['io_uring requests', 'multishot RECV', 6.0],
  ['epoll', 'EPIOCSPARAMS', 6.09],
  ['epoll', 'EPOLLEXCLUSIVE', 4.05],
] as const;

/** `6.12` as 6.12, `6.1` as 6.01. */
function versionOf({ series }: Pick<Kernel, 'series'>): number {
  const [major = 0, minor = 0] = series.split('.').map(Number);
  return major + minor / 100;
}

test('kernels probe wants a kernel', async () => {
  const { exitCode, stderr, stdout } = await runCli(['kernels', 'probe'], { cwd });
  expect([exitCode, stdout]).toEqual([EXIT.usage, '']);
  expect(stderr).toContain('kernels probe needs a --kernel or more');
});

describe('kernels probe', () => {
  test('tells what the oldest and the newest kernel have, beside one that does not boot', {
    timeout: TEST_TIMEOUT_MS,
  }, async ({ skip }) => {
    if (machine.why !== null) skip(machine.why);
    const ends = machine.kernels.filter((_, i, all) => i === 0 || i === all.length - 1);
    const damaged = join(cwd, 'vmlinuz-damaged');
    const image = readFileSync(machine.kernels[0]?.path ?? '');
    image.fill(0x55, image.length / 2, image.length / 2 + 1024 ** 2);
    writeFileSync(damaged, image);
    const { exitCode, stdout, stderr } = await runCli(
      [
        ...['kernels', 'probe', '--json', '--results', 'kept', '--qemu', machine.qemu?.path ?? ''],
        ...[...ends.map(({ path }) => path), damaged].flatMap((path) => ['--kernel', path]),
      ],
      { cwd },
    );
    expect(exitCode, stderr).toBe(EXIT.trialFailed);
    const { matrix }: { matrix: FeatureMatrix } = JSON.parse(stdout);
    expect(matrix.kernels.map(({ problem }) => problem === null)).toEqual([...ends.map(() => true), false]);
    // Of those that went well nothing is left.
    expect(readdirSync(join(cwd, 'kept'))).toHaveLength(1);

    const cellsOf = (group: string, name: string) =>
      matrix.groups.find((one) => one.group === group)?.features.find((one) => one.name === name)?.cells;
    for (const { id } of SOCKET_MODELS) expect(cellsOf('models', id), id).toHaveLength(ends.length + 1);
    expect(cellsOf('models', 'epoll-lt')?.map(({ available }) => available)).toEqual([
      ...ends.map(() => true),
      null,
    ]);
    for (const [group, name, since] of SINCE)
      for (const [i, kernel] of ends.entries())
        if (versionOf(kernel) >= since)
          expect(cellsOf(group, name)?.[i], `${name} under ${kernel.release}`).toMatchObject({
            available: true,
          });
    const operations = matrix.groups.find(({ group }) => group === 'io_uring operations');
    for (const i of ends.keys())
      expect(operations?.counts[i]).toBe(
        operations?.features.filter(({ cells }) => cells[i]?.reason !== 'unknown').length,
      );
  });
});
