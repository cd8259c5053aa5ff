import { describe, expect, test } from 'vitest';
import { measuredCells } from '../export/cells.ts';
import { csvExporter } from '../export/csv.ts';
import { gobenchExporter } from '../export/gobench.ts';
import { hgrmExporter } from '../export/hgrm.ts';
import { measurementsOf } from '../export/measurements.ts';
import { exportInput, exportText } from '../fixtures/export-input.ts';
import { withHardware } from '../fixtures/hardware.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { METRICS } from '../metrics/registry.ts';
import { type RunResult, runRecordSchema, type TrialResult, trialResultSchema } from '../results/schema.ts';
import { cleanTrials } from './clean-trials.ts';
import { lackingCells } from './lacking.ts';
import { summarize } from './summarize.ts';

const BARE = fixtureRun();
const COUNTING = withHardware(BARE);
const BY_CPU = METRICS.filter(({ takenFrom }) => takenFrom === 'cpu');

/** All that a summary says, but for what the CPU counted. */
function timed(run: RunResult) {
  const { trials, workloads, ...rest } = summarize(run);
  const rows = workloads.map((workload) =>
    workload.rows.map((row) => {
      if (row.status !== 'measured') return row;
      const kept = METRICS.filter(({ takenFrom }) => takenFrom === 'own');
      return { ...row, metrics: Object.fromEntries(kept.map(({ id }) => [id, row.metrics[id]])) };
    }),
  );
  return { ...rest, trials: { ...trials, counted: 0 }, rows };
}

describe('Trials in which the CPU counts', () => {
  test('are dearer in this fixture, and change nothing but what the CPU counted', () => {
    expect(COUNTING.trials.length).toBeGreaterThan(BARE.trials.length);
    expect(timed(COUNTING)).toEqual(timed(BARE));
  });
  test('are told beside those that were measured', () => {
    expect(summarize(COUNTING).trials).toEqual({ ...summarize(BARE).trials, counted: 14 });
    expect(summarize(BARE).trials.counted).toBe(0);
  });
  test('are neither clean nor measured again', () => {
    expect(cleanTrials(COUNTING).map(({ counter }) => counter)).not.toContain('cpu');
    expect(cleanTrials(COUNTING)).toHaveLength(cleanTrials(BARE).length);
    expect(lackingCells(COUNTING, 6)).toEqual(lackingCells(BARE, 6));
  });
  test('give five metrics, of which ordinary ones have none', () => {
    expect(BY_CPU.map(({ stem }) => stem)).toEqual([
      'instructions_user',
      'instructions_kernel',
      'cycles',
      'instructions_per_cycle',
      'cache_misses',
    ]);
    const [row] = summarize(COUNTING).workloads[0]?.rows ?? [];
    const [without] = summarize(BARE).workloads[0]?.rows ?? [];
    if (row?.status !== 'measured' || without?.status !== 'measured') throw new Error('both were measured');
    const values = ({ metrics }: typeof row) => BY_CPU.map(({ id }) => metrics[id]?.value);
    expect(values(row)).toEqual([1500, 9000, 12_000, 0.875, 20]);
    expect(values(without)).toEqual([null, null, null, null, null]);
  });
  test('that break are failed trials, and cost nothing that was measured', () => {
    const trials = COUNTING.trials.map((trial): TrialResult => {
      if (trial.status !== 'counted') return trial;
      const { observation: _, ...rest } = trial;
      return { ...rest, status: 'failed', stage: 'load', message: 'gone' };
    });
    const broken = summarize({ ...COUNTING, trials });
    expect(broken.trials).toMatchObject({
      measured: summarize(BARE).trials.measured,
      failed: 15,
      counted: 0,
    });
    const [row] = broken.workloads[0]?.rows ?? [];
    expect(row).toMatchObject({ status: 'measured', failures: ['load: gone'], trials: { failed: 2 } });
    expect(lackingCells({ ...COUNTING, trials }, 6)).toEqual(lackingCells(BARE, 6));
  });
});

describe('In the exports they', () => {
  const input = exportInput(COUNTING);
  const bare = exportInput(BARE);
  test('move no quartile of a time, and have those of their counts', () => {
    const of = (from: typeof input, metrics: typeof METRICS) =>
      measuredCells(from).map((cell) =>
        measurementsOf(cell, metrics).map(({ metric, ...values }) => ({ ...values, id: metric.id })),
      );
    const own = METRICS.filter(({ takenFrom }) => takenFrom === 'own');
    expect(of(input, own)).toEqual(of(bare, own));
    expect(of(input, BY_CPU)[0]?.[0]).toEqual({
      id: 'instructionsUserPerRequest',
      value: 1500,
      lower: 1500,
      upper: 1500,
    });
  });
  test('are lines of csv without times', () => {
    const [head = '', ...lines] = exportText(csvExporter, input).split('\n');
    const columns = head.split(',');
    const counted = lines
      .map((line) => line.split(','))
      .filter((line) => line[columns.indexOf('status')] === 'counted');
    expect(counted).toHaveLength(14);
    for (const line of counted) {
      const at = (name: string) => line[columns.indexOf(name)];
      expect([at('counter'), at('instructions_user_per_request')]).toEqual(['cpu', '1500']);
      expect([at('throughput_per_s'), at('response_p50_ns'), at('cpu_ns_per_request')]).toEqual(['', '', '']);
    }
  });
  test('are lines of gobench without times', () => {
    const benchmarks = (from: typeof input) =>
      exportText(gobenchExporter, from)
        .split('\n')
        .filter((line) => line.startsWith('Benchmark'));
    const lines = benchmarks(input);
    const counted = lines.filter((line) => line.includes('instructions-user/op'));
    expect(counted).toHaveLength(14);
    for (const line of counted) expect(line).not.toContain('ns/op');
    expect(lines.filter((line) => !counted.includes(line))).toEqual(benchmarks(bare));
  });
  test('are in no distribution', () => {
    expect(hgrmExporter.write(input)).toEqual(hgrmExporter.write(bare));
  });
});

test('A run of a version without them is read as one that did not ask', () => {
  const { uncountedEvents: _, settings, ...record } = BARE.record;
  const { cpuCounters: __, ...before } = settings;
  const read = runRecordSchema.parse({ ...record, settings: before });
  expect(read).toMatchObject({ uncountedEvents: {}, settings: { cpuCounters: false } });
  for (const trial of COUNTING.trials) expect(trialResultSchema.parse(trial)).toEqual(trial);
});
