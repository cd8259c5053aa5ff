import { describe, expect, test } from 'vitest';
import { type GuestEvidence, memoryFault, nameFailure } from './failures.ts';

const NOTHING: GuestEvidence = {
  stage: 'boot',
  console: '',
  stderr: '',
  exitCode: 0,
  signal: null,
  paused: null,
  deadline: null,
  agent: null,
  shutdown: null,
};

describe('what the kernel said, as kernels 6.1 to 7.3 say it:', () => {
  test.each([
    {
      kind: 'no-init',
      says: 'the kernel found no /init to start',
      text: `[    1.541098] /dev/root: Can't open blockdev
[    1.541362] VFS: Cannot open root device "(null)" or unknown-block(0,0): error -6
[    1.549471] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
[    1.549600] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-50-cloud-amd64 #1  Debian 6.1.176-1`,
    },
    {
      kind: 'no-init',
      says: 'the kernel could not start /init (error -8, no program of its architecture)',
      text: `[    1.4] Failed to execute /init (error -8)
[    1.4] Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.`,
    },
    {
      kind: 'no-init',
      says: 'the kernel could not unpack the initramfs (invalid magic at start of compressed archive)',
      text: `[    0.8] Initramfs unpacking failed: invalid magic at start of compressed archive
[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)`,
    },
    {
      kind: 'panic',
      says: 'the kernel panicked: its init, the agent, ended (exit code 2)',
      text: '[    1.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000200',
    },
    {
      kind: 'panic',
      says: 'the kernel panicked: its init, the agent, ended (signal 11)',
      text: '[    1.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b',
    },
    {
      kind: 'panic',
      says: 'the kernel panicked: Fatal exception in interrupt',
      text: `[   20.1] BUG: kernel NULL pointer dereference, address: 0000000000000000
[   20.2] Kernel panic - not syncing: Fatal exception in interrupt`,
    },
    {
      kind: 'panic',
      says: 'the kernel broke (BUG: kernel NULL pointer dereference, address: 0000000000000008)',
      text: '[   20.1] BUG: kernel NULL pointer dereference, address: 0000000000000008',
    },
    {
      kind: 'out-of-memory',
      says: 'the guest ran out of memory: its kernel killed epoll (--memory gives it more)',
      text: '[   12.0] Out of memory: Killed process 71 (epoll) total-vm:71kB, anon-rss:8kB, file-rss:4kB',
    },
    {
      kind: 'out-of-memory',
      says: 'the guest ran out of memory: System is deadlocked on memory (--memory gives it more)',
      text: '[   12.0] Kernel panic - not syncing: System is deadlocked on memory',
    },
    {
      kind: 'out-of-memory',
      says: 'the guest ran out of memory when it unpacked its initramfs (--memory gives it more)',
      text: '[    0.9] Initramfs unpacking failed: write error',
    },
    {
      kind: 'damaged-image',
      says: 'the kernel could not be unpacked: ZSTD-compressed data is corrupt',
      text: "\n\nKASLR disabled: 'nokaslr' on cmdline.\n\n\n\nZSTD-compressed data is corrupt\n\n -- System halted",
    },
  ] as const)('$kind: $says', ({ kind, says, text }) => {
    expect(nameFailure({ ...NOTHING, console: text })).toEqual({
      kind,
      message: `${says}, while the guest booted`,
    });
  });
});

describe('what QEMU did:', () => {
  test.each([
    [{ paused: 'internal-error', signal: 'SIGKILL' }, 'paused', /QEMU paused the guest \(internal-error\)/],
    [{ exitCode: 1, stderr: 'qemu: could not load kernel' }, 'not-an-image', /could not load the kernel/],
    [
      { exitCode: 1, stderr: 'Could not access KVM kernel module' },
      'qemu',
      /exit code 1: Could not access KVM/,
    ],
    [{ exitCode: null, signal: 'SIGSEGV' }, 'qemu', /ended by SIGSEGV/],
    [{ exitCode: null, signal: 'SIGKILL' }, 'qemu', /ran out of memory/],
    [{ shutdown: 'guest-reset' }, 'ended', /the guest reset itself/],
    [{}, 'ended', /the guest ended by itself/],
    [
      { signal: 'SIGKILL', deadline: { what: 'the hello of its agent', ms: 90_000 } },
      'deadline',
      /the hello of its agent did not come within 90 s; its console is empty/,
    ],
  ] as const)('%j is %s', (change, kind, message) => {
    const failure = nameFailure({ ...NOTHING, ...change });
    expect(failure.kind).toBe(kind);
    expect(failure.message).toMatch(message);
  });
});

test('what the kernel said goes before what followed from it', () => {
  const { kind } = nameFailure({
    ...NOTHING,
    stage: 'work',
    console: '[1.0] Kernel panic - not syncing: softlockup: hung tasks',
    signal: 'SIGKILL',
    deadline: { what: 'an answer', ms: 1 },
    agent: { message: 'the agent ended', read: '{"ev' },
  });
  expect(kind).toBe('panic');
});

describe('that a guest which goes on ran out of memory', () => {
  test.each([
    {
      text: '[   12.0] Out of memory: Killed process 71 (epoll) total-vm:71kB, anon-rss:8kB, file-rss:4kB',
      says: 'the guest ran out of memory: its kernel killed epoll (--memory gives it more)',
    },
    {
      text: '[   12.0] TCP: out of memory -- consider tuning tcp_mem',
      says: 'the guest has not the memory for so many sockets (tcp_mem) (--memory gives it more)',
    },
    { text: '[   12.0] TCP: request_sock_TCP: Possible SYN flooding on port 127.0.0.1:1.', says: null },
  ])('$text', ({ text, says }) => expect(memoryFault(text)).toBe(says));
});
