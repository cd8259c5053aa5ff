import { expect, test } from 'vitest';
import { cellMatcher } from './allow-missing.ts';

test.each<[list: string, label: string, workload: string, matches: boolean]>([
  ['io_uring', 'io_uring', 'ping-pong', true],
  ['io_uring', 'io_uring-sqpoll', 'ping-pong', false],
  ['io_uring*', 'io_uring-sqpoll', 'ping-pong', true],
  ['io_uring*/c10k', 'io_uring', 'c10k', true],
  ['io_uring*/c10k', 'io_uring', 'ping-pong', false],
  ['*/c10k,poll', 'poll', 'churn', true],
  ['*', 'epoll-lt#2', 'c10k', true],
  ['io_uring*,!io_uring/c10k', 'io_uring', 'c10k', false],
  ['io_uring*,!io_uring/c10k', 'io_uring', 'churn', true],
  ['{poll,select}/{c10k,churn}', 'select', 'churn', true],
])('--allow-missing %s of %s under %s: %s', (list, label, workload, matches) => {
  expect(cellMatcher(list)({ label, workload })).toBe(matches);
});
