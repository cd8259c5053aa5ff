import { describe, expect, test } from 'vitest';
import { GLUE, leastWidth, unglue, wrap, wrapCell } from './wrap.ts';

describe('A cell', () => {
  const cases: [title: string, text: string, width: number, lines: string[]][] = [
    ['breaks at spaces', 'one two three', 7, ['one two', 'three']],
    ['keeps its own lines', 'one\ntwo three', 20, ['one', 'two three']],
    ['keeps glued words together', `CPU${GLUE}1${GLUE}ns, x`, 9, ['CPU 1 ns,', 'x']],
    ['parts them where they are wider than the cell', `recvfrom${GLUE}1.00`, 8, ['recvfrom', '1.00']],
    ['breaks long words behind a dash or slash', 'drain-to-EAGAIN a/b', 9, ['drain-to-', 'EAGAIN', 'a/b']],
    ['leaves words that fit alone', 'level-triggered x', 15, ['level-triggered', 'x']],
    ['is never without a line', '', 5, ['']],
  ];
  test.each(cases)('%s', (_title, text, width, lines) => {
    expect(wrapCell(text, width)).toEqual(lines);
  });

  test('is as wide as its longest part that cannot break', () => {
    expect(leastWidth('drain-to-EAGAIN ab')).toBe(6);
    expect(leastWidth(`io_uring_enter${GLUE}1.00`)).toBe(14);
    expect(leastWidth('')).toBe(0);
  });
});

test('A sentence breaks at spaces only, behind its indent', () => {
  expect(wrap('one two-three four', 9, '  ')).toEqual(['  one', '  two-three', '  four']);
  expect(unglue(`a${GLUE}b`)).toBe('a b');
});
