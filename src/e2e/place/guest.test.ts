import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildGuestPrograms } from '../../build/guest-programs.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import type { Kernel } from '../../kernels/schema.ts';
import { bootGuest, type GuestOptions } from '../../place/guest/boot.ts';
import { cpioArchive } from '../../place/guest/cpio.ts';
import { GuestError } from '../../place/guest/failures.ts';
import { buildInitramfs, writeInitramfs } from '../../place/guest/initramfs.ts';
import { KVM_TIMEOUT_MS, probeKvm } from '../../place/guest/kvm.ts';
import { childrenOf } from '../cli/processes.ts';
import { until } from '../conformance/until.ts';
import { findMachine, type Machine } from './machine.ts';

/** A boot takes seconds, and minutes where others want the same CPUs. */
const BOOT_TIMEOUT_MS = 240_000;
const TEST_TIMEOUT_MS = 300_000;

const machine: Machine = await findMachine();
let folder: string;
let agent: string;
let server: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-guest-'));
  const built = await buildGuestPrograms({ sourceDir: HELPERS_DIR, programs: ['epoll'] });
  agent = built.agent;
  server = join(built.folder, 'epoll');
  await writeInitramfs(join(folder, 'initramfs'), { agent, programs: new Map([['epoll', server]]) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(({ skip, onTestFinished }) => {
  if (machine.why !== null) skip(machine.why);
  onTestFinished(() => {
    expect(childrenOf(process.pid)).toEqual([]);
    if (existsSync(join(folder, 'guest')))
      expect(readdirSync(join(folder, 'guest'))).toEqual(['console.log']);
  });
});

function optionsOf(change: Partial<GuestOptions> = {}): GuestOptions {
  if (machine.why !== null) throw new Error(machine.why);
  return {
    qemu: machine.qemu,
    kernel: machine.kernels[0].path,
    initramfs: join(folder, 'initramfs'),
    clock: 'icount',
    smp: 1,
    memoryMb: 512,
    cpu: 'max',
    folder: join(folder, 'guest'),
    bootTimeoutMs: BOOT_TIMEOUT_MS,
    signal: new AbortController().signal,
    ...change,
  };
}

async function failureOf(promise: Promise<unknown>): Promise<GuestError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (error instanceof GuestError) return error;
  throw error instanceof Error ? error : new Error('it did not fail');
}

/** The oldest and the newest one. */
const ends: readonly Kernel[] = machine.kernels.filter((_, i, all) => i === 0 || i === all.length - 1);

describe('a guest boots, has the agent as its init and the programs beside it, and powers off:', () => {
  test.for(ends.length > 0 ? ends.map(({ release }) => release) : ['any kernel'])(
    '%s',
    { timeout: TEST_TIMEOUT_MS },
    async (release) => {
      const kernel = machine.kernels.find((one) => one.release === release);
      const guest = await bootGuest(optionsOf(kernel ? { kernel: kernel.path } : {}));
      try {
        expect(guest.agent.hello).toMatchObject({
          kernel: release,
          init: true,
          programs: ['epoll'],
          problems: [],
        });
        const files = await guest.agent.files(['/proc/1/comm', '/etc/passwd', '/proc/mounts']);
        expect(files.get('/proc/1/comm')).toBe('init\n');
        expect(files.get('/etc/passwd')).toBeNull();
        expect(files.get('/proc/mounts')).not.toMatch(/virtiofs|9p|\/dev\/[sv]d/);
        await guest.powerOff();
        expect(await guest.ended).toEqual({ how: 'powered-off' });
      } finally {
        await guest.kill();
      }
    },
  );
});

describe('a guest that breaks is named, with what its kernel said:', () => {
  test('no init', { timeout: TEST_TIMEOUT_MS }, async () => {
    const initramfs = join(folder, 'no-init');
    writeFileSync(initramfs, cpioArchive([{ kind: 'folder', path: 'dev' }]));
    const error = await failureOf(bootGuest(optionsOf({ initramfs })));
    expect([error.kind, error.consoleTail.join('\n')]).toEqual([
      'no-init',
      expect.stringContaining('Kernel panic'),
    ]);
  });
  test('an init that ends is a panic', { timeout: TEST_TIMEOUT_MS }, async () => {
    const initramfs = join(folder, 'no-agent');
    writeFileSync(initramfs, await buildInitramfs({ agent: server, programs: new Map() }));
    const error = await failureOf(bootGuest(optionsOf({ initramfs })));
    expect([error.kind, error.message]).toEqual([
      'panic',
      expect.stringContaining('the agent, ended (exit code'),
    ]);
  });
  test('an image that is cut short', async () => {
    const kernel = join(folder, 'cut');
    const { kernel: whole } = optionsOf();
    writeFileSync(kernel, readFileSync(whole).subarray(0, statSync(whole).size / 2));
    expect((await failureOf(bootGuest(optionsOf({ kernel })))).kind).toBe('truncated-image');
  });
  test('an image that is damaged inside', { timeout: TEST_TIMEOUT_MS }, async () => {
    const image = readFileSync(optionsOf().kernel);
    image.fill(0, image.length / 2, image.length / 2 + 4_096);
    const kernel = join(folder, 'damaged');
    writeFileSync(kernel, image);
    expect((await failureOf(bootGuest(optionsOf({ kernel })))).kind).toBe('damaged-image');
  });
  test('a program that is no kernel', async () => {
    expect((await failureOf(bootGuest(optionsOf({ kernel: server })))).kind).toBe('not-an-image');
  });
  test('more memory than this host has', async () => {
    const error = await failureOf(bootGuest(optionsOf({ memoryMb: 2 ** 30 })));
    expect(['out-of-memory', 'qemu']).toContain(error.kind);
  });
});

test('a boot that is aborted is gone, and rejects with the reason', {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const aborter = new AbortController();
  const reason = new Error('interrupted');
  const booting = bootGuest(optionsOf({ signal: aborter.signal }));
  booting.catch(() => undefined);
  const consolePath = join(folder, 'guest', 'console.log');
  await until({
    what: 'the console has its first line',
    deadlineMs: BOOT_TIMEOUT_MS,
    look: () => existsSync(consolePath) && statSync(consolePath).size > 0,
    reached: (hasText) => hasText,
  });
  aborter.abort(reason);
  await expect(booting).rejects.toBe(reason);
});

test('KVM is usable or not, with the reason', { timeout: KVM_TIMEOUT_MS + TEST_TIMEOUT_MS }, async () => {
  const { clock: _, bootTimeoutMs: __, ...options } = optionsOf();
  const { usable, reason } = await probeKvm(options);
  expect(reason).not.toBe('');
  expect(usable).toBe(/ booted under KVM/.test(reason));
});
