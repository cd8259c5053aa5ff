import { describe, expect, it } from 'vitest';
import { MODELS } from '../models/registry.ts';
import type { RunSettings } from '../results/schema.ts';
import { countTrials, planRun, repeatTrials, trialsOfBlock, whyUnfit } from './plan-run.ts';

const settings: RunSettings = {
  entries: ['epoll-lt', 'select', 'io_uring'].map((model) => ({ label: model, model })),
  workloads: [200, 10_000].map((connections) => ({
    id: `w${connections}`,
    title: 't',
    description: 'd',
    profile: 'default',
    mode: 'closed',
    connections,
    active: 10,
    depth: 1,
    messageBytes: 64,
  })),
  profile: 'default',
  blocks: 3,
  warmupMs: 10,
  durationMs: 20,
  seed: 7,
  baseline: 'epoll-lt',
  fileBaseline: null,
  directory: null,
  serverCpus: null,
  clientCpus: null,
  precision: null,
  maxTimeS: null,
  retry: null,
  audit: false,
  cpuCounters: false,
  handicap: null,
};
const input = { settings, models: MODELS, nofile: 20_000, support: [] };

describe('planRun', () => {
  it('plans every model under every workload and skips what a model cannot hold', () => {
    const { cells } = planRun(input);
    expect(cells).toHaveLength(6);
    expect(cells.filter((cell) => cell.skipReason !== null)).toEqual([
      {
        label: 'select',
        model: 'select',
        workload: 'w10000',
        skipReason: 'holds at most 1016 connections, the workload needs 10000',
      },
    ]);
  });

  it('skips the loads that a row is known not to echo, with the reason of each', () => {
    const [model] = MODELS;
    if (model === undefined) throw new Error('no model');
    const unfit = [
      { mode: 'churn', reason: 'leaks' },
      { connectionsOver: 1, reason: 'races' },
      { unansweredBytesOver: 4096, reason: 'loses' },
    ] as const;
    const load = { mode: 'closed', connections: 1, depth: 1, messageBytes: 4096 } as const;
    expect(whyUnfit({ unfit }, load)).toBeNull();
    expect(whyUnfit({ unfit }, { ...load, mode: 'open' })).toBeNull();
    expect(whyUnfit({ unfit }, { ...load, depth: 2 })).toBe('loses');
    expect(whyUnfit({ unfit }, { ...load, connections: 2, depth: 2 })).toBe('races');
    expect(whyUnfit({ unfit }, { mode: 'churn', connections: 1, messageBytes: 1 })).toBe('leaks');
    expect(whyUnfit({ unfit: [] }, { ...load, connections: 9_999, depth: 99 })).toBeNull();

    const models = [{ ...model, id: 'select', unfit: [{ connectionsOver: 200, reason: 'races' }] }];
    const select = planRun({ ...input, models }).cells.filter((cell) => cell.model === 'select');
    expect(select.map(({ skipReason }) => skipReason)).toEqual([null, 'races']);
  });

  it('skips cells for which the process may not open enough descriptors, with the reason', () => {
    const { cells } = planRun({ ...input, nofile: 1024 });
    expect(
      cells.find((cell) => cell.label === 'epoll-lt' && cell.workload === 'w10000')?.skipReason,
    ).toContain('RLIMIT_NOFILE is 1024');
    expect(
      cells.find((cell) => cell.label === 'epoll-lt' && cell.workload === 'w200')?.skipReason,
    ).toBeNull();
  });

  it('skips a model whose probe says no, with what the probe said', () => {
    const support = [
      {
        model: 'io_uring',
        supported: false,
        reason: 'io_uring_setup: EPERM',
        features: [],
        connectionsMax: null,
        limitReason: null,
      },
    ];
    const skipped = planRun({ ...input, support }).cells.filter((cell) => cell.label === 'io_uring');
    expect(skipped.map((cell) => cell.skipReason)).toEqual([
      'io_uring_setup: EPERM',
      'io_uring_setup: EPERM',
    ]);
  });
});

describe('planRun, where a server holds fewer connections than a workload needs', () => {
  it('skips that workload alone, with what the probe said', () => {
    const support = [
      {
        model: 'io_uring',
        supported: true,
        reason: null,
        features: [],
        connectionsMax: 208,
        limitReason: 'io_uring_setup: no memory for rings',
      },
    ];
    const cells = planRun({ ...input, support }).cells.filter((cell) => cell.label === 'io_uring');
    expect(cells.map((cell) => [cell.workload, cell.skipReason])).toEqual([
      ['w200', null],
      ['w10000', 'io_uring_setup: no memory for rings'],
    ]);
  });
});

