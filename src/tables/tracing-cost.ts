import type { GuideRun } from '../claims/evidence.ts';
import { GUIDE_TRACING } from '../claims/guide.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { factor, nanoseconds, perRequest } from '../document/figures.ts';
import { NONE, text } from '../document/table.ts';
import type { AuditInstrument } from '../results/schema.ts';
import type { TracedSpeed, TracingCost } from '../summary/tracing-cost.ts';
import { FACTOR_NOTE } from './guide-cell.ts';

const COUNTER_NAMES = {
  tracepoint: 'tracepoint',
  strace: 'strace -c -f',
} as const satisfies Record<AuditInstrument, string>;

/** What it costs a server to have its system calls counted, beside what the guide says of strace. */
export function tracingCostTable(costs: readonly TracingCost[], run: GuideRun): Table {
  const { counters, settings } = run.result.record;
  const missing = counters
    .filter(({ available }) => !available)
    .map(({ counter, reason }) => `${counter}: not measured (${reason ?? 'it could not count here'})`);
  return {
    title: `What tracing costs; the guide: “${GUIDE_TRACING.quote}”`,
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'counter', header: 'counted by', align: 'left', priority: 0 },
      { key: 'trials', header: 'trials', align: 'right', priority: 5 },
      { key: 'syscalls', header: 'sysc.\n/req', align: 'right', priority: 4 },
      { key: 'throughput', header: 'req/s', align: 'right', priority: 3 },
      { key: 'slowdown', header: 'throughput,\ntimes slower', align: 'left', priority: 0 },
      { key: 'cpu', header: 'CPU ns\n/req', align: 'right', priority: 2 },
      { key: 'cpuFactor', header: 'CPU per request,\ntimes', align: 'left', priority: 1 },
    ],
    rows: costs.flatMap(rowsOf),
    notes: [
      ...(costs.length === 0
        ? [
            `not measured (${settings.audit ? 'no audit trial has an untraced one beside it' : 'run --audit'})`,
          ]
        : []),
      ...missing,
      ...brokenNotes(costs),
      ...limitNotes(costs),
      ...(costs.length === 0
        ? []
        : [
            `${GUIDE_TRACING.correction}`,
            "CPU per request is the server's own; strace is a process of its own, whose CPU comes on top.",
            FACTOR_NOTE,
          ]),
    ],
  };
}

function rowsOf(cost: TracingCost): Row[] {
  const first: Row = {
    workload: text(cost.workload),
    model: text(cost.label, 'strong'),
    counter: text('the server itself'),
    ...speed(cost.untraced),
    slowdown: text('1', 'faint'),
    cpuFactor: text('1', 'faint'),
  };
  const others = cost.traced.map(
    (traced): Row => ({
      workload: text(''),
      model: text(''),
      counter: text(COUNTER_NAMES[traced.counter]),
      ...speed(traced),
      slowdown: traced.slowdown === null ? NONE : factor(traced.slowdown),
      cpuFactor: factor(traced.cpuFactor),
    }),
  );
  const broken = cost.broken.map(
    ({ counter }): Row => ({
      workload: text(''),
      model: text(''),
      counter: text(COUNTER_NAMES[counter]),
      slowdown: text('not measured', 'faint'),
      cpuFactor: text('not measured', 'faint'),
    }),
  );
  return [first, ...others, ...broken];
}

function brokenNotes(costs: readonly TracingCost[]): string[] {
  return costs.flatMap(({ label, workload, broken }) =>
    broken.map(
      ({ counter, message }) =>
        `${label} under ${workload}, ${counter}: not measured, every trial failed (${message})`,
    ),
  );
}

function speed({ trials, throughputPerS, cpuNsPerRequest, syscallsPerRequest }: TracedSpeed): Row {
  return {
    trials: { kind: 'count', value: trials },
    syscalls: perRequest(syscallsPerRequest),
    throughput: { kind: 'rate', perS: throughputPerS },
    cpu: nanoseconds(cpuNsPerRequest),
  };
}

function limitNotes(costs: readonly TracingCost[]): string[] {
  const limited = costs.filter(({ clientLimited }) => clientLimited);
  if (limited.length === 0) return [];
  const names = limited.map(({ label, workload }) => `${label} under ${workload}`).join(', ');
  return [`The client was the limit of ${names}: the server slows down by more than the throughput shows.`];
}
