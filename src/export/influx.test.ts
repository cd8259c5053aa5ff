import { describe, expect, test } from 'vitest';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { influxExporter } from './influx.ts';

test('A cell is a point at the time the run ended', () => {
  expect(exportText(influxExporter).split('\n').slice(0, 2).join('\n')).toMatchInlineSnapshot(`
    "iomodels_bench,active=200,arch=x64,connections=200,cpu=Example\\ CPU\\ @\\ 2.50GHz,depth=1,host=1a2b3c4d5e6f,kernel=6.12.1,message_bytes=64,mode=closed,model=epoll-lt,version=0.1.0,workload=many-connections throughput_per_s=152518.7997808575,throughput_q1_per_s=152000,throughput_q3_per_s=154614.61099366986,goodput_bytes_per_s=9761203.185974868,goodput_q1_bytes_per_s=9728000,goodput_q3_bytes_per_s=9895335.103594871,response_p50_ns=1118208i,response_p99_ns=1830912i,response_p999_ns=2269184i,cpu_ns_per_request=6378.230105156759,cpu_q1_ns_per_request=6291.7727664711965,cpu_q3_ns_per_request=6400,client_cpu_ns_per_request=900.0000000000001,client_cpu_q1_ns_per_request=900,client_cpu_q3_ns_per_request=900,syscalls_per_request=2.050000874141156,context_switches_per_request=0.012067518662913687,threads_max=1i,rss_max_bytes=2310144i,wakeups_per_connection=1.5,wakeups_q1_per_connection=1.5,wakeups_q3_per_connection=1.5,trials=5i,limit="server",run_id="20250101-000000-fixture" 1735689630000000000
    iomodels_bench,active=200,arch=x64,connections=200,cpu=Example\\ CPU\\ @\\ 2.50GHz,depth=1,host=1a2b3c4d5e6f,kernel=6.12.1,message_bytes=64,mode=closed,model=epoll-et,version=0.1.0,workload=many-connections throughput_per_s=151992.89434966596,throughput_q1_per_s=150227.98849450605,throughput_q3_per_s=153765.29617147575,goodput_bytes_per_s=9727545.238378609,goodput_q1_bytes_per_s=9614591.263648387,goodput_q3_bytes_per_s=9840978.954974448,response_p50_ns=1118208i,response_p99_ns=1839104i,response_p999_ns=2285568i,cpu_ns_per_request=6400.299197929053,cpu_q1_ns_per_request=6326.591942033105,cpu_q3_ns_per_request=6475.566815395049,client_cpu_ns_per_request=900.0000000000001,client_cpu_q1_ns_per_request=900,client_cpu_q3_ns_per_request=900,syscalls_per_request=2.0399997076044767,context_switches_per_request=0.012068625229347738,threads_max=1i,rss_max_bytes=2310144i,wakeups_per_connection=1.5,wakeups_q1_per_connection=1.5,wakeups_q3_per_connection=1.5,trials=6i,limit="server",run_id="20250101-000000-fixture" 1735689630000000000"
  `);
});

test('Every line is one by the grammar, and no two are of one series', () => {
  const points = parseLines(exportText(influxExporter));
  expect(points).toHaveLength(7);
  expect(new Set(points.map(({ tags }) => `${tags.model} ${tags.workload}`)).size).toBe(7);
});

test('An empty value is no tag', () => {
  const { result } = exportInput();
  const environment = { ...result.record.environment, kernel: '' };
  const [point] = parseLines(
    exportText(influxExporter, exportInput({ ...result, record: { ...result.record, environment } })),
  );
  expect(point?.tags).toMatchObject({ arch: 'x64', model: 'epoll-lt', workload: 'many-connections' });
  expect(Object.keys(point?.tags ?? {})).toEqual(
    [
      ...['active', 'arch', 'connections', 'cpu', 'depth', 'host', 'message_bytes', 'mode', 'model'],
      ...['version', 'workload'],
    ].toSorted(),
  );
});

describe('A label', () => {
  test.each(NASTY_LABELS)('%j comes back, but for line breaks and backslashes at its end', (label) => {
    const expected = label.replaceAll(/\r\n|\r|\n/g, '\\n').replace(/\\+$/, '');
    for (const { tags } of parseLines(exportText(influxExporter, relabelled(label))))
      expect(tags.model ?? '').toBe(expected);
  });
});

interface Point {
  readonly tags: Readonly<Record<string, string>>;
}

const KEY = String.raw`(?:\\[,= ]|\\(?![,= ])|[^,= \n\\])+`;
const FIELD = String.raw`${KEY}=(?:-?\d+i|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|"(?:\\["\\]|[^"\\\n])*")`;
const LINE = new RegExp(
  `^(?<name>${KEY})(?<tags>(?:,${KEY}=${KEY})*) (?<fields>${FIELD}(?:,${FIELD})*) (?<time>\\d{19})$`,
);

/** The grammar of the reference, measurement by measurement; throws at the first line that is none. */
function parseLines(text: string): Point[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const match = LINE.exec(line);
      if (match === null) throw new Error(`no point: ${line}`);
      const pairs = [...(match.groups?.tags ?? '').matchAll(new RegExp(`,(${KEY})=(${KEY})`, 'g'))];
      return { tags: Object.fromEntries(pairs.map(([, key, value]) => [key, unescapeTag(value ?? '')])) };
    });
}

function unescapeTag(value: string): string {
  return value.replaceAll(/\\([,= ])/g, '$1');
}
