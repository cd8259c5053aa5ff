import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLAIMS } from '../claims/verify/sections.ts';
import { verifyClaims } from '../claims/verify/verify.ts';
import { COMPARE_DEFAULTS, compareRuns } from '../compare/compare-runs.ts';
import { featureMatrix } from '../compare/feature-matrix.ts';
import { historyOf } from '../compare/history.ts';
import { COMPARED_METRICS } from '../compare/judged-metrics.ts';
import { kernelMatrices } from '../compare/kernel-matrix.ts';
import { ladderOf } from '../compare/ladder.ts';
import { parseCase } from '../config/case-config.ts';
import { compositionsOf } from '../costs/compose.ts';
import { differenceOf } from '../explain/difference.ts';
import { cellsExporter } from '../export/cells-ndjson.ts';
import { fixtureCosts } from '../fixtures/costs.ts';
import { FIXTURE_CROSSCHECK_ORIGIN, FIXTURE_JOB } from '../fixtures/crosscheck.ts';
import { fixtureExplanation, fixturePath } from '../fixtures/explanations.ts';
import { exportText } from '../fixtures/export-input.ts';
import { PROBE_GUEST, PROBED } from '../fixtures/features.ts';
import { fixtureBoots } from '../fixtures/guest.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureBeside } from '../fixtures/guide-evidence.ts';
import { fakeLadder } from '../fixtures/ladder.ts';
import { fixtureNoise } from '../fixtures/noise.ts';
import { fakeObservations, NOTHING_KNOWN } from '../fixtures/observations.ts';
import { fixtureRun, withAudits } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { MODELS } from '../models/registry.ts';
import { recommend } from '../recommend/recommend.ts';
import type { SchemaName } from '../results/schema-id.ts';
import { schemaId } from '../results/schema-id.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { summarizeGuide } from '../tables/guide-summary.ts';
import {
  toKernelsScaleJson,
  toLadderJson,
  toScaleJson,
  toShowJson,
  toTablesJson,
  toVerifyJson,
  withSchema,
} from './json.ts';
import { SCHEMAS } from './json-schemas.ts';
import { scaleReport } from './scale.ts';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));
const NAMES = Object.keys(SCHEMAS) as SchemaName[];

/**
 * As a reader needs it: members that are only added make nothing invalid, and what has a default may be
 * missing, as in runs of older versions.
 */
function jsonSchema(name: SchemaName): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(SCHEMAS[name], {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ jsonSchema: node }) => {
      delete node.readOnly;
    },
  }) as Record<string, unknown>;
  return { $schema, $id: schemaId(name), ...rest };
}

/** `npm run schemas` writes them anew: it is this test with `-u`. */
test.each(NAMES)('schemas/%s.json is what the code says', async (name) => {
  const text = `${JSON.stringify(jsonSchema(name), null, 1)}\n`;
  await expect(text).toMatchFileSnapshot(join(FOLDER, `${name}.json`));
});