describe('trialsOfBlock', () => {
  const plan = planRun(input);
  const names = (block: number, seed = settings.seed) =>
    trialsOfBlock({ ...plan, settings: { ...settings, seed } }, block).map((t) => `${t.label}/${t.workload}`);

  it('holds every measurable cell exactly once', () => {
    for (const block of [0, 1, 2])
      expect([...names(block)].sort()).toEqual(
        plan.cells
          .filter((cell) => cell.skipReason === null)
          .map((cell) => `${cell.label}/${cell.workload}`)
          .sort(),
      );
  });

  it('depends on the seed and the block alone', () => {
    expect(names(1)).toEqual(names(1));
    const orders = new Set([0, 1, 2, 3, 4, 5].map((block) => names(block).join()));
    expect(orders.size).toBeGreaterThan(1);
    expect(names(0, 8).join()).not.toBe([0, 1].map((block) => names(block).join())[0]);
  });

  it('keeps the trials of a workload together, so that what is compared stands close', () => {
    for (const block of [0, 1, 2, 3]) {
      const workloads = trialsOfBlock(plan, block).map((trial) => trial.workload);
      const changes = workloads.filter((workload, i) => i > 0 && workload !== workloads[i - 1]);
      expect(changes).toHaveLength(new Set(workloads).size - 1);
    }
  });

  it('leaves out what strace cannot follow, and says so', () => {
    const entries = [...settings.entries, { label: 'blocking', model: 'blocking' }];
    const audited = planRun({
      ...input,
      settings: { ...settings, entries },
      instruments: ['tracepoint', 'strace'],
    });
    expect(audited.leftOut).toEqual([
      {
        label: 'blocking',
        workload: 'w10000',
        counter: 'strace',
        reason: 'strace does not keep up with 10000 threads',
      },
    ]);
    const counters = trialsOfBlock(audited, 0)
      .filter((trial) => trial.label === 'blocking' && trial.workload === 'w10000')
      .map((trial) => trial.counter);
    expect(counters.sort()).toEqual(['own', 'tracepoint']);
    const sizes = [0, 1, 2].map((block) => trialsOfBlock(audited, block).length);
    expect(countTrials(audited, 3)).toBe(sizes.reduce((a, b) => a + b, 0));
  });

  it('adds an audit of every cell and counter to the first blocks only', () => {
    const audited = planRun({ ...input, instruments: ['tracepoint', 'strace'] });
    const counters = [0, 1, 2].map((block) => trialsOfBlock(audited, block).map((trial) => trial.counter));
    expect(counters.map((list) => list.length)).toEqual([15, 15, 5]);
    expect(counters[0]?.filter((counter) => counter === 'strace')).toHaveLength(5);
    expect(countTrials(audited, 3)).toBe(35);
    expect(trialsOfBlock(audited, 2)[0]?.index).toBe(30);
  });

  it("adds a trial with the CPU's counters to every cell of the first blocks, where there are any", () => {
    const counting = planRun({ ...input, instruments: ['cpu'] });
    const counters = [0, 1, 2].map((block) => trialsOfBlock(counting, block).map(({ counter }) => counter));
    expect(counters.map((list) => list.filter((counter) => counter === 'cpu').length)).toEqual([5, 5, 0]);
    expect(counters.map((list) => list.length)).toEqual([10, 10, 5]);
    expect(countTrials(counting, 3)).toBe(25);
    expect(trialsOfBlock(plan, 0).map(({ counter }) => counter)).not.toContain('cpu');
    const again = { block: 3, first: 25, again: counting.cells };
    expect(repeatTrials(counting, again).map(({ counter }) => counter)).not.toContain('cpu');
  });

  it('numbers trials through the whole run', () => {
    expect([...trialsOfBlock(plan, 0), ...trialsOfBlock(plan, 1)].map((trial) => trial.index)).toEqual(
      Array.from({ length: 10 }, (_, i) => i),
    );
  });
});

it('The rows of a model stand side by side in every block', () => {
  const entries = ['a', 'b', 'a#2', 'b#2', 'a#3'].map((label) => ({
    label,
    model: label.replace(/#.*/, ''),
  }));
  const plan = {
    settings: { ...settings, entries },
    cells: entries.map((entry) => ({
      ...entry,
      workload: settings.workloads[0]?.id ?? '',
      skipReason: null,
    })),
    instruments: [],
    foreignInstruments: [],
    leftOut: [],
  };
  const orders = Array.from({ length: 20 }, (_, block) =>
    trialsOfBlock(plan, block).map(({ label }) => label),
  );
  for (const order of orders)
    expect(order.map((label) => label.charAt(0)).join('')).toMatch(/^(aaabb|bbaaa)$/);
  expect(new Set(orders.map((order) => order.join())).size).toBeGreaterThan(5);
  const again = repeatTrials(plan, {
    block: 3,
    first: 70,
    again: [{ label: 'b', workload: settings.workloads[0]?.id ?? '' }],
  });
  expect(again).toEqual([expect.objectContaining({ index: 70, block: 3, label: 'b', counter: 'own' })]);
});
