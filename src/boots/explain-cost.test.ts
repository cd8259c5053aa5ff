import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Agent, ProbeAnswer } from '../place/agent/agent.ts';
import type { bootGuest, Guest } from '../place/guest/boot.ts';
import { EnvironmentError } from '../util/errors.ts';
import { explainCost } from './explain-cost.ts';

const KERNEL = 0xffffffff81000000n;
const SYMBOLS = [
  { address: KERNEL, name: 'do_syscall_64' },
  { address: KERNEL + 0x100n, name: 'vfs_read' },
];
const ANSWER: ProbeAnswer = {
  exitCode: 0,
  signal: null,
  stdout: '{"turns":1000,"perTurn":2,"loopNs":4,"clockNs":10,"ns":[90,17.995,17.995]}\n',
  stderr: '',
};

/** A batch of 2,000 operations, each 10 instructions of the entry, 8 of the read and 2 of the program. */
function batch(window: number, calls = 2000): string {
  const block = (address: bigint, instructions: number) =>
    `${address.toString(16)} ${instructions} 20 ${calls} 0 0`;
  const blocks = [block(KERNEL, 10), block(KERNEL + 0x100n, 8), block(0x401000n, 2)];
  return `window ${window}\n${blocks.join('\n')}\nend ${window} 3 ${20 * calls}\n`;
}
const COUNTED = `count_blocks 1\n${batch(1, 9000)}${batch(2)}${batch(3)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-explain-cost-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A guest in which the cost program gives this answer, and the plugin has counted that. */
function explain(answer: Partial<ProbeAnswer> = {}, counted = COUNTED) {
  const asked: string[][] = [];
  const agent: Partial<Agent> = {
    settle: () => Promise.resolve(),
    symbols: () => Promise.resolve(SYMBOLS),
    probe: (program, args) => {
      asked.push([program, ...args]);
      return Promise.resolve({ ...ANSWER, ...answer });
    },
  };
  const boot: typeof bootGuest = (options) => {
    const guest: Partial<Guest> = {
      agent: agent as Agent,
      within: (_what, _ms, work) => work(),
      powerOff: () => {
        writeFileSync(options.plugin?.output ?? '', counted);
        return Promise.resolve();
      },
      kill: () => Promise.resolve(),
    };
    return Promise.resolve(guest as Guest);
  };
  const programs = { info: {} as never, folder, agent: '', programs: ['cost'], skipped: new Map() };
  const qemu = { path: 'qemu', version: '10.0.13', accelerators: ['tcg'], plugins: true } as const;
  const path = explainCost(
    'read-0',
    {
      machine: { qemu, cpu: 'max', memoryMb: 512, clock: 'icount', initramfs: join(folder, 'i'), programs },
      kernel: { release: '6.12.1', path: '/x/vmlinuz', source: 'path' } as never,
      pluginPath: '/x/count_blocks.so',
      folder,
      signal: new AbortController().signal,
    },
    boot,
  );
  return { path, asked };
}

describe('a cost in a guest', () => {
  test('is told by function per operation, without its first batch, beside what the clock says', async () => {
    const { path, asked } = explain();
    expect(await path).toMatchObject({
      ...{ label: 'read-0', kernel: '6.12.1', trials: 2, requests: 4000, instructions: 20 },
      // 17.995 of each, the loop of 1,000 turns and the clock.
      clocked: 20,
      functions: [
        { name: 'do_syscall_64', instructions: 10, calls: 1 },
        { name: 'vfs_read', instructions: 8, calls: 1 },
        { name: '[user space]', instructions: 2 },
      ],
    });
    expect(asked).toEqual([['cost', 'read-0', '1000', '4']]);
    expect(existsSync(join(folder, 'cost.counts'))).toBe(false);
  });
  test.each([
    {
      what: 'that cannot run there',
      answer: { exitCode: 77, stdout: '', stderr: 'takes two CPUs\n' },
      says: 'read-0 cannot run in a guest of Linux 6.12.1 with one CPU: takes two CPUs',
    },
    {
      what: 'that fails there',
      answer: { exitCode: 1, stdout: '', stderr: 'read: EIO\n' },
      says: 'read-0 failed in a guest of Linux 6.12.1: read: EIO',
    },
  ])('$what says so', async ({ answer, says }) => {
    await expect(explain(answer).path).rejects.toThrow(new EnvironmentError(says));
  });
  test('whose batches were not all counted is not explained', async () => {
    const { path } = explain({}, `count_blocks 1\n${batch(1)}`);
    await expect(path).rejects.toThrow('read-0 is not explained: 3 batches were run, and 1 counted');
  });
});
