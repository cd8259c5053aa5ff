import { describe, expect, test } from 'vitest';
import { fixtureCosts } from '../fixtures/costs.ts';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { COMPOSED_OF, compositionsOf } from './compose.ts';
import { DERIVED_COSTS } from './derived.ts';
import type { Composition } from './schema.ts';

const COSTS = fixtureCosts(Object.fromEntries(COMPOSED_OF.map((id, i) => [id, 100 + i])));
const SUMMARY = summarize(fixtureRun());

/** The first measured row, with other calls. */
function compose(
  calls: Readonly<Record<string, number>>,
  kernel: { readonly sleeps?: number; readonly events?: number } = {},
): Composition {
  const workload = SUMMARY.workloads.find(({ rows }) => rows.some(({ status }) => status === 'measured'));
  const row = workload?.rows.find((one) => one.status === 'measured');
  if (workload === undefined || row?.status !== 'measured') throw new Error('the fixture has a measured row');
  const changed = {
    ...row,
    server: { ...row.server, syscallsPerRequestByName: calls, cpuNsPerRequest: 1000 },
    kernel: {
      ...row.kernel,
      voluntarySwitchesPerRequest: kernel.sleeps ?? 0,
      eventsPerWakeup: kernel.events ?? 1,
    },
  };
  const summary: RunSummary = { ...SUMMARY, workloads: [{ ...workload, rows: [changed] }] };
  const [composition] = compositionsOf(summary, COSTS);
  if (composition === undefined) throw new Error('a measured row has a composition');
  return composition;
}

const countsOf = ({ parts }: Composition) =>
  Object.fromEntries(parts.map(({ cost, timesPerRequest }) => [cost, Number(timesPerRequest.toFixed(4))]));

describe('a request is made of', () => {
  test('the calls that the server counted, and what it reads in vain', () => {
    expect(countsOf(compose({ recvfrom: 2, sendto: 1 }))).toEqual({
      'tcp-recv-64': 1,
      'read-eagain': 1,
      'tcp-send-64': 1,
    });
  });
  test('a share of a wait, and the events beyond the first', () => {
    expect(countsOf(compose({ recvfrom: 1, sendto: 1, epoll_wait: 0.1 }, { events: 10 }))).toMatchObject({
      'epoll-wait-per-ready': 0.9,
    });
  });
  test('a switch and a wake-up where the server sleeps', () => {
    expect(countsOf(compose({}, { sleeps: 1 }))).toEqual({
      'context-switch-same-cpu': 1,
      'write-wakes-two-cpus - eventfd-write': 1,
    });
  });
  test('what the calls do without being calls, by a ring', () => {
    expect(countsOf(compose({ io_uring_enter: 0.5 }))).toEqual({
      'uring-enter-0': 0.5,
      'uring-nop-128': 2,
      'tcp-recv-64 - syscall-noop': 1,
      'tcp-send-64 - syscall-noop': 1,
    });
  });
  test('a call that nothing is known of as one that does nothing', () => {
    expect(countsOf(compose({ getpid: 1 }))).toEqual({ 'syscall-noop': 1 });
  });
});

test('what is explained is the sum of the parts, as a share of the CPU that was measured', () => {
  const { parts, explainedNs, explainedShare } = compose({ recvfrom: 1, sendto: 1 });
  expect(explainedNs).toBeCloseTo(
    parts.reduce((sum, part) => sum + (part.ns ?? 0) * part.timesPerRequest, 0),
    9,
  );
  expect(explainedShare).toBeCloseTo(explainedNs / 1000, 12);
});

test('everything that compositions refer to is measured for them, with the terms of what is derived', () => {
  const known = new Set([...COMPOSED_OF, ...DERIVED_COSTS.map(({ id }) => id)]);
  const all = compose(
    Object.fromEntries(
      ['read', 'write', 'epoll_wait', 'poll', 'pselect6', 'epoll_ctl', 'io_uring_enter', 'futex', 'other']
        .concat('rt_sigtimedwait', 'io_submit', 'io_getevents', 'accept4')
        .map((name) => [name, 2]),
    ),
    { sleeps: 1, events: 3 },
  );
  const named = all.parts.flatMap(({ cost }) => cost.split(' - '));
  expect(named.filter((cost) => !cost.includes('..') && !known.has(cost))).toEqual([]);
  expect(all.parts.filter(({ ns }) => ns === null)).toEqual([]);
});
