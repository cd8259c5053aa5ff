import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Lines that are neither empty nor all comment. */
function codeLines(model: string): number {
  const path = fileURLToPath(new URL(`../../../../c-helpers/models/${model}.c`, import.meta.url));
  const text = readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  return text.split('\n').filter((line) => line.trim() !== '').length;
}

test('The blocking server is about two thirds of the epoll server, as trade-threads-simple says', () => {
  const share = codeLines('blocking') / codeLines('epoll');
  expect(share).toBeGreaterThan(0.55);
  expect(share).toBeLessThan(0.8);
});
