import { describe, expect, test } from 'vitest';
import { COMPARE_DEFAULTS, compareRuns } from '../compare/compare-runs.ts';
import { exportInput } from '../fixtures/export-input.ts';
import { HOSTILE, hostileRun } from '../fixtures/hostile.ts';
import { renderDocument } from '../render/terminal.ts';
import { compareReport } from '../reports/compare.ts';
import { guideReport } from '../reports/guide.ts';
import { runReport } from '../reports/run.ts';
import { EXPORTERS } from './index.ts';

/** But for the line breaks that the format itself has. */
const UNPRINTABLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;
/** GitHub's runner takes a command from the beginning of a line of a log. */
const RUNNER_COMMAND = /^\s*(::|##\[)/m;

const run = hostileRun();
const input = exportInput(run);
const comparison = compareRuns([run], [run], COMPARE_DEFAULTS);

test('The run is as hostile as its schema lets it be, and is read whole', () => {
  expect(UNPRINTABLE.test(HOSTILE)).toBe(true);
  expect(run.problems).toEqual([]);
  // Names, kernels, reasons, marks, warnings: most of what a run says in words.
  expect(JSON.stringify(run).split(':error:').length).toBeGreaterThan(100);
  expect(run.record.environment.kernel).toMatch(/^6\.12\.1.+x $/);
  const measured = input.summary.workloads.flatMap(({ rows }) =>
    rows.filter(({ status }) => status === 'measured'),
  );
  expect(measured).toHaveLength(7);
});

describe.each(EXPORTERS)('$id', (exporter) => {
  test.each([
    { of: 'the run', compared: null },
    { of: 'its comparison', compared: comparison },
  ])('holds no character that a terminal obeys: $of', ({ compared }) => {
    for (const text of exporter.write({ ...input, comparison: compared })) {
      expect(text).toContain(':error:');
      expect(UNPRINTABLE.exec(text)?.[0]).toBeUndefined();
      expect(text).not.toMatch(RUNNER_COMMAND);
    }
  });
});

test.each([
  { what: 'show', document: runReport(run, { kernel: true }) },
  { what: 'tables', document: guideReport(run) },
  { what: 'compare', document: compareReport(comparison, { all: true, noise: null }) },
])('$what holds no character that a terminal obeys', ({ document }) => {
  const text = renderDocument(document, { width: 120, color: false });
  expect(text).toContain(':error:');
  expect(UNPRINTABLE.exec(text)?.[0]).toBeUndefined();
  expect(text).not.toMatch(RUNNER_COMMAND);
});
