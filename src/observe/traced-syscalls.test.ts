import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TRACED_SYSCALLS } from './traced-syscalls.ts';

/** `LOADGEN_TRACE_MAX` less the tracepoint of all calls. */
const NAMES_MAX = 63;

it('traces every system call that a server counts', () => {
  const header = readFileSync(new URL('../../c-helpers/server/count.h', import.meta.url), 'utf8');
  const counted = [...header.matchAll(/"sys\.(\w+)"/g)].map((match) => match[1]);
  expect(counted.length).toBeGreaterThan(20);
  expect(counted.filter((name) => !TRACED_SYSCALLS.some((traced) => traced === name))).toEqual([]);
});

it('fits into what the load generator can trace, each name once', () => {
  expect(new Set(TRACED_SYSCALLS).size).toBe(TRACED_SYSCALLS.length);
  expect(TRACED_SYSCALLS.length).toBeLessThanOrEqual(NAMES_MAX);
});
