import { expect, test } from 'vitest';
import type { AuditTotal } from '../summary/run-summary.ts';
import { auditNotes } from './audit-notes.ts';

const TOTAL: AuditTotal = {
  counter: 'strace',
  available: true,
  reason: null,
  trials: 4,
  agreeing: 4,
  failed: 0,
  disagreements: [],
};
const WRONG = {
  label: 'poll',
  workload: 'churn',
  syscall: 'poll',
  own: 7,
  counted: 9,
  why: 'the server missed calls',
};

test('Without an audit it is said who counted, and how that can be checked', () => {
  expect(auditNotes([])).toEqual([expect.stringContaining('run --audit')]);
});

test('Each counter says how often it agreed', () => {
  expect(auditNotes([TOTAL])).toEqual([
    "audit by strace: agrees with the servers' own counts in 4 of 4 trials",
  ]);
});

test('A counter that could not be used says why', () => {
  const missing: AuditTotal = {
    ...TOTAL,
    counter: 'tracepoint',
    available: false,
    reason: 'tracefs is not mounted',
    trials: 0,
  };
  expect(auditNotes([missing])).toEqual(['audit by tracepoint: not possible here: tracefs is not mounted']);
});

test('A disagreement names row, workload, call and both counts; many are counted', () => {
  expect(auditNotes([{ ...TOTAL, agreeing: 3, failed: 1, disagreements: [WRONG] }])).toEqual([
    "audit by strace: agrees with the servers' own counts in 3 of 4 trials; 1 failed",
    'poll under churn: poll: the server counts 7, strace 9 (the server missed calls)',
  ]);
  expect(auditNotes([{ ...TOTAL, disagreements: Array.from({ length: 12 }, () => WRONG) }]).at(-1)).toBe(
    'and 2 more disagreements',
  );
});
