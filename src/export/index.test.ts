import { describe, expect, test } from 'vitest';
import { exportInput } from '../fixtures/export-input.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { EXPORTERS } from './index.ts';

const INPUT = exportInput();

/** A run that was interrupted before its first trial. */
const EMPTY = exportInput({
  ...fixtureRun(),
  record: { ...fixtureRun().record, status: 'interrupted', finishedAt: null },
  trials: [],
});

test('Every exporter has a name and files of its own', () => {
  expect(new Set(EXPORTERS.map(({ id }) => id)).size).toBe(EXPORTERS.length);
  const files = EXPORTERS.flatMap((exporter) => exporter.files);
  expect(new Set(files).size).toBe(files.length);
});

describe.each(EXPORTERS)('$id', (exporter) => {
  test('writes as many files as it names, each ended by a line break', () => {
    const texts = exporter.write(INPUT);
    expect(texts).toHaveLength(exporter.files.length);
    for (const text of texts) expect(text.endsWith('\n')).toBe(true);
  });
  test('writes the same every time', () => {
    expect(exporter.write(exportInput())).toEqual(exporter.write(INPUT));
  });
  test('writes nothing that is no number', () => {
    for (const text of exporter.write(INPUT)) expect(text).not.toMatch(/\b(NaN|Infinity|undefined)\b/);
  });
  test('can write a run without a trial', () => {
    for (const text of exporter.write(EMPTY)) expect(text).not.toMatch(/\b(NaN|Infinity|undefined)\b/);
  });
});
