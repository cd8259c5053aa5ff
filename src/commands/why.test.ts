import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MetricComparison } from '../compare/result.ts';
import { type ExplainedKernel, fixtureExplanation } from '../fixtures/explanations.ts';
import { makeFolder } from '../host/make-folder.ts';
import { METRICS, PATH_LENGTH_ID } from '../metrics/registry.ts';
import { saveExplanation } from '../results/explanation.ts';
import { whyChanged } from './why.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-why-'));
});
afterEach(() => rmSync(out, { recursive: true }));

/** A run that was explained, or not. */
async function run(kernel: ExplainedKernel, explained = true) {
  const folder = join(out, `${kernel}-${explained}`);
  await makeFolder(folder);
  if (explained) await saveExplanation(folder, fixtureExplanation(kernel));
  return { folder };
}

function compared(change: Partial<MetricComparison> = {}) {
  const metric = {
    ...{ label: 'epoll-lt', workload: 'ping-pong', metric: PATH_LENGTH_ID, verdict: 'regressed' },
    ...{ change: { ratio: 1.18 }, ...change },
  } as MetricComparison;
  return { metrics: [metric] };
}

test('A longer path is explained by a heading and at most five lines, the largest change first', async () => {
  const sides = { base: [await run('6.12')], current: [await run('7.2')] };
  const [heading = '', ...lines] = (await whyChanged(compared(), sides)) ?? [];
  expect(heading).toMatch(/^Why, of epoll-lt under ping-pong \(\d+ to \d+ instructions per request; /);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThanOrEqual(5);
  const changes = lines.map((line) => Number(/ ([+-][\d,]+) per request/.exec(line)?.[1]?.replace(',', '')));
  expect(changes).toEqual(changes.toSorted((a, b) => Math.abs(b) - Math.abs(a)));
  expect(lines[0]).toMatch(/^ {2}scheduler \+/);
});

test('One boot of several that was explained is enough', async () => {
  const sides = {
    base: [await run('6.12', false), await run('6.12')],
    current: [await run('7.2'), await run('7.2', false)],
  };
  expect(await whyChanged(compared(), sides)).not.toBeNull();
});

test('What did not change is not explained', async () => {
  const sides = { base: [await run('6.12')], current: [await run('7.2')] };
  expect(await whyChanged(compared({ verdict: 'same' }), sides)).toEqual([]);
  expect(await whyChanged(compared({ verdict: 'inconclusive' }), sides)).toEqual([]);
  const other = METRICS.find(({ id }) => id !== PATH_LENGTH_ID)?.id ?? '';
  expect(await whyChanged(compared({ metric: other }), sides)).toEqual([]);
});

test('Where a side was not explained, or not in this cell, it is said to be unknown', async () => {
  const [base, current] = [await run('6.12'), await run('7.2')];
  expect(await whyChanged(compared(), { base: [base], current: [await run('7.2', false)] })).toBeNull();
  expect(await whyChanged(compared({ label: 'poll' }), { base: [base], current: [current] })).toBeNull();
});
