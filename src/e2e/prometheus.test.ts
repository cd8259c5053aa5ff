import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { locateExports, writeExports } from '../commands/export-files.ts';
import { readDashboard } from '../export/dashboard.fake.ts';
import { parseExposition } from '../export/exposition.fake.ts';
import { exportInput, exportText } from '../export/input.fake.ts';
import { openmetricsExporter } from '../export/openmetrics.ts';
import { prometheusExporter } from '../export/prometheus.ts';
import { fixtureRun } from '../results/fixture.ts';
import { until } from './conformance/until.ts';

/** Both start within a second and scrape once per second; machines stall. */
const DEADLINE_MS = 60_000;
const TOOLS = ['prometheus', 'prometheus-node-exporter'];
const PATH = (process.env.PATH ?? '').split(':');
const MISSING = TOOLS.filter((tool) => !PATH.some((folder) => existsSync(join(folder, tool))));
const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const cwd = mkdtempSync(join(tmpdir(), 'iomb-prometheus-'));
const textfiles = join(cwd, 'textfiles');
const children: ChildProcess[] = [];
const served = createServer((_, response) => {
  response.setHeader('content-type', OPENMETRICS_TYPE);
  response.end(exportText(openmetricsExporter));
});

afterAll(async () => {
  served.close();
  const ends = children.map(
    (child) => new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0))),
  );
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(ends);
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
    }, DEADLINE_MS * 3);

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
  },
);

async function holds(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  await until({ what, deadlineMs: DEADLINE_MS, look, reached: (seen) => seen });
}

/** As `export --format prometheus --output` does. */
async function publish(input: ReturnType<typeof exportInput>): Promise<void> {
  await writeExports(input, await locateExports([prometheusExporter], `${textfiles}/`));
}

/** Starts a server of Prometheus on a free port of the loopback; gives back `127.0.0.1:<port>`. */
async function start(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, [...args, '--web.listen-address=127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const listening = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;
  await holds(`${program} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${log}`);
    return listening.test(log);
  });
  return listening.exec(log)?.[1] ?? '';
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
