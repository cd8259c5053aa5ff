import { VERDICTS, type Verified } from '../claims/verify/verdict-schema.ts';
import type { Ladder } from '../compare/ladder-schema.ts';
import { type RunResult, SCHEMA_VERSION } from '../results/schema.ts';
import {
  KERNELS_SCHEMA_VERSION,
  type SchemaName,
  schemaId,
  VERIFY_SCHEMA_VERSION,
} from '../results/schema-id.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import type { ScaleSummary } from '../summary/scale-summary.ts';
import type { GuideSummary } from '../tables/guide-summary.ts';
import type {
  KernelsScaleJson,
  LadderJson,
  ScaleJson,
  ShowJson,
  TablesJson,
  VerifyJson,
} from './json-schemas.ts';

/** Names the schema of what is printed, as its first member. */
export function withSchema<T extends object>(name: SchemaName, json: T): { readonly $schema: string } & T {
  return { $schema: schemaId(name), ...json };
}

/** The JSON of a run; with `trials` it holds everything that was stored. */
export function toShowJson(
  result: RunResult,
  summary: RunSummary,
  options: { readonly trials: boolean } = { trials: false },
): ShowJson {
  return withSchema('show', {
    schemaVersion: SCHEMA_VERSION,
    run: result.record,
    summary,
    calibrations: result.calibrations,
    problems: result.problems,
    ...(options.trials ? { trials: result.trials } : {}),
  });
}

/** The JSON of a sweep. */
export function toScaleJson(result: RunResult, scale: ScaleSummary): ScaleJson {
  const { record: run, problems: found } = result;
  return withSchema('scale', { schemaVersion: SCHEMA_VERSION, run, scale, problems: found });
}

/** The JSON of ladders. */
export function toLadderJson(result: RunResult, ladder: Ladder): LadderJson {
  const { record: run, problems: found } = result;
  return withSchema('ladder', { schemaVersion: SCHEMA_VERSION, run, ladder, problems: found });
}

/** The JSON of the sweeps of boots. */
export function toKernelsScaleJson(
  boots: readonly { readonly result: RunResult; readonly summary: ScaleSummary }[],
): KernelsScaleJson {
  return withSchema('kernels-scale', {
    schemaVersion: KERNELS_SCHEMA_VERSION,
    boots: boots.map(({ result, summary }) => ({
      run: result.record,
      scale: summary,
      problems: result.problems,
    })),
  });
}

/** The JSON of the guide's tables. */
export function toTablesJson(result: RunResult, tables: GuideSummary): TablesJson {
  const { record: run, problems: found } = result;
  return withSchema('tables', { schemaVersion: SCHEMA_VERSION, run, tables, problems: found });
}

/** The JSON of verdicts. */
export function toVerifyJson(
  claims: readonly Verified[],
  told: Pick<VerifyJson, 'environment' | 'sources' | 'failed'>,
): VerifyJson {
  const summary = Object.fromEntries(
    VERDICTS.map((word) => [word, claims.filter(({ verdict }) => verdict.word === word).length]),
  ) as VerifyJson['summary'];
  return withSchema('verify', { schemaVersion: VERIFY_SCHEMA_VERSION, ...told, summary, claims });
}
