import { describe, expect, test } from 'vitest';
import { fixtureExplanation, fixturePath } from '../fixtures/explanations.ts';
import type { Explanation } from '../results/explanation-schema.ts';
import { disagreement, explainedCells, pathLengthOf } from './path-length.ts';

const cell = { label: 'epoll-lt', workload: 'ping-pong' };

function boot(instructions: readonly number[], requests = 10): Explanation {
  const trials = instructions.map((count, block) => ({
    ...{ ...cell, block, window: block + 1, requests, instructions: count, counted: count, leftEarly: 0 },
    counts: [[0, count, requests]],
    calls: [[1, 0, requests]],
  }));
  return {
    ...{ schemaVersion: 1, runId: 'r', kernel: '6.12', qemu: '10', cpu: 'max' },
    functions: ['tcp_ack', 'tcp_v4_rcv'],
    trials,
  };
}

describe('the path length of a cell', () => {
  test('is over the requests of all trials and boots, with how far they lie apart', () => {
    const { functions, ...rest } = pathLengthOf([boot([100, 140]), boot([120])], cell);
    expect(rest).toMatchObject({ trials: 3, requests: 30, instructions: 12, clocked: 12, kernel: '6.12' });
    expect(functions).toEqual([
      { name: 'tcp_ack', instructions: 12, calls: 1, callers: [{ name: 'tcp_v4_rcv', calls: 1 }], spread: 2 },
    ]);
  });
  test('is none where no request was counted', () => {
    expect(() => pathLengthOf([boot([])], cell)).toThrow(/no request of epoll-lt under ping-pong/);
  });
  test('is of those that were explained', () => {
    expect(explainedCells(fixtureExplanation('7.2'))).toEqual([cell, { ...cell, label: 'io_uring' }]);
  });
});

describe('the counts', () => {
  test('of recorded kernels agree with the instruction clock', () => {
    for (const kernel of ['6.1', '6.12', '7.2'] as const)
      expect(disagreement(fixturePath(kernel))).toBe(null);
  });
  test.each([
    [0.985, /the instruction clock says .* goes on while a guest sleeps/],
    [1.015, /not to be believed/],
  ])('that are %d of it are told', (share, message) => {
    const path = fixturePath('6.12');
    expect(disagreement({ ...path, clocked: path.instructions / share })).toMatch(message);
  });
});
