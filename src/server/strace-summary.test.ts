import { expect, it } from 'vitest';
import { parseStraceSummary } from './strace-summary.ts';

it('reads the calls of a summary, with and without errors', () => {
  const text = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000123          12        10           recvfrom
 40.00    0.000045           4        11         3 openat
  0.00    0.000000           0         1           execve
------ ----------- ----------- --------- --------- ----------------
100.00    0.000168           7        22         3 total
`;
  expect(parseStraceSummary(text)).toEqual({ recvfrom: 10, openat: 11, execve: 1 });
});

it('refuses a text without a table', () => {
  expect(() => parseStraceSummary('strace: ptrace(PTRACE_TRACEME): Operation not permitted\n')).toThrow(
    'Operation not permitted',
  );
});
