import { expect, test } from 'vitest';
import { exportInput, exportText } from './input.fake.ts';
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
