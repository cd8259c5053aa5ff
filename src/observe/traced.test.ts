import { describe, expect, test } from 'vitest';
import { fakeReport } from '../fixtures/load.ts';
import type { LoadEdge } from '../load/generator.ts';
import { tracedCalls } from './traced.ts';
import { EVERY_CALL, type Tracepoint } from './tracepoints.ts';

const EVENTS: readonly Tracepoint[] = [
  { name: EVERY_CALL, syscall: null, id: 1 },
  { name: 'syscalls:sys_enter_read', syscall: 'read', id: 2 },
  { name: 'syscalls:sys_enter_mmap', syscall: 'mmap', id: 3 },
];
const counted = (read: number) => ({ accepted: 1, 'sys.read': read, 'sys.write': 0 });

function traced(start: Partial<LoadEdge>, end: Partial<LoadEdge>) {
  return tracedCalls(fakeReport({ measureNs: 1e9, traceIds: [1, 2, 3] }, { start, end }), EVENTS);
}

describe('the calls of a traced window', () => {
  test('are the growth of both counters between its edges', () => {
    const calls = traced(
      { counters: counted(5), traces: [10, 5, 1] },
      { counters: counted(105), traces: [113, 105, 2] },
    );
    expect(calls).toEqual({
      own: [
        { read: 100, write: 0 },
        { read: 100, write: 0 },
      ],
      claimed: ['read', 'write'],
      counted: { read: 100, mmap: 1 },
      every: 103,
      unnamed: 2,
      exact: true,
    });
  });

  test('lie between the least and the most that a server can have made which never rests', () => {
    const calls = traced(
      { counters: counted(5), countersAfter: counted(9), traces: [0, 7, 0], rested: false },
      { counters: counted(105), countersAfter: counted(112), traces: [103, 110, 0], rested: false },
    );
    expect(calls.own.map((own) => own.read)).toEqual([96, 107]);
    expect(calls.counted.read).toBe(103);
    expect(calls.exact).toBe(false);
  });

  test('are exact only if the server rested at both edges', () => {
    const edges: [boolean, boolean][] = [
      [true, false],
      [false, true],
      [true, true],
    ];
    expect(edges.map(([start, end]) => traced({ rested: start }, { rested: end }).exact)).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('are unknown in sum where only some names were traced', () => {
    const report = fakeReport(
      { measureNs: 1e9, traceIds: [2] },
      { start: { traces: [1] }, end: { traces: [4] } },
    );
    expect(tracedCalls(report, EVENTS.slice(1, 2))).toMatchObject({
      counted: { read: 3 },
      every: null,
      unnamed: null,
    });
  });
});
