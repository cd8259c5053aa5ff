import { z } from 'zod';
import { bisectSchema } from '../boots/bisect-schema.ts';
import { VERDICTS, verifiedSchema } from '../claims/verify/verdict-schema.ts';
import { featureMatrixSchema } from '../compare/feature-matrix-schema.ts';
import { runHistorySchema } from '../compare/history-result.ts';
import { kernelMatrixSchema } from '../compare/kernel-matrix-schema.ts';
import { ladderSchema } from '../compare/ladder-schema.ts';
import { comparisonSchema } from '../compare/result.ts';
import { costsModelsSchema, costsResultSchema } from '../costs/schema.ts';
import { crosscheckSchema } from '../crosscheck/result-schema.ts';
import { findingSchema } from '../doctor/finding.ts';
import { documentSchema } from '../document/document-schema.ts';
import { pathDifferenceSchema, pathLengthSchema } from '../explain/explain-schema.ts';
import { gotSchema, kernelSchema, originSchema } from '../kernels/schema.ts';
import { modelSpecSchema } from '../models/spec-schema.ts';
import { qemuSchema } from '../place/guest/qemu-schema.ts';
import { storedProbesSchema } from '../probes/stored-schema.ts';
import { recommendationSchema } from '../recommend/recommendation-schema.ts';
import { baselineSchema, placeSchema } from '../results/baseline-schema.ts';
import { explanationSchema } from '../results/explanation-schema.ts';
import { noiseCertificateSchema } from '../results/noise-schema.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { runEntrySchema } from '../results/run-entry-schema.ts';
import {
  calibrationSchema,
  environmentSchema,
  runRecordSchema,
  SCHEMA_VERSION,
  trialResultSchema,
} from '../results/schema.ts';
import {
  BASELINE_SCHEMA_VERSION,
  COMPARE_SCHEMA_VERSION,
  DOCTOR_SCHEMA_VERSION,
  EXPLAIN_SCHEMA_VERSION,
  HISTORY_SCHEMA_VERSION,
  KERNEL_LIST_SCHEMA_VERSION,
  KERNELS_SCHEMA_VERSION,
  LIST_SCHEMA_VERSION,
  RECOMMEND_SCHEMA_VERSION,
  type SchemaName,
  VERIFY_SCHEMA_VERSION,
} from '../results/schema-id.ts';
import { runSummarySchema } from '../summary/run-summary.ts';
import { scaleSummarySchema } from '../summary/scale-summary.ts';
import { guideSummarySchema } from '../tables/guide-summary.ts';
import { workloadSchema } from '../workloads/schema.ts';
import { cellLineSchema } from './cell-line.ts';

const schema = { $schema: z.string().optional() };
const stored = {
  ...schema,
  schemaVersion: z.literal(SCHEMA_VERSION).describe('members that are only added do not change it'),
  run: runRecordSchema.describe('run.json as stored'),
};
const problems = z.array(z.string()).describe('what could not be read back');

const showSchema = z
  .object({
    ...stored,
    summary: runSummarySchema.describe('what the tables show, and more of it'),
    calibrations: z
      .array(calibrationSchema)
      .describe("every line of calibrations.ndjson, the machine's speed at the beginning of each block"),
    problems,
    trials: z.array(trialResultSchema).optional().describe('every line of trials.ndjson, where asked for'),
    comparison: comparisonSchema.optional().describe('in the export of a comparison'),
  })
  .describe(
    'What run --json, show --json and the json export hold. Units are in the names: Ns nanoseconds, PerS per ' +
      'second, Ms milliseconds, Bytes. Null: could not be measured',
  );

const scaleSchema = z
  .object({ ...stored, scale: scaleSummarySchema, problems })
  .describe('What scale --json prints: the sweep, with the fit of every model');

const ladderJsonSchema = z
  .object({ ...stored, ladder: ladderSchema, problems })
  .describe('What ladder --json prints: what each rung adds to the one before it, and where to stop');

const tablesSchema = z
  .object({ ...stored, tables: guideSummarySchema, problems })
  .describe("What tables --json prints: the guide's tables with what this host says beside them");

const verifyJsonSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(VERIFY_SCHEMA_VERSION),
    environment: environmentSchema,
    sources: z.array(z.string()).describe('where costs, probes and runs are from'),
    summary: z.record(z.enum(VERDICTS), z.number().int().nonnegative()).describe('claims by verdict'),
    claims: z.array(verifiedSchema),
    failed: z.array(z.string()).describe('costs, probes and cells that should run here, and did not'),
  })
  .describe("What verify --json prints: the guide's claims with what this host says to each");

const comparisonJsonSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(COMPARE_SCHEMA_VERSION),
    comparison: comparisonSchema.optional().describe('of two sides; absent with --by'),
    comparisons: z
      .array(z.object({ name: z.string(), comparison: comparisonSchema }))
      .optional()
      .describe('with --by: rows of one run, two sides at a time'),
    noise: noiseCertificateSchema.nullable().describe('of the host of the current side; null: there is none'),
  })
  .describe('What compare --json prints');

const kernelListSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(KERNEL_LIST_SCHEMA_VERSION),
    qemu: qemuSchema.nullable().describe('what would boot them; null: none was found'),
    qemuProblem: z.string().nullable(),
    kernels: z
      .array(kernelSchema.extend({ origin: originSchema.nullable().describe('of one in the store') }))
      .describe('in the order of their versions'),
    problems: z.array(z.string()).describe('images that cannot be booted, or not be read'),
  })
  .describe('What kernels list --json prints');

const kernelGetSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(KERNEL_LIST_SCHEMA_VERSION),
    got: z.array(gotSchema),
  })
  .describe('What kernels get --json prints');

const kernelsSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(KERNELS_SCHEMA_VERSION),
    matrices: z.array(kernelMatrixSchema).describe('one for every kind of guest'),
    why: z.array(z.string()).describe('what explains the largest change under each kernel, line by line'),
    problems,
  })
  .describe('What kernels run --json and kernels compare --json print: path lengths under several kernels');

const featuresSchema = z
  .object({ ...schema, schemaVersion: z.literal(KERNELS_SCHEMA_VERSION), matrix: featureMatrixSchema })
  .describe('What kernels probe --json prints: what each kernel has');
const kernelsScaleSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(KERNELS_SCHEMA_VERSION),
    boots: z
      .array(z.object({ run: runRecordSchema, scale: scaleSummarySchema, problems }))
      .describe('in the order in which they ended'),
  })
  .describe('What kernels scale --json prints: the sweep of every boot');

const bisectJsonSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(KERNELS_SCHEMA_VERSION),
    bisect: bisectSchema,
    why: z.array(z.string()),
  })
  .describe('What kernels bisect --json prints');

const historySchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(HISTORY_SCHEMA_VERSION),
    like: z.string().describe('id of the run whose host and settings the others have'),
    history: runHistorySchema,
    problems,
  })
  .describe('What history --json prints: one metric in the stored runs of a host');

const doctorSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(DOCTOR_SCHEMA_VERSION),
    findings: z.array(findingSchema),
    environment: environmentSchema,
  })
  .describe('What doctor --json prints');

const modelsSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(LIST_SCHEMA_VERSION),
    models: z.array(modelSpecSchema),
  })
  .describe('What list models --json prints');

const workloadsSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(LIST_SCHEMA_VERSION),
    workloads: z.array(workloadSchema),
  })
  .describe('What list workloads --json prints');

const runsSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(LIST_SCHEMA_VERSION),
    runs: z.array(runEntrySchema).describe('in the order in which they ended, the last one at the end'),
  })
  .describe('What list runs --json prints');

const baselinesSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(BASELINE_SCHEMA_VERSION),
    here: placeSchema,
    baselines: z.array(baselineSchema).describe('the last one saved first'),
  })
  .describe('What baseline list --json prints');

const baselineJsonSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(BASELINE_SCHEMA_VERSION),
    baseline: baselineSchema,
    replaced: baselineSchema.nullable().optional().describe('of save: the one that stood there before'),
  })
  .describe('What baseline save --json and baseline show --json print');

const recommendationJsonSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(RECOMMEND_SCHEMA_VERSION),
    recommendation: recommendationSchema,
  })
  .describe('What recommend --json prints: which model for which load here');

