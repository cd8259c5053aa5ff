import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { fixtureRun } from '../results/fixture.ts';
import { renderRun } from './run.ts';

test.each([120, 80])('A run fits %i columns', (width) => {
  const lines = renderRun(fixtureRun(), { width, color: false }).split('\n');
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
});
