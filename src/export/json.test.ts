import { expect, test } from 'vitest';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput, exportText } from '../fixtures/export-input.ts';
import { jsonExporter } from './json.ts';

test('The JSON holds all that was stored, trials with their histograms included', () => {
  const { result, summary } = exportInput();
  const json: unknown = JSON.parse(exportText(jsonExporter));
  expect(json).toMatchObject({
    schemaVersion: 1,
    run: result.record,
    summary: JSON.parse(JSON.stringify(summary)),
    problems: [],
    trials: result.trials,
  });
});

test('The JSON holds the comparison where there is one', () => {
  const input = { ...exportInput(), comparison: COMPARISON };
  expect(JSON.parse(exportText(jsonExporter, input))).toEqual({
    ...JSON.parse(exportText(jsonExporter)),
    comparison: COMPARISON,
  });
});
