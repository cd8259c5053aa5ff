import { describe, expect, test } from 'vitest';
import { finishedWindows, PluginOutputError, parseWindow } from './plugin-output.ts';

const OUTPUT = [
  'count_blocks 1',
  'window 1',
  'ffffffff81a0b2c0 7 23 100 0 ffffffff81a0d010',
  '401000 3 9 10 1 0',
  'end 1 2 730',
  'window 2',
  'end 2 0 0',
  '',
].join('\n');

describe('the file of the plugin', () => {
  test('holds the blocks of each window', () => {
    expect(parseWindow(OUTPUT, 1)).toEqual([
      {
        address: 0xffffffff81a0b2c0n,
        instructions: 7,
        bytes: 23,
        entered: 100,
        leftEarly: 0,
        callee: 0xffffffff81a0d010n,
      },
      { address: 0x401000n, instructions: 3, bytes: 9, entered: 10, leftEarly: 1, callee: 0n },
    ]);
    expect(parseWindow(OUTPUT, 2)).toEqual([]);
    expect(finishedWindows(OUTPUT)).toEqual([1, 2]);
    expect(finishedWindows('')).toEqual([]);
  });

  test.each([
    ['of another version', OUTPUT.replace('count_blocks 1', 'count_blocks 9'), 1, /begins with/],
    ['empty', '', 1, /begins with/],
    ['without the window', OUTPUT, 3, /no finished window 3: it has 1, 2/],
    ['cut short', OUTPUT.slice(0, OUTPUT.indexOf('end 1')), 1, /no finished window 1: it has none/],
    ['of which a block is missing', OUTPUT.replace(/401000.*\n/, ''), 1, /its end says 2 of 730/],
    ['with something else in it', OUTPUT.replace('401000 3', 'nothing'), 1, /is no block/],
  ])('is refused where it is %s', (_what, output, window, message) => {
    expect(() => parseWindow(output, window)).toThrow(PluginOutputError);
    expect(() => parseWindow(output, window)).toThrow(message);
  });
});
