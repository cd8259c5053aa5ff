import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.ts';
import { parseSince } from './since.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['12h', '2026-03-01T00:00:00Z'],
  ['7d', '2026-02-22T12:00:00Z'],
  ['2w', '2026-02-15T12:00:00Z'],
  ['2026-01-31', '2026-01-31T00:00:00Z'],
  ['2026-01-31T08:30Z', '2026-01-31T08:30:00Z'],
  ['2026-01-31T08:30:10.5Z', '2026-01-31T08:30:10.5Z'],
])('--since %s is %s', (text, expected) => {
  expect(parseSince(text, NOW)).toBe(Date.parse(expected));
});

test.each([
  '',
  '7',
  'd',
  '-1d',
  '7m',
  '7 d',
  'yesterday',
  '2026-13-01',
  '2026-02-30T25:00Z',
  '2026-01-31T08:00',
])('--since %j is refused, with what it may be', (text) => {
  expect(() => parseSince(text, NOW)).toThrow(UsageError);
  expect(() => parseSince(text, NOW)).toThrow('7d');
});
