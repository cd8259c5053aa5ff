import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTool } from '../../build/package.ts';
import { kernelImage, standInQemu } from '../../fixtures/kernel.ts';
import { LOADGEN_ABI_VERSION } from '../../load/abi.ts';
import { AGENT_PROTOCOL } from '../agent/protocol.ts';
import { bootGuest, type GuestOptions } from './boot.ts';
import { GuestError } from './failures.ts';

const HELLO = {
  event: 'hello',
  protocol: AGENT_PROTOCOL,
  version: readTool().version,
  abi: LOADGEN_ABI_VERSION,
  kernel: '6.12.1-test',
  arch: 'x86_64',
  init: true,
  cpus: 1,
  programs: [],
  nofile: 1024,
  problems: [],
};
const hello = `say(${JSON.stringify(HELLO)});`;
/** No guest is waited for this long. */
const BOOT_TIMEOUT_MS = 60_000;

let folder: string;
let aborter: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-boot-'));
  aborter = new AbortController();
  writeFileSync(join(folder, 'vmlinuz'), kernelImage());
});
afterEach(() => {
  aborter.abort();
  rmSync(folder, { recursive: true });
});

function boot(script: string, change: Partial<GuestOptions> = {}) {
  const path = standInQemu(folder, `print('pid ' + process.pid + '\\n');\n${script}`);
  return bootGuest({
    qemu: { path, version: '10.0.0', accelerators: ['tcg'], plugins: false },
    kernel: join(folder, 'vmlinuz'),
    initramfs: join(folder, 'initramfs'),
    clock: 'icount',
    smp: 1,
    memoryMb: 512,
    cpu: 'max',
    folder: join(folder, 'guest'),
    bootTimeoutMs: BOOT_TIMEOUT_MS,
    signal: aborter.signal,
    ...change,
  });
}

