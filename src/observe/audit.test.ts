import { describe, expect, it } from 'vitest';
import { type AuditInput, auditSyscalls } from './audit.ts';

const counts = { recvfrom: 100, sendto: 100, epoll_wait: 50 };
const agreeing: AuditInput = {
  own: [counts, counts],
  counted: { ...counts },
  claimed: ['recvfrom', 'sendto', 'epoll_wait', 'accept4'],
  uncounted: [],
  underWay: 0,
  unnoticed: 0,
  steadyState: true,
};

describe('auditSyscalls', () => {
  it('finds nothing where both counters say the same', () => {
    expect(auditSyscalls(agreeing)).toEqual({ disagreements: [], unclaimed: {} });
  });

  it.each([
    ['missed', { ...counts, recvfrom: 101 }, 'recvfrom', 'the server missed calls'],
    ['invented', { ...counts, sendto: 99 }, 'sendto', 'the server counted calls that were not made'],
    ['never counted', { ...counts, futex: 7 }, 'futex', 'the server does not count this call'],
    ['claimed and zero', { ...counts, accept4: 1 }, 'accept4', 'the server missed calls'],
  ])('names a call that was %s', (_case, counted, syscall, why) => {
    const { disagreements } = auditSyscalls({ ...agreeing, counted });
    expect(disagreements.map((found) => [found.syscall, found.why])).toEqual([[syscall, why]]);
  });

  it('accepts what lies between the two readings of a server that never rests', () => {
    const own = [counts, { ...counts, recvfrom: 110 }] as const;
    expect(auditSyscalls({ ...agreeing, own, counted: { ...counts, recvfrom: 105 } }).disagreements).toEqual(
      [],
    );
    expect(
      auditSyscalls({ ...agreeing, own, counted: { ...counts, recvfrom: 111 } }).disagreements,
    ).toHaveLength(1);
  });

  it('accepts as many calls under way as there may be, and no more', () => {
    const counted = { ...counts, recvfrom: 98 };
    expect(auditSyscalls({ ...agreeing, counted, underWay: 2 }).disagreements).toEqual([]);
    expect(auditSyscalls({ ...agreeing, counted, underWay: 1 }).disagreements).toHaveLength(1);
  });

  it('accepts calls that helpers have made and the server has not noticed, and no more', () => {
    const counted = { ...counts, recvfrom: 103 };
    expect(auditSyscalls({ ...agreeing, counted, unnoticed: 3 }).disagreements).toEqual([]);
    expect(auditSyscalls({ ...agreeing, counted, unnoticed: 2 }).disagreements).toHaveLength(1);
  });

  it('lists set-up calls and documented ones without calling them errors', () => {
    const counted = { ...counts, mmap: 30, futex: 9 };
    expect(auditSyscalls({ ...agreeing, counted, steadyState: false })).toEqual({
      disagreements: [],
      unclaimed: { mmap: 30, futex: 9 },
    });
    const steady = auditSyscalls({ ...agreeing, counted, uncounted: ['futex'] });
    expect(steady.disagreements.map((found) => found.syscall)).toEqual(['mmap']);
    expect(steady.unclaimed).toEqual({ futex: 9 });
  });
});
