import { describe, expect, test } from 'vitest';
import { shortfalls, wantsMore } from './precision.ts';
import type { HalfWidth } from './summarize.ts';

const width = (halfWidth: number | null, blocks: number): HalfWidth => ({
  workload: 'ping-pong',
  label: 'poll',
  halfWidth,
  blocks,
});

describe('A run goes on', () => {
  test.each([
    { what: 'while an interval is wider than asked', half: 0.03, blocks: 7, more: true },
    { what: 'where one is narrow enough by luck', half: 0.0175, blocks: 7, more: true },
    { what: 'no further where it is surely narrow enough', half: 0.012, blocks: 7, more: false },
    { what: 'no further where the same width is from many blocks', half: 0.0175, blocks: 60, more: false },
    { what: 'between two looks, whatever is known', half: 0.001, blocks: 8, more: true },
    { what: 'where there is no interval yet', half: null, blocks: 7, more: true },
    { what: 'no further where there never is one', half: null, blocks: 9, more: false },
  ])('$what', ({ half, blocks, more }) => {
    const asked = { precision: 0.02, planned: 7, blocks };
    expect(wantsMore(asked, () => [width(half, blocks)])).toBe(more);
  });

  test('without summing up between two looks', () => {
    const asked = { precision: 0.02, planned: 7, blocks: 8 };
    const never = () => {
      throw new Error('asked for');
    };
    expect(wantsMore(asked, never)).toBe(true);
  });
});

test('What was not reached says whether it is wider or may be', () => {
  const settings = { blocks: 7, precision: 0.02, maxTimeS: null };
  expect(shortfalls(settings, { blocks: 7, widths: [width(0.018, 7), width(0.001, 7)] })).toEqual([
    '--precision 2 % was not reached after 7 blocks: 1 of 2 ratios is wider, or may be; that of poll under ping-pong is known to 1.8 %, and in 7 blocks that may be luck',
  ]);
  expect(shortfalls(settings, { blocks: 7, widths: [width(0.03, 7)] })[0]).toMatch(/is known to 3 %$/);
  expect(shortfalls(settings, { blocks: 7, widths: [width(0.012, 7)] })).toEqual([]);
});
