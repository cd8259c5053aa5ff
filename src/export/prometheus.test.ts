import { describe, expect, test } from 'vitest';
import { exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { parseExposition } from '../fixtures/exposition.ts';
import { openmetricsExporter } from './openmetrics.ts';
import { prometheusExporter } from './prometheus.ts';

const prometheus = exportText(prometheusExporter);
const openmetrics = exportText(openmetricsExporter);

test('The text format has HELP and TYPE once per metric, and its samples together', () => {
  expect(
    linesOf(prometheus, /run_info|throughput_requests|response_time.*select|trials_total.*select/),
  ).toMatchInlineSnapshot(`
    "# HELP iomodels_bench_run_info The run that the other metrics are of, and where it ran.
    # TYPE iomodels_bench_run_info gauge
    iomodels_bench_run_info{run="20250101-000000-fixture",status="complete",host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",cpu="Example CPU @ 2.50GHz",version="0.1.0",hypervisor="kvm"} 1
    # HELP iomodels_bench_throughput_requests_per_second Completed requests per second, geometric mean over blocks without the fifth at each end in CPU.
    # TYPE iomodels_bench_throughput_requests_per_second gauge
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="many-connections"} 152518.7997808575
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="many-connections"} 151992.89434966596
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="many-connections"} 195978.07059383596
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="select",workload="many-connections"} 98306.06060212736
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="fixed-rate"} 19999.999999999985
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="fixed-rate"} 19999.999999999985
    iomodels_bench_throughput_requests_per_second{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="fixed-rate"} 19999.999999999985"
  `);
});

test('OpenMetrics has units, counters without their suffix in the TYPE line, and an end', () => {
  expect(
    linesOf(openmetrics, /_run |run_info|cpu_per_request_seconds|_requests(_total)?[ {]|EOF/),
  ).toMatchInlineSnapshot(`
    "# TYPE iomodels_bench_run info
    # HELP iomodels_bench_run The run that the other metrics are of, and where it ran.
    iomodels_bench_run_info{run="20250101-000000-fixture",status="complete",host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",cpu="Example CPU @ 2.50GHz",version="0.1.0",hypervisor="kvm"} 1
    # TYPE iomodels_bench_cpu_per_request_seconds gauge
    # UNIT iomodels_bench_cpu_per_request_seconds seconds
    # HELP iomodels_bench_cpu_per_request_seconds Server CPU time per request, all threads and the kernel threads of io_uring included, geometric mean over blocks without the fifth at each end in CPU.
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="many-connections"} 0.000006378230105156759
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="many-connections"} 0.000006400299197929053
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="many-connections"} 0.000004100458783991689
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="select",workload="many-connections"} 0.00000986917789786606
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="fixed-rate"} 0.00000640076534729165
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="fixed-rate"} 0.000006400329921690909
    iomodels_bench_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="fixed-rate"} 0.000004084335435748
    # TYPE iomodels_bench_client_cpu_per_request_seconds gauge
    # UNIT iomodels_bench_client_cpu_per_request_seconds seconds
    # HELP iomodels_bench_client_cpu_per_request_seconds CPU time of the load generator per request, geometric mean over blocks without the fifth at each end in CPU.
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="many-connections"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="many-connections"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="many-connections"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="select",workload="many-connections"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="fixed-rate"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="fixed-rate"} 9.000000000000001e-7
    iomodels_bench_client_cpu_per_request_seconds{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="fixed-rate"} 9.000000000000001e-7
    # TYPE iomodels_bench_requests gauge
    # HELP iomodels_bench_requests Requests that the run completed.
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="many-connections"} 228796
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="many-connections"} 273602
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="many-connections"} 352787
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="select",workload="many-connections"} 147473
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-lt",workload="fixed-rate"} 36000
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="epoll-et",workload="fixed-rate"} 36000
    iomodels_bench_requests{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="io_uring",workload="fixed-rate"} 30000
    # EOF"
  `);
});

test('Both say the same', () => {
  const one = parseExposition(prometheus, 'prometheus').samples;
  const other = parseExposition(openmetrics, 'openmetrics').samples;
  expect(one.length).toBeGreaterThan(100);
  expect(other).toEqual(one);
});

test('A unit ends the name of its metric, and every metric has a help', () => {
  const { families } = parseExposition(openmetrics, 'openmetrics');
  for (const [name, { unit, help }] of families) {
    expect(help).toMatch(/\.$/);
    if (unit !== null) expect(name.endsWith(`_${unit}`)).toBe(true);
  }
});

test('A cell that was skipped says why', () => {
  expect(linesOf(prometheus, /cell_skipped\{/)).toMatchInlineSnapshot(
    `"iomodels_bench_cell_skipped{host="1a2b3c4d5e6f",kernel="6.12.1",arch="x64",model="select",workload="fixed-rate",reason="holds at most 1016 connections, the workload needs 2000"} 1"`,
  );
});

describe.each([
  { exporter: prometheusExporter, format: 'prometheus' as const },
  { exporter: openmetricsExporter, format: 'openmetrics' as const },
])('$format', ({ exporter, format }) => {
  test.each(NASTY_LABELS)('keeps the label %j', (label) => {
    const { samples } = parseExposition(exportText(exporter, relabelled(label)), format);
    const models = samples.flatMap(({ labels }) => labels.model ?? []);
    expect(new Set(models)).toEqual(new Set([label]));
  });
});

function linesOf(text: string, pattern: RegExp): string {
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .join('\n');
}
