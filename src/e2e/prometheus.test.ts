import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeExports } from '../commands/export-files.ts';
import { locateExports } from '../commands/export-targets.ts';
import { openmetricsExporter } from '../export/openmetrics.ts';
import { prometheusExporter } from '../export/prometheus.ts';
import { readDashboard } from '../fixtures/dashboard.ts';
import { exportInput, exportText } from '../fixtures/export-input.ts';
import { parseExposition } from '../fixtures/exposition.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { CONSUMER_DEADLINE_MS, Consumers, holds, missing } from './consumers.ts';

const MISSING = missing(['prometheus', 'prometheus-node-exporter']);
const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const cwd = mkdtempSync(join(tmpdir(), 'iomb-prometheus-'));
const textfiles = join(cwd, 'textfiles');
const consumers = new Consumers();
const served = createServer((_, response) => {
  response.setHeader('content-type', OPENMETRICS_TYPE);
  response.end(exportText(openmetricsExporter));
});

afterAll(async () => {
  served.close();
  await consumers.stop();
  rmSync(cwd, { recursive: true, force: true });
});

describe.skipIf(MISSING.length > 0)(
  `Prometheus (skipped where Debian's packages are missing${MISSING.length > 0 ? `: ${MISSING.join(', ')}` : ''})`,
  () => {
    let api: string;
    beforeAll(async () => {
      mkdirSync(textfiles);
      await publish(exportInput());
      const collector = ['--collector.disable-defaults', '--collector.textfile'];
      const exporter = await start('prometheus-node-exporter', [
        ...collector,
        `--collector.textfile.directory=${textfiles}`,
      ]);
      await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve));
      const openmetrics = `127.0.0.1:${(served.address() as AddressInfo).port}`;
      writeFileSync(join(cwd, 'prometheus.yml'), configuration({ textfile: exporter, openmetrics }));
      api = await start('prometheus', [
        `--config.file=${join(cwd, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(cwd, 'data')}`,
      ]);
      await holds('both jobs are scraped', async () => (await query(api, 'up == 1')).length === 2);
    }, CONSUMER_DEADLINE_MS * 3);

    test.each(['textfile', 'openmetrics'])('holds every series that the exporter wrote: %s', async (job) => {
      const written = parseExposition(exportText(prometheusExporter), 'prometheus').samples;
      const found = await query(api, `{__name__=~"iomodels_bench_.*", job="${job}"}`);
      const key = (name: string, labels: Readonly<Record<string, string>>) =>
        `${name} ${Object.entries(labels)
          .toSorted(([a], [b]) => a.localeCompare(b))
          .join(' ')}`;
      const scraped = found.map(({ metric: { __name__ = '', job: _, instance: __, ...labels }, value }) => [
        key(__name__, labels),
        value,
      ]);
      expect(Object.fromEntries(scraped)).toEqual(
        Object.fromEntries(written.map(({ name, labels, value }) => [key(name, labels), value])),
      );
    });

    test('took the textfile without an error', async () => {
      const [error] = await query(api, 'node_textfile_scrape_error');
      expect(error?.value).toBe(0);
    });

    test('answers every query of the dashboard', async () => {
      for (const { expr, panel } of readDashboard().queries) {
        const found = await query(api, expr.replaceAll(/\$\w+/g, '.*'));
        expect(found.length, `${panel}: ${expr}`).toBeGreaterThan(0);
      }
    });

    test('shows the next run once its file has replaced the one before', async () => {
      const { record, ...rest } = fixtureRun();
      const environment = { ...record.environment, kernel: '6.13.0' };
      await publish(exportInput({ ...rest, record: { ...record, environment } }));
      await holds('the kernel of the next run is shown', async () => {
        const found = await query(api, 'iomodels_bench_run_info{kernel="6.13.0", job="textfile"}');
        return found.length === 1;
      });
      expect(await query(api, 'iomodels_bench_run_info{kernel="6.12.1", job="textfile"}')).toEqual([]);
    });

    test('keeps two hosts apart whose files lie in one folder', async () => {
      const { record, ...rest } = fixtureRun();
      const environment = { ...record.environment, host: 'another' };
      const other = exportText(
        prometheusExporter,
        exportInput({ ...rest, record: { ...record, environment } }),
      );
      writeFileSync(join(textfiles, 'another.prom'), other);
      await holds('both hosts are shown', async () => {
        const hosts = await query(api, 'count by (host) (iomodels_bench_requests{job="textfile"})');
        return hosts.length === 2 && hosts.every(({ value }) => value === 7);
      });
      expect(await query(api, 'node_textfile_scrape_error == 0')).toHaveLength(1);
    });
  },
);

/** As `export --format prometheus --output` does. */
async function publish(input: ReturnType<typeof exportInput>): Promise<void> {
  await writeExports([input], await locateExports([prometheusExporter], `${textfiles}/`));
}

function start(program: string, args: readonly string[]): Promise<string> {
  const listen = '--web.listen-address=127.0.0.1:0';
  return consumers.start(program, [...args, listen], /msg="Listening on" address=(127\.0\.0\.1:\d+)/);
}

function configuration(jobs: Readonly<Record<string, string>>): string {
  const scrapes = Object.entries(jobs).map(([job_name, target]) => ({
    job_name,
    static_configs: [{ targets: [target] }],
  }));
  // YAML is a superset of JSON.
  const scrape = { scrape_interval: '1s', scrape_timeout: '1s' };
  return JSON.stringify({ global: scrape, scrape_configs: scrapes });
}

interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

async function query(api: string, expr: string): Promise<readonly Found[]> {
  const response = await fetch(`http://${api}/api/v1/query?query=${encodeURIComponent(expr)}`);
  // Until it has read its storage.
  if (response.status === 503) return [];
  const body = (await response.json()) as {
    status: string;
    error?: string;
    data?: { result: readonly { metric: Record<string, string>; value: readonly [number, string] }[] };
  };
  if (body.status !== 'success') throw new Error(`${expr}: ${body.error}`);
  return (body.data?.result ?? []).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
