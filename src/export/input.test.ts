import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { METRICS } from '../metrics/registry.ts';
import { measuredCells } from './cells.ts';
import { EXPORTERS } from './index.ts';
import { exportInputOf } from './input.ts';

const whole = exportInputOf(fixtureRun());
const [metric] = METRICS.filter(({ quantile }) => quantile !== undefined);
if (metric === undefined) throw new Error('no metric is a quantile');
const part = exportInputOf(fixtureRun(), {
  part: { models: ['io_uring'], workloads: ['fixed-rate'], metrics: [metric] },
});

test('A part has its rows and workloads, with the numbers of the whole', () => {
  expect(measuredCells(part).map(({ label, workload }) => `${label} ${workload}`)).toEqual([
    'io_uring fixed-rate',
  ]);
  const [cell] = measuredCells(part);
  const same = measuredCells(whole).find(
    ({ label, load }) => label === 'io_uring' && load.id === 'fixed-rate',
  );
  expect(cell).toEqual(same);
  // The reference is not of the part, the ratio to it is.
  expect(cell?.row.comparison?.ratio).toBeGreaterThan(1);
});

describe.each(EXPORTERS)('$id', (exporter) => {
  const text = exporter.write(part).join('');
  test('writes the part and nothing else', () => {
    expect(text).toContain('io_uring');
    // What the host supports is of no part.
    const measured = exporter.id === 'json' ? text.slice(text.indexOf('"summary"')) : text;
    expect(measured).not.toMatch(/epoll-et|many-connections|\bselect\b/);
  });
  const others = METRICS.filter(({ stem, quantile }) => quantile === undefined && stem !== 'cpu');
  test('writes the metrics of the part and no others, or says that it takes none', () => {
    const written = others.filter(
      ({ stem }) => text.includes(stem) || text.includes(stem.replaceAll('_', '-')),
    );
    if (exporter.picksMetrics) expect(written.map(({ id }) => id)).toEqual([]);
    else expect(['json', 'junit', 'markdown', 'document', 'hgrm']).toContain(exporter.id);
  });
});