describe('what is printed and stored is as its schema says:', () => {
  const run = fixtureRun();
  const guide = withAudits(fixtureGuideRun());
  const sweep = fixtureSweep();
  const ladder = fakeLadder({
    connections: [1, 64],
    rungs: [
      { label: 'a', after: null, cells: {} },
      { label: 'b', after: 'a', cells: { cpu: 0.8 } },
      { label: 'c', after: 'b', cells: { skip: 'not here' } },
    ],
  });
  const baseline = {
    name: 'a',
    host: 'h',
    kernel: '6.1',
    kernelVersion: '#1',
    runId: 'r',
    status: 'complete',
    savedAt: '2025-01-01T00:00:00.000Z',
    runs: 1,
    runIds: ['r'],
    folder: '/x',
  };
  const entry = {
    runId: 'r',
    kind: 'scale',
    status: 'running',
    startedAt: run.record.startedAt,
    finishedAt: null,
    kernel: '6.1',
    models: 12,
    workloads: 2,
    bytes: 1234,
    folder: '/x',
  };
  const found = { id: 'x', status: 'ok', title: 't', value: 'v', meaning: 'm', fix: null };
  const comparison = compareRuns([run], [{ ...run, record: { ...run.record, runId: 'other' } }]);
  const [metric] = COMPARED_METRICS;
  if (metric === undefined) throw new Error('there are metrics');
  const history = historyOf([run, { ...run, record: { ...run.record, runId: 'other' } }], {
    ...{ metric, like: run.record, compare: COMPARE_DEFAULTS },
  });
  const origin = { asked: 'debian:sid', packages: ['linux-image-6.1 6.1-1'], signed: true };
  const outputs: Readonly<Record<SchemaName, object>> = {
    baseline: { schemaVersion: 1, baseline, replaced: null },
    baselines: {
      schemaVersion: 1,
      here: { host: null, kernel: '6.1', kernelVersion: '#1' },
      baselines: [baseline],
    },
    bisect: {
      schemaVersion: 1,
      why: [],
      bisect: {
        ...{ label: 'epoll-lt', workload: 'ping-pong', detect: 0.005, result: null },
        guest: { clock: 'icount', qemu: '10.0.13', cpu: 'max', smp: 1 },
        good: { kernel: { release: '6.12.0', image: '/x/good' }, value: null, boots: 3 },
        judged: [
          {
            kernel: { release: '6.12.1', image: '/x/vmlinuz' },
            ...{ judgement: 'unknown', base: null, value: null, change: null, boots: 0, reason: 'panic' },
          },
        ],
      },
    },
    cell: JSON.parse(exportText(cellsExporter).split('\n')[0] ?? '') as object,
    comparison: { schemaVersion: 2, comparison, noise: fixtureNoise() },
    costs: withSchema('costs', fixtureCosts()),
    'costs-models': withSchema('costs-models', {
      schemaVersion: 1,
      runId: run.record.runId,
      compositions: compositionsOf(summarize(run), fixtureCosts()),
      costs: fixtureCosts(),
      warnings: [],
    }),
    crosscheck: {
      ...{ schemaVersion: 1, ...FIXTURE_CROSSCHECK_ORIGIN, status: 'complete' },
      ...{ models: ['m'], workloads: [FIXTURE_JOB], cpus: { one: [1], several: null } },
      ...{ fioVersion: 'fio-3.33', kernel: '6.1', directory: '/d', fileSystem: null },
      ...{ blocks: 1, durationMs: 100, seed: 1, failed: 0, warnings: [] },
      left: [
        { model: null, workload: 'w', reason: 'r' },
        { model: 'm', workload: 'w', reason: 'r', shape: 'single', samples: [] },
      ],
      cells: [
        {
          ...{ model: 'm', workload: 'w', shape: 'batch', fioOptions: ['--bs=4096'], blocks: 1 },
          ours: { cpuNsPerOperation: 1, operationsPerS: 1 },
          fio: { cpuNsPerOperation: 1, reportedCpuNsPerOperation: 1, operationsPerS: 1 },
          cpu: { ratio: 1, interval: null },
          rate: { ratio: 1, interval: { low: 0.9, high: 1.1 } },
          samples: [
            {
              block: 0,
              ours: { cpuNs: 1, operations: 1, operationsPerS: 1 },
              fio: { cpuNs: 2, operations: 1, operationsPerS: 1, reportedCpuNs: 1, startCpuNs: 1 },
            },
          ],
        },
      ],
    },
    doctor: { schemaVersion: 1, findings: [found], environment: run.record.environment },
    document: scaleReport(sweep),
    explain: {
      schemaVersion: 1,
      paths: [fixturePath('6.12')],
      differences: [differenceOf(fixturePath('6.12'), fixturePath('7.2'))],
      warnings: [],
    },
    explanation: fixtureExplanation('6.12'),
    features: { schemaVersion: 1, matrix: featureMatrix(PROBED, PROBE_GUEST) },
    history: { schemaVersion: 1, like: 'r', history, problems: [] },
    'kernel-get': {
      schemaVersion: 1,
      got: [{ what: 'debian:sid', release: '6.1', version: 'Debian 6.1-1', path: '/k', isNew: true, origin }],
    },
    'kernel-list': {
      schemaVersion: 1,
      qemu: { path: '/q', version: '10.0.13', accelerators: ['tcg'], plugins: true },
      qemuProblem: null,
      kernels: [
        { release: '6.1', path: '/k', series: '6.1', package: null, source: 'store', running: false, origin },
      ],
      problems: [],
    },
    kernels: { schemaVersion: 1, matrices: kernelMatrices(fixtureBoots()), why: [], problems: [] },
    'kernels-scale': toKernelsScaleJson([{ result: sweep, summary: summarizeScale(sweep) }]),
    ladder: toLadderJson(ladder, ladderOf(ladder)),
    models: { schemaVersion: 1, models: MODELS },
    noise: fixtureNoise(),
    probes: {
      probesId: '20250101-000100',
      measuredAt: '2025-01-01T00:01:00.000Z',
      environment: run.record.environment,
      observations: fixtureBeside().probes?.observations ?? [],
    },
    recommendation: {
      schemaVersion: 1,
      recommendation: recommend([guide, sweep], { asked: parseCase('connections=5000,active=1%') }),
    },
    run: run.record,
    runs: { schemaVersion: 1, runs: [entry] },
    scale: toScaleJson(sweep, summarizeScale(sweep)),
    show: { ...toShowJson(run, summarize(run), { trials: true }), comparison },
    tables: toTablesJson(guide, summarizeGuide(guide)),
    verify: toVerifyJson(verifyClaims(CLAIMS, fakeObservations(NOTHING_KNOWN)), {
      environment: run.record.environment,
      sources: [],
      failed: ['probe herd: timed out'],
    }),
    workloads: { schemaVersion: 1, workloads: run.record.settings.workloads },
  };
  test.each(NAMES)('%s', (name) => {
    const validate = new Ajv2020({ strict: false }).compile(jsonSchema(name));
    const printed: unknown = JSON.parse(JSON.stringify(withSchema(name, outputs[name])));
    expect(validate(printed), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(printed).toMatchObject({ $schema: `iomodels-bench/schemas/${name}.json` });
    // One that accepts anything would be no schema.
    expect(validate({ schemaVersion: 'x' })).toBe(false);
  });
  test('a run of an older version, without what has a default, is accepted too', () => {
    const { counters: _, ...older } = run.record;
    expect(new Ajv2020({ strict: false }).compile(jsonSchema('run'))(older)).toBe(true);
  });
});
