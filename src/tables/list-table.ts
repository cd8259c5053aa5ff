import type { Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { ModelSpec } from '../models/spec.ts';
import type { RunEntry } from '../results/run-entry-schema.ts';
import type { Support } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';

/** `list models`: the registry; with `support`, also whether each can run here. */
export function modelsTable(models: readonly ModelSpec[], support: readonly Support[] = []): Table {
  const here = { key: 'here', header: 'here', align: 'left', priority: 1 } as const;
  return {
    title: 'Models',
    columns: [
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      { key: 'notification', header: 'kind', align: 'left', priority: 3 },
      { key: 'linux', header: 'Linux', align: 'right', priority: 2 },
      ...(support.length > 0 ? [here] : []),
      { key: 'title', header: 'what it is', align: 'left', priority: 0 },
    ],
    rows: models.map((model) => {
      const found = support.find((entry) => entry.model === model.id);
      return {
        model: text(model.id, 'strong'),
        notification: text(model.notification),
        linux: text(model.linuxMin),
        here: found === undefined ? NONE : text(found.supported ? 'yes' : 'no'),
        title: text(model.title),
      };
    }),
    notes: support.flatMap(({ model, supported, reason }) =>
      supported ? [] : [`${model} cannot run here: ${reason ?? 'its probe gave no reason'}`],
    ),
  };
}

/** `list workloads`: the load shapes that can be named, and what each asks of a server. */
export function workloadsTable(workloads: readonly Workload[]): Table {
  return {
    title: 'Workloads',
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'profile', header: 'profile', align: 'left', priority: 2 },
      { key: 'mode', header: 'loop', align: 'left', priority: 3 },
      { key: 'connections', header: 'conns', align: 'right', priority: 4 },
      { key: 'active', header: 'active', align: 'right', priority: 5 },
      { key: 'depth', header: 'depth', align: 'right', priority: 6 },
      { key: 'message', header: 'message', align: 'right', priority: 4 },
      { key: 'rate', header: 'rate/s', align: 'right', priority: 7 },
    ],
    rows: workloads.map(workloadRow),
    notes: [
      ...workloads.map(({ id, description }) => `${id}: ${description}`),
      'A run takes those of profile quick and default; --profile quick the former alone, --profile full all.',
    ],
  };
}

function workloadRow(workload: Workload): Row {
  if (workload.mode === 'job')
    return {
      workload: text(workload.id, 'strong'),
      profile: text(workload.profile),
      mode: text(`${workload.cache} ${workload.action}`),
      connections: text(''),
      active: text(''),
      depth: { kind: 'count', value: workload.depth },
      message: { kind: 'bytes', bytes: workload.blockBytes },
      rate: text(''),
    };
  const carrying = workload.mode === 'churn' ? { active: workload.connections, depth: 1 } : workload;
  return {
    workload: text(workload.id, 'strong'),
    profile: text(workload.profile),
    mode: text(workload.mode),
    connections: { kind: 'count', value: workload.connections },
    active: { kind: 'count', value: carrying.active },
    depth: { kind: 'count', value: carrying.depth },
    message: { kind: 'bytes', bytes: workload.messageBytes },
    rate: workload.mode === 'open' ? { kind: 'count', value: workload.ratePerSecond } : text(''),
  };
}

/** `list runs`: what is stored, the run that ended last at the end. */
export function runsTable(runs: readonly RunEntry[]): Table {
  return {
    title: 'Runs',
    columns: [
      { key: 'run', header: 'run', align: 'left', priority: 0 },
      { key: 'kind', header: 'kind', align: 'left', priority: 0 },
      { key: 'status', header: 'status', align: 'left', priority: 0 },
      { key: 'started', header: 'started (UTC)', align: 'left', priority: 2 },
      { key: 'kernel', header: 'kernel', align: 'left', priority: 1 },
      { key: 'cells', header: 'models ×\nworkloads', align: 'right', priority: 3 },
      { key: 'size', header: 'size', align: 'right', priority: 4 },
    ],
    rows: runs.map((run) => ({
      run: text(run.runId, 'strong'),
      kind: text(run.kind),
      status: text(run.status, run.status === 'complete' ? 'plain' : 'faint'),
      started: text(run.startedAt.slice(0, 19).replace('T', ' ')),
      kernel: text(run.kernel),
      cells: text(`${run.models} × ${run.workloads}`),
      size: { kind: 'bytes', bytes: run.bytes },
    })),
    notes: [],
  };
}
