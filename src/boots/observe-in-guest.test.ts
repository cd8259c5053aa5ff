import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeGuestOptions, fakeGuest } from '../fixtures/agent.ts';
import type { bootGuest } from '../place/guest/boot.ts';
import { EnvironmentError } from '../util/errors.ts';
import { observeInGuest } from './observe-in-guest.ts';

const INFO = (id: string, deadlineMs: number) => ({ id, title: id, deadlineMs, values: [] });
const LIST = [INFO('one', 15_000), INFO('two', 600_000)].map((info) => JSON.stringify(info)).join('\n');
const answerOf = (id: string) => JSON.stringify({ probe: id, outcome: 'observed', values: { seen: 1 } });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-observe-in-guest-'));
  writeFileSync(join(folder, 'vmlinuz'), 'a kernel');
});
afterEach(() => rmSync(folder, { recursive: true }));

function observe(ids: readonly string[], probe: NonNullable<FakeGuestOptions['probe']>) {
  const fake = fakeGuest({ probe });
  const console = join(folder, 'boot/logs');
  const boot: typeof bootGuest = async (options) => {
    mkdirSync(options.folder, { recursive: true });
    return fake.guest;
  };
  const programs = { info: {} as never, folder, agent: '', programs: ['probes'], skipped: new Map() };
  const qemu = { path: 'qemu', version: '10.0.13', accelerators: ['tcg'], plugins: true } as const;
  const observed = observeInGuest(
    {
      ids,
      machine: { qemu, cpu: 'max', memoryMb: 512, clock: 'icount', initramfs: join(folder, 'i'), programs },
      kernel: { release: '6.12.1', path: join(folder, 'vmlinuz'), source: 'path' } as never,
      bootId: '20250101-000000-abcd',
      folder: console,
      signal: new AbortController().signal,
    },
    boot,
  );
  return { observed, fake, kept: () => existsSync(join(folder, 'boot')) };
}

describe('behaviour probes in a guest', () => {
  test('are given the deadlines that the guest has for them, and the host waits for longer', async () => {
    const asked: string[][] = [];
    const { observed, fake, kept } = observe(['two', 'one'], (program, args) => {
      asked.push([program, ...args]);
      return { stdout: args[0] === '--list' ? `${LIST}\n` : `${answerOf(args[0] ?? '')}\n` };
    });
    const { observations, environment, known } = await observed;
    expect(asked).toEqual([
      ['probes', '--list'],
      ['probes', 'two', '600000'],
      ['probes', 'one', '15000'],
    ]);
    expect(known.map(({ id }) => id)).toEqual(['one', 'two']);
    expect(observations.map(({ probe, outcome }) => [probe, outcome])).toEqual([
      ['two', 'observed'],
      ['one', 'observed'],
    ]);
    expect(environment.guest).toMatchObject({
      ...{ smp: 2, clock: 'icount', image: 'vmlinuz', series: '20250101-000000-abcd' },
      imageHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(fake.deadlines.get('the probe two')).toBeGreaterThan(10 * 600_000);
    expect(fake.told.at(-1)).toBe('kill');
    expect(kept()).toBe(false);
  });

  test.each([
    {
      what: 'is killed there',
      answer: { exitCode: null, signal: 'SIGKILL', stdout: '' },
      reason: 'it ended without an answer: it was ended by SIGKILL',
    },
    {
      what: 'says no JSON there',
      answer: { exitCode: 1, stdout: 'oh', stderr: 'fork: ENOMEM\n' },
      reason: 'it ended without an answer: fork: ENOMEM',
    },
  ])('one that $what is a failed observation', async ({ answer, reason }) => {
    const { observed } = observe(['one'], (_program, [id]) => (id === '--list' ? { stdout: LIST } : answer));
    expect((await observed).observations).toEqual([{ probe: 'one', outcome: 'failed', reason, values: {} }]);
  });

  test('that cannot be listed break the boot, whose console is kept', async () => {
    const { observed, fake, kept } = observe(['one'], () => ({ stdout: '', stderr: 'no memory\n' }));
    await expect(observed).rejects.toThrow(new EnvironmentError('the probes cannot be listed: no memory'));
    expect(fake.told.at(-1)).toBe('kill');
    expect(kept()).toBe(true);
  });
});
