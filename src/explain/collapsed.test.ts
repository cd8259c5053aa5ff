import { expect, test } from 'vitest';
import { fixturePath } from '../fixtures/explanations.ts';
import { collapsedStacks } from './collapsed.ts';

test('collapsed stacks have the subsystem, the function and whole instructions per request', () => {
  const lines = collapsedStacks(fixturePath('7.2'));
  expect(lines.slice(0, 2)).toEqual(['epoll-lt;copying;memset 2336', 'epoll-lt;TCP;tcp_ack 1058']);
  expect(
    lines.filter((line) => !/^[^;]+;[^;]+;[^; ]+ \d+$/.test(line.replace('[load generator]', 'load'))),
  ).toEqual([]);
});

test('of two sides they have both numbers, as a differential flame graph reads them', () => {
  const lines = collapsedStacks(fixturePath('6.12'), fixturePath('7.2'));
  expect(lines).toContain('epoll-lt;TCP;tcp_ack 916 1058');
  expect(lines).toContain('epoll-lt;library;_find_next_bit 0 496');
  expect(lines).toContain('epoll-lt;TCP;inet_ehashfn 128 0');
});
