import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { summarize } from '../summary/summarize.ts';
import { toShowJson } from './json.ts';

const result = fixtureRun();
const summary = summarize(result);

test('Without trials it holds the record and its summary, with them all that was stored', () => {
  expect(Object.keys(toShowJson(result, summary))).toEqual([
    '$schema',
    'schemaVersion',
    'run',
    'summary',
    'calibrations',
    'problems',
  ]);
  expect(toShowJson(result, summary, { trials: true }).trials).toEqual(result.trials);
});

test('Nothing of it is lost on the way through JSON', () => {
  const json = toShowJson(result, summary, { trials: true });
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});

test('The summary leaves histograms to the trials, so that it stays readable', () => {
  expect(JSON.stringify(toShowJson(result, summary))).not.toContain('histogram');
});
