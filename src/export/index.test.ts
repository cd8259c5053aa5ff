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
    const names = exporter.names?.(INPUT) ?? exporter.files;
    expect(texts).toHaveLength(names.length);
    expect(new Set(names).size).toBe(names.length);
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

describe('a history', () => {
  const histories = EXPORTERS.flatMap(({ id, history, write }) => (history ? [{ id, history, write }] : []));
  const later = fixtureRun();
  const next = exportInput({
    ...later,
    record: { ...later.record, runId: 'next', finishedAt: '2025-01-02T00:00:00.500Z' },
  });

  test('is there in the formats that hold several runs', () => {
    expect(histories.map(({ id }) => id)).toEqual(['openmetrics', 'influx', 'gobench', 'csv', 'cells']);
  });
  test.each(histories)('of one run is that run, with its time: $id', ({ history, write }) => {
    const [text = ''] = history([INPUT]);
    expect([text.replaceAll(/ 1735689630$/gm, '')]).toEqual(write(INPUT));
  });
  test.each(histories)('of two runs names both and has the lines of both: $id', ({ history, write }) => {
    const lines = (texts: readonly string[]) => texts.join('').split('\n');
    const data = (all: readonly string[]) =>
      all.filter((line) => !/^(#.*|Unit .*|run_id,.*|[a-z]+:( .*)?|)$/.test(line));
    const both = lines(history([INPUT, next]));
    expect(data(both)).toHaveLength(data(lines(write(INPUT))).length + data(lines(write(next))).length);
    for (const id of [INPUT.result.record.runId, 'next']) expect(both.join('\n')).toContain(id);
  });
});

describe('a percentile from too few samples', () => {
  /** Nine requests in a trial, 54 in a row: of no percentile ten lie beyond, but of the median. */
  const few = fixtureRun();
  const sparse = few.trials.map((trial) => {
    if (trial.status !== 'measured') return trial;
    const histogram = [1000, 9];
    const latency = { count: 9, sumNs: 9e6, minNs: 1e6, maxNs: 1e6, histogram };
    return { ...trial, observation: { ...trial.observation, response: latency, service: null } };
  });
  const input = exportInput({ ...few, trials: sparse });

  test('is marked by the tables', () => {
    const [row] = input.summary.workloads[0]?.rows ?? [];
    const metrics = row?.status === 'measured' ? row.metrics : {};
    const marked = Object.values(metrics).filter(({ value, enough }) => value !== null && !enough);
    expect(marked.length).toBeGreaterThanOrEqual(2);
  });
  test.each(EXPORTERS)('stands in no file without a mark: $id', (exporter) => {
    const text = exporter.write(input).join('');
    switch (exporter.id) {
      // Both show all that there is, with a mark beside it.
      case 'json':
        expect(text).toContain('"enough": false');
        break;
      case 'document':
        expect(text).toMatch(/"enough": false/);
        break;
      case 'markdown':
        expect(text.match(/~/g)?.length).toBeGreaterThanOrEqual(14);
        break;
      case 'cells':
        for (const line of text.trimEnd().split('\n')) {
          const { enough, value } = JSON.parse(line) as { enough: boolean; value: number | null };
          if (!enough) expect(value).toBeNull();
        }
        expect(text).toMatch(/"metric":"responseP999Ns".*"value":null.*"enough":false/);
        break;
      case 'hgrm':
        // 54 values: ten of them lie beyond the 81st percentile, no fewer.
        for (const [, share] of text.matchAll(/^ +[\d.]+ (0\.\d+)/gm))
          expect(Number(share)).toBeLessThan(0.82);
        expect(text).toMatch(/^ +[\d.]+ 1\.0{12} +54$/m);
        break;
      case 'csv':
        expect(text.split('\n')[1]).toMatch(/,,,,,,/);
        break;
      default:
        expect(text).not.toMatch(/response[-_]p99|p99\.9 latency|p99 latency/);
    }
  });
});
