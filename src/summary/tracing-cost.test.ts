import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunResult } from '../results/schema.ts';
import { summarizeTracing } from './tracing-cost.ts';

const audited = fixtureRun({ audit: true });

function only(run: RunResult, keep: (trial: RunResult['trials'][number]) => boolean): RunResult {
  return { ...run, trials: run.trials.filter(keep) };
}

describe('The cost of tracing', () => {
  test('is a factor per counter, paired within the blocks of a cell', () => {
    const cost = summarizeTracing(audited).find(
      ({ workload, label }) => workload === 'many-connections' && label === 'epoll-lt',
    );
    expect(cost).toMatchObject({
      untraced: { trials: 6 },
      clientLimited: false,
      traced: [
        {
          counter: 'tracepoint',
          trials: 2,
          slowdown: { ratio: expect.closeTo(1.02), blocks: 2, interval: null },
          cpuFactor: { ratio: expect.closeTo(1.03) },
        },
        {
          counter: 'strace',
          slowdown: { ratio: expect.closeTo(12) },
          cpuFactor: { ratio: expect.closeTo(4) },
        },
      ],
    });
  });

  test('is no matter of throughput in an open loop, which is given its rate', () => {
    const open = summarizeTracing(audited).filter(({ workload }) => workload === 'fixed-rate');
    expect(open).not.toEqual([]);
    for (const { traced } of open) {
      expect(traced.map(({ slowdown }) => slowdown)).toEqual([null, null]);
      expect(traced.every(({ cpuFactor }) => cpuFactor !== null)).toBe(true);
    }
  });

  test('says where the client was the limit without tracing', () => {
    const limited = summarizeTracing(audited).filter(({ clientLimited }) => clientLimited);
    expect(limited.map(({ workload, label }) => `${label} ${workload}`)).toEqual([
      'io_uring many-connections',
    ]);
  });

  test('is not told without audits, nor without an untraced trial beside them', () => {
    expect(summarizeTracing(fixtureRun())).toEqual([]);
    expect(summarizeTracing(only(audited, (trial) => trial.status === 'audited'))).toEqual([]);
  });

  test('of one counter is told alone', () => {
    const run = only(audited, (trial) => trial.counter !== 'tracepoint');
    expect(
      new Set(summarizeTracing(run).flatMap(({ traced }) => traced.map(({ counter }) => counter))),
    ).toEqual(new Set(['strace']));
  });
});
