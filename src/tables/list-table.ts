import type { ModelSpec } from '../models/registry.ts';
import type { Support } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';
import { type Table, text } from './table.ts';
import { describeLoad } from './workload-table.ts';

/** `list models`: the registry, and whether each can run here where that was probed. */
export function modelsTable(models: readonly ModelSpec[], support: readonly Support[] = []): Table {
  const rows = models.map((model) => {
    const found = support.find((entry) => entry.model === model.id);
    return {
      model: text(model.id, 'strong'),
      title: text(model.title),
      notification: text(model.notification),
      linux: text(model.linuxMin),
      here: text(found === undefined ? '' : found.supported ? 'yes' : 'no'),
    };
  });
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
    rows,
    notes: support.flatMap(({ model, supported, reason }) =>
      supported ? [] : [`${model} cannot run here: ${reason ?? 'no reason given'}`],
    ),
  };
}

/** `list workloads`. */
export function workloadsTable(workloads: readonly Workload[]): Table {
  return {
    title: 'Workloads',
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'profile', header: 'profile', align: 'left', priority: 1 },
      { key: 'load', header: 'load', align: 'left', priority: 0 },
    ],
    rows: workloads.map((workload) => ({
      workload: text(workload.id, 'strong'),
      profile: text(workload.profile),
      load: text(describeLoad(workload)),
    })),
    notes: [],
  };
}
