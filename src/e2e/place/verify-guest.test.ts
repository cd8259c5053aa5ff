import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProbes } from '../../probes/store.ts';
import { storedProbesSchema } from '../../probes/stored-schema.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, runCli } from '../cli/cli.ts';
import { findMachine } from './machine.ts';

/** A boot and two probes: half a minute, and minutes where others want the same CPUs. */
const TEST_TIMEOUT_MS = 600_000;

const machine = await findMachine();
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-verify-guest-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('verify --kernel', () => {
  test('asks the kernel of a guest what it does, and times nothing', {
    timeout: TEST_TIMEOUT_MS,
  }, async ({ skip }) => {
    if (machine.why !== null) return skip(machine.why);
    const [kernel] = machine.kernels;
    const { exitCode, stdout, stderr } = await runCli(
      [
        ...['verify', '--id', 'epoll-fork-share,syscall-cost,et-new-transition', '--json'],
        ...['--kernel', kernel.path, '--qemu', machine.qemu.path],
      ],
      { cwd, deadlineMs: TEST_TIMEOUT_MS },
    );
    expect(exitCode, stderr).toBe(EXIT.ok);
    const { claims, environment } = JSON.parse(stdout);
    expect(environment).toMatchObject({
      kernel: kernel.release,
      guest: { clock: 'icount', smp: 2, qemu: machine.qemu.version },
    });
    const verdicts = Object.fromEntries(
      claims.map(({ id, verdict }: { id: string; verdict: { word: string } }) => [id, verdict.word]),
    );
    expect(verdicts).toMatchObject({ 'syscall-cost': 'not testable here' });
    expect(verdicts['et-new-transition']).not.toBe('not testable here');

    // The console of a guest that went well is not kept.
    expect(readdirSync(join(cwd, 'results'))).toEqual(['probes']);
    const [file = ''] = readdirSync(join(cwd, 'results/probes'));
    const { observations } = storedProbesSchema.parse(await readProbes(join(cwd, 'results/probes', file)));
    expect(observations.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const again = await askCli(
      ['verify', '--id', 'et-new-transition', '--probes', join('results/probes', file)],
      { cwd },
    );
    expect(again.stdout).toMatch(/^guest · clock icount/m);
  });

  test.each([
    { args: ['--qemu', '/q'], says: '--qemu is for a guest' },
    { args: ['--kernel', 'x', '--probes', 'p.json'], says: "cannot be used with option '--probes" },
  ])('is refused with $args', async ({ args, says }) => {
    const { exitCode, stdout, stderr } = await askCli(['verify', ...args], { cwd });
    expect([exitCode, stdout]).toEqual([EXIT.usage, '']);
    expect(stderr).toContain(says);
  });
});