const explainSchema = z
  .object({
    ...schema,
    schemaVersion: z.literal(EXPLAIN_SCHEMA_VERSION),
    paths: z.array(pathLengthSchema).optional().describe('of one side: a cell each'),
    differences: z.array(pathDifferenceSchema).optional().describe('of two sides: a cell each'),
    warnings: z.array(z.string()),
  })
  .describe('What kernels explain --json prints');

/** Every shape that is stored or printed as JSON and names its schema; `schemas/` is written from these. */
export const SCHEMAS: Readonly<Record<SchemaName, z.ZodType>> = {
  baseline: baselineJsonSchema,
  baselines: baselinesSchema,
  bisect: bisectJsonSchema,
  cell: cellLineSchema,
  comparison: comparisonJsonSchema,
  costs: costsResultSchema
    .extend(schema)
    .describe('What costs --json prints, and what is stored of it: single operations, in nanoseconds'),
  'costs-models': costsModelsSchema
    .extend(schema)
    .describe('What costs --models --json prints: which costs the requests of a run are made of'),
  crosscheck: crosscheckSchema
    .extend(schema)
    .describe('What crosscheck --json prints, and what is kept under crosscheck/ of the results'),
  doctor: doctorSchema,
  document: documentSchema.extend(schema),
  explain: explainSchema,
  explanation: explanationSchema.extend(schema),
  features: featuresSchema,
  history: historySchema,
  'kernel-get': kernelGetSchema,
  'kernel-list': kernelListSchema,
  kernels: kernelsSchema,
  'kernels-scale': kernelsScaleSchema,
  ladder: ladderJsonSchema,
  models: modelsSchema,
  noise: noiseCertificateSchema.extend(schema),
  probes: storedProbesSchema
    .extend(schema)
    .describe('What is stored of behaviour probes: what each saw the kernel and the C library do'),
  recommendation: recommendationJsonSchema,
  run: runRecordSchema.extend(schema),
  runs: runsSchema,
  scale: scaleSchema,
  show: showSchema,
  tables: tablesSchema,
  verify: verifyJsonSchema,
  workloads: workloadsSchema,
};

export type { CellLine } from './cell-line.ts';
export type ShowJson = ReadonlyDeep<z.infer<typeof showSchema>>;
export type ScaleJson = ReadonlyDeep<z.infer<typeof scaleSchema>>;
export type LadderJson = ReadonlyDeep<z.infer<typeof ladderJsonSchema>>;
export type TablesJson = ReadonlyDeep<z.infer<typeof tablesSchema>>;
export type VerifyJson = ReadonlyDeep<z.infer<typeof verifyJsonSchema>>;
export type ComparisonJson = ReadonlyDeep<z.infer<typeof comparisonJsonSchema>>;
export type HistoryJson = ReadonlyDeep<z.infer<typeof historySchema>>;
export type KernelGetJson = ReadonlyDeep<z.infer<typeof kernelGetSchema>>;
export type KernelListJson = ReadonlyDeep<z.infer<typeof kernelListSchema>>;
export type KernelsScaleJson = ReadonlyDeep<z.infer<typeof kernelsScaleSchema>>;
export type KernelsJson = ReadonlyDeep<z.infer<typeof kernelsSchema>>;
export type CostsJson = ReadonlyDeep<z.infer<typeof costsResultSchema>>;
export type DoctorJson = ReadonlyDeep<z.infer<typeof doctorSchema>>;
export type ModelsJson = ReadonlyDeep<z.infer<typeof modelsSchema>>;
export type WorkloadsJson = ReadonlyDeep<z.infer<typeof workloadsSchema>>;
export type RunsJson = ReadonlyDeep<z.infer<typeof runsSchema>>;
export type BaselinesJson = ReadonlyDeep<z.infer<typeof baselinesSchema>>;
export type ExplainJson = ReadonlyDeep<z.infer<typeof explainSchema>>;
export type ExplanationJson = ReadonlyDeep<z.infer<typeof explanationSchema>>;
export type BaselineJson = ReadonlyDeep<z.infer<typeof baselineJsonSchema>>;
export type RecommendationJson = ReadonlyDeep<z.infer<typeof recommendationJsonSchema>>;
export type NoiseJson = ReadonlyDeep<z.infer<typeof noiseCertificateSchema>>;
export type RunJson = ReadonlyDeep<z.infer<typeof runRecordSchema>>;
