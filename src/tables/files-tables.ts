import type { Row, Table } from '../document/document-schema.ts';
import { nanoseconds } from '../document/figures.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import type { MeasuredRow, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import type { FileWorkload } from '../workloads/schema.ts';

/** The family whose call to submit is said to return before the operation has ended. */
const SUBMITTING = 'native-aio';

interface FileGroup {
  readonly workload: FileWorkload;
  readonly rows: readonly MeasuredRow[];
}

/** What there is of files in a run, over all its workloads. */
export function filesTables(summary: RunSummary): Table[] {
  const groups = summary.workloads.flatMap(groupOf);
  return [modelsTable(groups), submitTable(groups)].filter((table) => table !== null);
}

function groupOf({ workload, rows }: WorkloadSummary): FileGroup[] {
  if (workload.mode !== 'job') return [];
  return [{ workload, rows: rows.filter((row) => row.status === 'measured') }];
}

/** Models by workloads; null where there is one workload, whose own table says all of it. */
function modelsTable(groups: readonly FileGroup[]): Table | null {
  if (groups.length < 2) return null;
  const labels = [...new Set(groups.flatMap(({ rows }) => rows.map(({ label }) => label)))];
  return {
    title: 'File I/O by model',
    columns: [
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      ...groups.flatMap(({ workload: { id } }, place) => [
        { key: `${id} cpu`, header: `${id}\nCPU ns/op`, align: 'right' as const, priority: place },
        { key: `${id} iops`, header: `\nIOPS`, align: 'right' as const, priority: place + groups.length },
      ]),
    ],
    rows: labels.map((label) => modelRow(label, groups)),
    notes: [
      "CPU per operation is that of all threads of a program and of the kernel threads of io_uring. It ranks: the rate is the device's as often as not, and wanders with it.",
      'epoll has no row: a regular file is always ready, and EPOLL_CTL_ADD of one is refused (EPERM).',
    ],
  };
}

function modelRow(label: string, groups: readonly FileGroup[]): Row {
  const cells = groups.flatMap(({ workload: { id }, rows }): [string, Value][] => {
    const row = rows.find((one) => one.label === label);
    if (row === undefined) return [[`${id} cpu`, NONE]];
    return [
      [`${id} cpu`, nanoseconds(row.server.cpuNsPerRequest)],
      [`${id} iops`, { kind: 'rate', perS: row.throughputPerS.value }],
    ];
  });
  return { model: text(label, 'strong'), ...Object.fromEntries(cells) };
}

/** Whether submitting is asynchronous: the time in the call beside that of the operation. Null without such a row. */
function submitTable(groups: readonly FileGroup[]): Table | null {
  const found = groups.flatMap(({ workload, rows }) =>
    rows
      .filter(({ model, submit }) => findModel(model)?.family === SUBMITTING && submit !== null)
      .map((row) => ({ workload, row })),
  );
  if (found.length === 0) return null;
  return {
    title: 'Native AIO: submit latency, buffered against O_DIRECT',
    columns: [
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'cache', header: 'file', align: 'left', priority: 1 },
      { key: 'submit', header: 'in io_submit\np50', align: 'right', priority: 0 },
      { key: 'submitTail', header: '\np99', align: 'right', priority: 0 },
      { key: 'response', header: 'issued to ended\np50', align: 'right', priority: 1 },
      { key: 'cpu', header: 'CPU ns\n/op', align: 'right', priority: 2 },
    ],
    rows: found
      .toSorted((a, b) => Number(isDirect(a.workload)) - Number(isDirect(b.workload)))
      .map(({ workload, row }) => submitRow(workload, row)),
    notes: [
      'Time in the call is shared evenly by what it issues. Through the page cache the read or the wait for the disk is done inside io_submit, so that nothing is asynchronous; with O_DIRECT the call hands the operation to the device and returns.',
    ],
  };
}

function isDirect({ cache }: FileWorkload): boolean {
  return cache === 'direct';
}

function submitRow(workload: FileWorkload, { label, submit, response, server }: MeasuredRow): Row {
  return {
    model: text(label, 'strong'),
    workload: text(workload.id),
    cache: text(
      { warm: 'in the page cache', cold: 'not in the page cache', direct: 'O_DIRECT' }[workload.cache],
    ),
    submit: durationOf(submit?.p50),
    submitTail: durationOf(submit?.p99),
    response: durationOf(response.p50),
    cpu: nanoseconds(server.cpuNsPerRequest),
  };
}

function durationOf(
  percentile: { readonly valueNs: number | null; readonly enough: boolean } | undefined,
): Value {
  if (!percentile || percentile.valueNs === null) return NONE;
  return { kind: 'duration', ns: percentile.valueNs, enough: percentile.enough };
}
