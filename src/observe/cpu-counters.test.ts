import { expect, test } from 'vitest';
import { seemsToHaveCounters } from './cpu-counters.ts';

test.each([
  ['x86', ['breakpoint', 'cpu', 'software'], 1000, '2\n', true],
  ['x86 with two kinds of cores', ['cpu_atom', 'cpu_core', 'software'], 1000, '1\n', true],
  ['arm64', ['armv8_pmuv3_0', 'software'], 1000, '2\n', true],
  ['a guest without', ['breakpoint', 'msr', 'software', 'tracepoint'], 0, '2\n', false],
  ['a kernel that refuses', ['cpu', 'software'], 1000, '4\n', false],
  ['a kernel that refuses all but root', ['cpu', 'software'], 0, '4\n', true],
  ['no perf events', [], 1000, null, false],
])('Of %s', (_, names, uid, paranoid, has) => {
  expect(seemsToHaveCounters({ listNames: () => names, readText: () => paranoid, uid })).toBe(has);
});
