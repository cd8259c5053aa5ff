import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { influxExporter } from '../export/influx.ts';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { CONSUMER_DEADLINE_MS, Consumers, missing } from './consumers.ts';

const MISSING = missing(['influxd']);

const cwd = mkdtempSync(join(tmpdir(), 'iomb-influx-'));
const consumers = new Consumers();
afterAll(async () => {
  await consumers.stop();
  rmSync(cwd, { recursive: true, force: true });
});

describe.skipIf(MISSING.length > 0)('InfluxDB (skipped without influxd of Debian: influxdb)', () => {
  let address: string;
  beforeAll(async () => {
    const file = join(cwd, 'influxdb.conf');
    writeFileSync(file, configuration());
    const listening = /Listening on HTTP".*addr=(127\.0\.0\.1:\d+)/;
    address = await consumers.start('influxd', ['-config', file], listening);
  }, CONSUMER_DEADLINE_MS * 2);

  test('takes every line and gives the numbers back', async () => {
    const text = exportText(influxExporter);
    const points = await stored('run', text);
    expect(points).toHaveLength(text.trimEnd().split('\n').length);
    const [point] = points.filter(
      ({ model, workload }) => model === 'epoll-lt' && workload === 'many-connections',
    );
    expect(point).toMatchObject({
      arch: 'x64',
      kernel: '6.12.1',
      limit: 'server',
      response_p99_ns: 1830912,
      run_id: '20250101-000000-fixture',
      time: Date.parse('2025-01-01T00:00:30.000Z'),
      // The clean ones of six.
      trials: 5,
    });
  });

  test('takes verdicts and slopes, and the points of several runs', async () => {
    const compared = exportText(influxExporter, { ...exportInput(), comparison: COMPARISON });
    const verdicts = await stored('verdicts', compared, 'iomodels_bench_compare');
    expect(verdicts.map(({ metric, verdict }) => `${metric} ${verdict}`).sort()).toEqual(
      COMPARISON.metrics.map(({ metric, verdict }) => `${metric} ${verdict}`).toSorted(),
    );
    const sweep = exportText(influxExporter, exportInput(fixtureSweep()));
    expect(await stored('slopes', sweep, 'iomodels_bench_scale')).toHaveLength(8);
    const { record, ...rest } = fixtureRun();
    const later = exportInput({ ...rest, record: { ...record, finishedAt: '2025-01-02T00:00:00.000Z' } });
    const [history = ''] = influxExporter.history?.([exportInput(), later]) ?? [];
    expect(await stored('history', history)).toHaveLength(2 * 7);
  });

  test('takes labels of any characters, and keeps them apart', async () => {
    const labels = [...new Set(NASTY_LABELS.map((label) => label.replaceAll(/\r\n|\r|\n/g, '\\n')))];
    const texts = labels.map((label) => exportText(influxExporter, relabelled(label)));
    const models = (await stored('labels', texts.join(''))).map(({ model }) => model ?? '');
    expect(new Set(models)).toEqual(new Set(labels.map((label) => label.replace(/\\+$/, ''))));
  });

  /** Writes lines to a database of their own; gives back every point, tags and fields alike. */
  async function stored(
    database: string,
    lines: string,
    measurement = 'iomodels_bench',
  ): Promise<Record<string, unknown>[]> {
    await request('POST', `/query?q=CREATE DATABASE ${database}`);
    await request('POST', `/write?db=${database}`, lines);
    const body = await request('GET', `/query?db=${database}&epoch=ms&q=SELECT * FROM ${measurement}`);
    const { results } = JSON.parse(body) as {
      results: { series: { columns: string[]; values: unknown[][] }[] }[];
    };
    const series = results[0]?.series[0];
    return (series?.values ?? []).map((row) =>
      Object.fromEntries(series?.columns.map((column, i) => [column, row[i]]) ?? []),
    );
  }

  async function request(method: string, path: string, body?: string): Promise<string> {
    const url = encodeURI(`http://${address}${path}`);
    const response = await fetch(url, body === undefined ? { method } : { method, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  }
});

function configuration(): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "${cwd}/meta"
[data]
dir = "${cwd}/data"
wal-dir = "${cwd}/wal"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:0"
`;
}
