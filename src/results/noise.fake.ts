import { fixtureRun } from './fixture.ts';
import type { NoiseCertificate } from './noise.ts';
import { type RunResult, SCHEMA_VERSION } from './schema.ts';

/** For tests only: the fixture's epoll-lt and io_uring, each twice; the second rows are the first's next blocks. */
export function fixtureEquals(): RunResult {
  const run = fixtureRun();
  const models = ['epoll-lt', 'io_uring'];
  const again = (label: string) => `${label}#2`;
  const trials = run.trials.filter((trial) => models.includes(trial.model));
  const blocks = run.record.settings.blocks;
  const entries = models.map((model) => ({ label: model, model }));
  const cells = run.record.cells.filter((cell) => models.includes(cell.model));
  return {
    ...run,
    record: {
      ...run.record,
      settings: {
        ...run.record.settings,
        entries: [...entries, ...entries.map(({ label, model }) => ({ label: again(label), model }))],
      },
      cells: [...cells, ...cells.map((cell) => ({ ...cell, label: again(cell.label) }))],
    },
    trials: [
      ...trials,
      ...trials.map((trial) => ({
        ...trial,
        label: again(trial.label),
        block: (trial.block + 1) % blocks,
        index: trial.index + run.trials.length,
      })),
    ],
  };
}

/** For tests only: a certificate of the fixture's host. */
export function fixtureNoise(): NoiseCertificate {
  const { record } = fixtureRun();
  const alarms = (comparisons: number, falseAlarms: number) => ({
    comparisons,
    falseAlarms,
    inconclusive: 8,
  });
  const cells = ['many-connections', 'fixed-rate'].map((workload, i) => ({
    label: 'epoll-lt',
    workload,
    metric: 'cpuNsPerRequest',
    together: alarms(20, i),
    halfWidth: 0.02 + i / 50,
    detectable: 0.05 + i / 100,
  }));
  return {
    schemaVersion: SCHEMA_VERSION,
    runId: '20250102-000000-equals',
    measuredAt: '2025-01-02T00:00:00.000Z',
    tool: record.tool,
    environment: record.environment,
    blocks: 7,
    durationMs: 240,
    models: ['epoll-lt'],
    workloads: ['many-connections', 'fixed-rate'],
    together: { splits: 20, alarmed: 1 },
    apart: { blocks: 6, alarmed: false },
    metrics: [
      {
        metric: 'cpuNsPerRequest',
        threshold: 0.05,
        together: alarms(40, 1),
        apart: { comparisons: 2, falseAlarms: 0, inconclusive: 1 },
        halfWidth: { median: 0.03, max: 0.04 },
        detectable: { median: 0.055, max: 0.06 },
      },
      {
        metric: 'responseP99Ns',
        threshold: 0.05,
        together: alarms(40, 0),
        apart: { comparisons: 0, falseAlarms: 0, inconclusive: 0 },
        halfWidth: null,
        detectable: null,
      },
    ],
    cells,
  };
}
