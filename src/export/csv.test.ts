import { expect, test } from 'vitest';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { csvExporter } from './csv.ts';

const text = exportText(csvExporter);
const [header = [], ...rows] = parseCsv(text);

test('The header names every column with its unit, a row holds a trial', () => {
  expect(text.split('\n').slice(0, 3).join('\n')).toMatchInlineSnapshot(`
    "run_id,finished_at,host,kernel,arch,cpu,tool_version,clock,guest,block,trial,label,model,workload,mode,connections,active,depth,message_bytes,rate_per_s,arrivals,counter,status,started_at,wall_ms,window_ns,requests_completed,requests_errors,response_max_ns,guest_instructions_per_request,guest_server_instructions_per_request,guest_client_instructions_per_request,throughput_per_s,goodput_bytes_per_s,response_p50_ns,response_p99_ns,response_p999_ns,service_p50_ns,service_p99_ns,service_p999_ns,cpu_ns_per_request,client_cpu_ns_per_request,instructions_user_per_request,instructions_kernel_per_request,cycles_per_request,instructions_per_cycle,cache_misses_per_request,syscalls_per_request,context_switches_per_request,threads_max,rss_max_bytes,wakeups_per_connection,connection_imbalance,submit_p50_ns,submit_p99_ns,helper_cpu_ns_per_request,cached_share,device_bytes_per_request,server_utilisation_share,client_utilisation_share,saturation,contaminated_by,failure
    20250101-000000-fixture,2025-01-01T00:00:30.000Z,1a2b3c4d5e6f,6.12.1,x64,Example CPU @ 2.50GHz,0.1.0,,,0,0,epoll-lt,epoll-lt,many-connections,closed,200,200,1,64,,,own,measured,2025-01-01T00:00:00.000Z,460,300000000,45600,0,5203158,,,,152000,9728000,1118208,1839104,2236416,,,,6400,900,,,,,,2.05,0.01206140350877193,1,2310144,1.5,,,,,,,0.9728,0.6,server,,
    20250101-000000-fixture,2025-01-01T00:00:30.000Z,1a2b3c4d5e6f,6.12.1,x64,Example CPU @ 2.50GHz,0.1.0,,,0,1,epoll-et,epoll-et,many-connections,closed,200,200,1,64,,,own,measured,2025-01-01T00:00:00.000Z,460,300000000,46216,0,5133804,,,,154053.4080688755,9859418.116408031,1101824,1814528,2203648,,,,6314.693136576077,900,,,,,,2.0400077895101263,0.012073740695862905,1,2310144,1.5,,,,,,,0.9727995266666667,0.6,server,,"
  `);
});

test('There is a row for every trial, with as many fields as the header', () => {
  expect(rows).toHaveLength(fixtureRun().trials.length);
  for (const row of rows) expect(row).toHaveLength(header.length);
});

test('A trial that failed has its reason and empty numbers', () => {
  const failed = rows.filter((row) => row[header.indexOf('status')] === 'failed');
  expect(failed.map((row) => row.join(','))).toMatchInlineSnapshot(`
    [
      "20250101-000000-fixture,2025-01-01T00:00:30.000Z,1a2b3c4d5e6f,6.12.1,x64,Example CPU @ 2.50GHz,0.1.0,,,3,24,select,select,many-connections,closed,200,200,1,64,,,own,failed,2025-01-01T00:00:00.000Z,460,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,load: the server ended with SIGKILL",
    ]
  `);
});

test.each(NASTY_LABELS)('The label %j comes back from a strict reader', (label) => {
  const [, ...read] = parseCsv(exportText(csvExporter, relabelled(label)));
  const expected = /^\s*[=+@\t\r-]/.test(label) ? `'${label}` : label;
  expect(new Set(read.map((row) => row[header.indexOf('label')]))).toEqual(new Set([expected]));
  for (const row of read) expect(row).toHaveLength(header.length);
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\uFF1D1'])(
  'The label %j is no formula',
  (label) => {
    const [, ...read] = parseCsv(exportText(csvExporter, relabelled(label)));
    for (const row of read) expect(row[header.indexOf('label')]).toBe(`'${label}`);
  },
);

test('A negative number stays one', () => {
  const { result } = exportInput();
  const trials = result.trials.map((trial) => ({ ...trial, wallMs: -1.5 }));
  const [, ...read] = parseCsv(exportText(csvExporter, exportInput({ ...result, trials })));
  for (const row of read) expect(row[header.indexOf('wall_ms')]).toBe('-1.5');
});

/** RFC 4180, and nothing else: a quote within a field that is not quoted is an error. */
function parseCsv(input: string): string[][] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)/y;
  const parsed: string[][] = [];
  let row: string[] = [];
  while (field.lastIndex < input.length) {
    const at = field.lastIndex;
    const match = field.exec(input);
    if (match === null) throw new Error(`no field at ${at}: ${input.slice(at, at + 40)}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\n') {
      parsed.push(row);
      row = [];
    }
  }
  return parsed;
}
