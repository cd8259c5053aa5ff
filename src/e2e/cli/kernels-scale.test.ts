import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KernelsScaleJson } from '../../reports/json-schemas.ts';
import { runRecordSchema } from '../../results/schema.ts';
import type { ScaleLine } from '../../summary/scale-summary.ts';
import { EXIT } from '../../util/errors.ts';
import { findMachine } from '../place/machine.ts';
import { askCli, type Ended, runCli, runFolders } from './cli.ts';

/** Half a minute, and minutes where others want the same CPUs. */
const SWEEP_TIMEOUT_MS = 600_000;

const machine = await findMachine();

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-scale-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('kernels scale', () => {
  let ended: Ended;
  let json: KernelsScaleJson;
  beforeAll(async () => {
    if (machine.why !== null) return;
    const guest = ['--kernel', machine.kernels[0].path, '--qemu', machine.qemu.path];
    const points = ['--models', 'poll,epoll-lt', '--idle', '10,2000', '--blocks', '2', '--seed', '7'];
    ended = await runCli(['kernels', 'scale', ...guest, ...points, '--json'], { cwd });
    if (ended.exitCode === EXIT.ok) json = JSON.parse(ended.stdout) as KernelsScaleJson;
  }, SWEEP_TIMEOUT_MS);

  const live = (title: string, work: () => void | Promise<void>) =>
    test(title, ({ skip }) => {
      if (machine.why !== null) skip(machine.why);
      expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
      return work();
    });
  const lineOf = (label: string): ScaleLine => {
    const line = json.boots[0]?.scale.sweeps[0]?.lines.find((candidate) => candidate.label === label);
    if (line === undefined) throw new Error(`no line of ${label}`);
    return line;
  };

  live('finds that idle connections lengthen the path of poll, and not that of epoll', () => {
    expect(lineOf('poll').fit.verdict).toEqual({ kind: 'O(N)' });
    expect(lineOf('epoll-lt').fit.verdict).toEqual({ kind: 'O(1)' });
    // poll asks every socket: more than a hundred instructions, and fewer than a thousand.
    expect(lineOf('poll').fit.slopeInstructionsPerIdle?.value).toBeGreaterThan(100);
    expect(lineOf('poll').fit.slopeInstructionsPerIdle?.value).toBeLessThan(1000);
  });

  live('counts instructions, and tells no time', () => {
    expect(json.boots).toHaveLength(1);
    expect(json.boots[0]?.scale).toMatchObject({ cost: 'path-length', trials: { measured: 8, failed: 0 } });
    for (const label of ['poll', 'epoll-lt'])
      for (const cell of lineOf(label).cells) {
        expect(cell.instructionsPerRequest).toBeGreaterThan(1000);
        expect(cell.cpuNsPerRequest).toBeNull();
      }
    expect(lineOf('poll').fit).toMatchObject({ blocks: 2, slopeNsPerIdle: null });
  });

  live('stores a run of the kind scale, whose sweep scale --from prints again', async () => {
    const [folder = ''] = runFolders(cwd);
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
    expect(record).toMatchObject({ kind: 'scale', status: 'complete', environment: { guest: { boot: 0 } } });
    const again = await askCli(['scale', '--from', basename(folder)], { cwd });
    expect(again.exitCode, again.stderr).toBe(EXIT.ok);
    expect(again.stdout).toContain('1 active: guest instructions per request over idle connections');
  });
});

test.each([
  { args: ['--kernel', 'x', '--idle', '5', '--blocks', '0'], errors: 2, says: 'a slope needs two counts' },
  { args: ['--kernel', 'x', '--idle', '0,200000'], errors: 1, says: 'at most 120000' },
  { args: [], errors: 1, says: 'needs a --kernel' },
])('kernels scale $args is a wrong use, and boots nothing', async ({ args, errors, says }) => {
  const { exitCode, stdout, stderr } = await askCli(['kernels', 'scale', ...args], { cwd });
  expect({ exitCode, stdout }, stderr).toEqual({ exitCode: EXIT.usage, stdout: '' });
  expect(stderr).toContain(says);
  expect(stderr.match(/^error: /gm)).toHaveLength(errors);
});
