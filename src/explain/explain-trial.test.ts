import { describe, expect, test } from 'vitest';
import { explainTrial } from './explain-trial.ts';
import { explanationOf } from './explanation-of.ts';
import { kernelSymbols } from './symbols.ts';

const KERNEL = 0xffffffff81000000n;
const at = (offset: bigint) => (KERNEL + offset).toString(16);
const symbols = kernelSymbols([
  { address: KERNEL, name: 'do_syscall_64' },
  { address: KERNEL + 0x100n, name: 'tcp_ack.isra.0' },
  { address: KERNEL + 0x200n, name: 'tcp_ack.cold' },
]);

function explained(blocks: readonly string[], total: number) {
  const pluginOutput = `count_blocks 1\nwindow 1\n${blocks.join('\n')}\nend 1 ${blocks.length} ${total}\n`;
  return explainTrial({ pluginOutput, symbols, window: 1, accountedRequests: 10, instructions: total + 1 });
}

describe('explainTrial', () => {
  const trial = explained(
    [
      `${at(0n)} 5 20 10 0 ${at(0x100n)}`,
      `${at(0x40n)} 2 20 10 1 0`,
      `${at(0x100n)} 4 20 10 0 ${at(0x110n)}`,
      `${at(0x200n)} 1 20 1 0 0`,
      `${at(0x120n)} 1 5 10 0 ${at(0x100n)}`,
      '401000 3 9 10 0 20000000',
      '20001000 2 9 10 0 0',
      '7ffff7fc1000 1 9 10 0 0',
    ],
    50 + 20 + 40 + 1 + 10 + 30 + 20 + 10,
  );

  test('adds blocks up by function, parts of it included, and by program in user space', () => {
    expect(trial.functions).toEqual([
      { name: 'do_syscall_64', instructions: 70, calls: 10 },
      { name: 'tcp_ack', instructions: 51, calls: 11 },
      { name: '[server]', instructions: 30, calls: 0 },
      { name: '[load generator]', instructions: 20, calls: 0 },
      { name: '[vdso]', instructions: 10, calls: 0 },
    ]);
    expect(trial).toMatchObject({ counted: 181, instructions: 182, leftEarly: 2, requests: 10 });
  });

  test('knows the direct calls of one function in another, and no jump within one', () => {
    expect(trial.calls).toEqual([{ caller: 'do_syscall_64', callee: 'tcp_ack', count: 10 }]);
  });

  test('does not tell programs apart that are linked to the same addresses', () => {
    const { functions } = explained(['401000 3 9 10 0 0', '402000 1 9 10 0 0'], 40);
    expect(functions).toEqual([{ name: '[user space]', instructions: 40, calls: 0 }]);
  });

  test('is stored by position of the functions', () => {
    const stored = explanationOf({
      ...{ runId: 'r', kernel: '6.12', qemu: '10.0.13', cpu: 'max' },
      trials: [{ label: 'epoll-lt', workload: 'ping-pong', block: 0, explained: trial }],
    });
    expect(stored.functions.slice(0, 2)).toEqual(['do_syscall_64', 'tcp_ack']);
    expect(stored.trials[0]).toMatchObject({
      counts: expect.arrayContaining([[1, 51, 11]]),
      calls: [[0, 1, 10]],
    });
  });
});
