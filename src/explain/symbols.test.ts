import { describe, expect, test } from 'vitest';
import { functionAt, parseKallsyms, sourceName, UNKNOWN_FUNCTION } from './symbols.ts';

test.each([
  ['tcp_ack.isra.0', 'tcp_ack'],
  ['update_se.constprop.0.isra.0', 'update_se'],
  ['do_epoll_wait.part.12', 'do_epoll_wait'],
  ['__schedule.cold', '__schedule'],
  ['rcu_do_batch.llvm.1234567', 'rcu_do_batch'],
  ['__x64_sys_read', '__x64_sys_read'],
])('%s is %s in the source', (symbol, name) => {
  expect(sourceName(symbol)).toBe(name);
});

describe('a list of symbols', () => {
  const symbols = parseKallsyms(
    [
      'ffffffff81000000 T _stext',
      'ffffffff81000000 T startup_64',
      'ffffffff81000100 t __pfx_tcp_ack',
      'ffffffff81000110 t tcp_ack.isra.0',
      'ffffffff81000200 T memset',
      'ffffffff81000200 T __memset',
      'ffffffff81000240 D jiffies',
      'ffffffff81000300 T _etext',
      'ffffffff82000000 t late_init',
    ].join('\n'),
  );

  test.each([
    ['at its begin', 0xffffffff81000110n, 'tcp_ack', true],
    ['within', 0xffffffff81000115n, 'tcp_ack', false],
    // Padding belongs to what is before it: nothing executes it.
    ['in the padding before it', 0xffffffff81000104n, 'startup_64', false],
    ['of several names, the plain one', 0xffffffff81000200n, 'memset', true],
    ['behind the text', 0xffffffff81000301n, UNKNOWN_FUNCTION, false],
    ['below all', 0xffffffff80000000n, UNKNOWN_FUNCTION, false],
    ['of the second text', 0xffffffff82000010n, 'late_init', false],
  ])('tells the function %s', (_where, address, name, begins) => {
    expect(functionAt(symbols, address)).toEqual({ name, begins });
  });
});