/** What a boot, or an ask, rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<GuestError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GuestError)) throw error;
  return error;
}

/** Whether the stand-in for QEMU, which wrote its pid first, has ended. */
function isGone(): boolean {
  const pid = /pid (\d+)/.exec(readFileSync(join(folder, 'guest', 'console.log'), 'utf8'))?.[1];
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

test('a guest says hello, answers, powers off, and only its console is left', async () => {
  const guest = await boot(
    `${hello} onAsk((ask) => ask.ask === 'files' ? say({ event: 'files', id: ask.id, texts: { '/a': 'b' } }) : stopped(ask));`,
  );
  expect(guest.agent.hello.kernel).toBe('6.12.1-test');
  expect([...(await guest.agent.files(['/a']))]).toEqual([['/a', 'b']]);
  await guest.powerOff();
  expect(await guest.ended).toEqual({ how: 'powered-off' });
  expect(isGone()).toBe(true);
  expect(readdirSync(join(folder, 'guest'))).toEqual(['console.log']);
});

test('a guest that is killed is gone, and that is no failure', async () => {
  const guest = await boot(`${hello} onAsk(() => {});`);
  await guest.kill();
  expect(await guest.ended).toEqual({ how: 'killed' });
  expect(isGone()).toBe(true);
});

describe('a boot fails with what went wrong, the last lines of the console, and QEMU gone', () => {
  test.each([
    {
      kind: 'panic',
      script: `print('[1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\\n'); process.exit(0);`,
      says: /its init, the agent, ended \(exit code 3\), while the guest booted/,
    },
    {
      kind: 'no-init',
      script: `print('[1.0] Kernel panic - not syncing: No working init found.\\n'); process.exit(0);`,
      says: /found no \/init/,
    },
    {
      kind: 'damaged-image',
      script: `print('ZSTD-compressed data is corrupt\\n\\n -- System halted'); onAsk(() => {});`,
      says: /could not be unpacked: ZSTD-compressed data is corrupt/,
    },
    {
      kind: 'agent-mismatch',
      script: `say({ ...${JSON.stringify(HELLO)}, abi: 1 }); onAsk(() => {});`,
      says: /ABI 1, expected \d+/,
    },
    {
      kind: 'agent-garbage',
      script: `process.stdout.write('login: \\n'); onAsk(() => {});`,
      says: /did not say hello/,
    },
    { kind: 'paused', script: `setImmediate(() => pause('internal-error'));`, says: /\(internal-error\)/ },
    { kind: 'ended', script: 'process.exit(0);', says: /ended by itself/ },
    {
      kind: 'qemu',
      script: `process.stderr.write('qemu: no such machine\\n'); process.exit(1);`,
      says: /exit code 1: qemu: no such machine/,
    },
    { kind: 'qemu', script: `process.kill(process.pid, 'SIGKILL');`, says: /ended by SIGKILL/ },
    {
      kind: 'out-of-memory',
      script: `process.stderr.write("qemu: cannot set up guest memory 'ram': Cannot allocate memory\\n"); process.exit(1);`,
      says: /this host has not the memory/,
    },
  ] as const)('$kind: $says', async ({ kind, script, says }) => {
    const error = await failureOf(boot(script));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(says);
    expect(error.message).toContain(join(folder, 'guest', 'console.log'));
    expect(error.consoleTail[0]).toMatch(/^pid \d+$/);
    expect(isGone()).toBe(true);
  });

  test('deadline', async () => {
    const error = await failureOf(boot('onAsk(() => {});', { bootTimeoutMs: 1_000 }));
    expect(error.kind).toBe('deadline');
    expect(error.message).toMatch(/the hello of its agent did not come within 1 s, while the guest booted/);
  });
  test('QEMU that cannot be started', async () => {
    const qemu = { path: join(folder, 'missing'), version: '10.0.0', accelerators: [], plugins: false };
    expect((await failureOf(boot('', { qemu }))).kind).toBe('qemu');
  });
  test.each([
    { kind: 'truncated-image', content: kernelImage().subarray(0, -32) },
    { kind: 'truncated-image', content: Buffer.alloc(0) },
    { kind: 'not-an-image', content: Buffer.alloc(100_000, 'text ') },
  ] as const)('$kind, without starting QEMU', async ({ kind, content }) => {
    writeFileSync(join(folder, 'vmlinuz'), content);
    expect((await failureOf(boot(hello))).kind).toBe(kind);
    expect(readdirSync(folder)).not.toContain('guest');
  });
});

describe('a guest at work', () => {
  test('that ends in the middle of an answer fails the ask: cut short, with what came of it', async () => {
    const guest = await boot(
      `${hello} onAsk(() => { process.stdout.write('{"event":"fil', () => process.exit(0)); });`,
    );
    const error = await failureOf(guest.agent.files(['/a']));
    expect(error.kind).toBe('cut-short');
    expect(error.message).toContain('{\\"event\\":\\"fil');
    expect(await failureOf(guest.ended)).toBe(error);
  });
  test('that runs out of memory fails the ask', async () => {
    const guest = await boot(
      `${hello} onAsk(() => { print('[9.0] Out of memory: Killed process 7 (epoll) total-vm:1kB\\n'); process.exit(0); });`,
    );
    const error = await failureOf(guest.agent.files(['/a']));
    expect([error.kind, error.message]).toEqual([
      'out-of-memory',
      expect.stringContaining(
        'its kernel killed epoll (--memory gives it more), while the guest was at work',
      ),
    ]);
  });
  test('that QEMU pauses fails the ask', async () => {
    const guest = await boot(`${hello} onAsk(() => pause('internal-error'));`);
    expect((await failureOf(guest.agent.files(['/a']))).kind).toBe('paused');
    expect(isGone()).toBe(true);
  });
  test('that hangs is ended at the deadline of what was asked, and that is named', async () => {
    const guest = await boot(`${hello} onAsk(() => {});`);
    const error = await failureOf(
      guest.within('the trial of epoll-lt', 100, () => guest.agent.files(['/a'])),
    );
    expect([error.kind, error.message]).toEqual([
      'deadline',
      expect.stringContaining('the trial of epoll-lt did not come within 0.1 s'),
    ]);
    expect(isGone()).toBe(true);
  });
  test('that is aborted rejects with the reason, and is gone', async () => {
    const guest = await boot(`${hello} onAsk(() => {});`);
    const asked = guest.agent.files(['/a']);
    const reason = new Error('interrupted');
    aborter.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect(guest.ended).rejects.toBe(reason);
    expect(isGone()).toBe(true);
  });
});

test('a boot that is aborted rejects with the reason, and QEMU is gone', async () => {
  const reason = new Error('interrupted');
  const booting = boot(`process.stderr.write('here'); process.kill(${process.pid}, 'SIGUSR2');`);
  process.once('SIGUSR2', () => aborter.abort(reason));
  await expect(booting).rejects.toBe(reason);
  expect(isGone()).toBe(true);
});
