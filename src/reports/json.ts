import {
  type Calibration,
  type RunRecord,
  type RunResult,
  SCHEMA_VERSION,
  type TrialResult,
} from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import type { ScaleSummary } from '../summary/scale-summary.ts';
import type { GuideSummary } from '../tables/guide-summary.ts';

/**
 * What `run --json` and `show --json` print.
 *
 * - `schemaVersion`: of everything below; members that are only added do not change it.
 * - `run`: run.json as stored (`runRecordSchema` of `results/schema.ts`): settings, cells, environment,
 *   build, support, warnings, timing.
 * - `summary`: what the tables show, and more of it (`RunSummary` of `stats/run-summary.ts`).
 *   `summary.workloads[].rows[]` is best first and a union on `status`: `measured` (throughputPerS,
 *   response, service, server, client, saturation, comparison, rank), `failed`, `not-run`, `skipped`
 *   (reason). `comparison` is null for the baseline; in it `ratio` above 1 is better than the baseline,
 *   `interval` is its 95 % interval, and `verdict` says whether a difference was shown.
 * - `calibrations`: every line of calibrations.ndjson, the machine's speed at the beginning of each block.
 * - `problems`: what could not be read back.
 * - `trials`: every line of trials.ndjson, where asked for.
 *
 * Units are in the names: Ns nanoseconds, PerS per second, Ms milliseconds, Bytes. Null: could not be
 * measured.
 */
export interface ShowJson {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly run: RunRecord;
  readonly summary: RunSummary;
  readonly calibrations: readonly Calibration[];
  readonly problems: readonly string[];
  readonly trials?: readonly TrialResult[];
}

/** The JSON of a run; with `trials` it holds everything that was stored. */
export function toShowJson(
  result: RunResult,
  summary: RunSummary,
  options: { readonly trials: boolean } = { trials: false },
): ShowJson {
  return {
    schemaVersion: SCHEMA_VERSION,
    run: result.record,
    summary,
    calibrations: result.calibrations,
    problems: result.problems,
    ...(options.trials ? { trials: result.trials } : {}),
  };
}

/**
 * What `scale --json` prints: `run` and `problems` as in `ShowJson`, and the sweep.
 *
 * - `scale.sweeps[]`: one per count of active connections, with the counts of `idle` asked for.
 * - `scale.sweeps[].lines[]`: one per model. `cells[]` has its cost (`cpuNsPerRequest`) and its whole row
 *   of the summary (`row`, as in `summary.workloads[].rows[]`) at each count; `fit` has
 *   `slopeNsPerIdle` and `growthShare`, each as `value` with its 95 % `interval`, the `exponent`, and a
 *   `verdict` whose `kind` is `O(1)`, `O(N)` or `inconclusive` (then `why`); see `ScaleFit` of
 *   `stats/scale-fit.ts`.
 */
export interface ScaleJson {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly run: RunRecord;
  readonly scale: ScaleSummary;
  readonly problems: readonly string[];
}

/** The JSON of a sweep. */
export function toScaleJson(result: RunResult, scale: ScaleSummary): ScaleJson {
  return { schemaVersion: SCHEMA_VERSION, run: result.record, scale, problems: result.problems };
}

/**
 * What `tables --json` prints: `run` and `problems` as in `ShowJson`, and the guide's tables.
 *
 * - `tables.callFrequency[]`, `.context[]`, `.keyNumbers[]`: what the guide says (`guide`, with the ids
 *   of its claims), and cells that are a union on `status`: `measured` (`findings[]`, each `about`
 *   something, with `figures[]` of `name`, `value` and `unit`), `documented` (`text`, `source`: a fact
 *   that was not measured here), `not-measured` and `not-here` (`why`). A `value` is a union on `kind`;
 *   its number has the unit in its name, as in `{ kind: 'nanoseconds', ns }`.
 * - `tables.tracing[]`: the speed of a row without tracing and with each counter, and `slowdown` and
 *   `cpuFactor`, each a `ratio` with its 95 % `interval` (null with few blocks) and the `range` over blocks.
 */
export interface TablesJson {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly run: RunRecord;
  readonly tables: GuideSummary;
  readonly problems: readonly string[];
}

/** The JSON of the guide's tables. */
export function toTablesJson(result: RunResult, tables: GuideSummary): TablesJson {
  return { schemaVersion: SCHEMA_VERSION, run: result.record, tables, problems: result.problems };
}
