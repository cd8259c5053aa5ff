import { randomInt } from 'node:crypto';
import { guideRun, SHAPES, type ShapeId } from '../../claims/evidence.ts';
import { type Gathered, hostFacts, type ProbeReading } from '../../claims/verify/observe.ts';
import { type Plan, type PlannedRun, SWEEP_IDLE } from '../../claims/verify/plan.ts';
import { type RunConfig, resolveRunConfig } from '../../config/run-config.ts';
import { resolveScaleConfig } from '../../config/scale-config.ts';
import { DERIVED_COSTS } from '../../costs/derived.ts';
import type { CostsResult } from '../../costs/schema.ts';
import { formatWallTime } from '../../document/format.ts';
import { readTopology } from '../../observe/topology.ts';
import type { Environment, RunResult } from '../../results/schema.ts';
import { hasFailures, interrupted, type RunOutcome } from '../../run.ts';
import { NothingMeasuredError } from '../../util/errors.ts';
import { counted, MS_PER_S } from '../../util/units.ts';
import { loadWorkloads } from '../../workloads/load.ts';

/** The world as `verify` sees it. */
export interface VerifyDeps {
  /** @param only ids that are measured, none of them derived. */
  measureCosts(only: readonly string[]): Promise<CostsResult>;
  /** With the environment that they ran in. */
  runProbes(ids: readonly string[]): Promise<NonNullable<Given['probes']>>;
  measureRun(config: RunConfig, kind: PlannedRun['kind']): Promise<RunOutcome>;
  readEnvironment(): Environment;
  /** Progress, for people. */
  tell(line: string): void;
  readonly signal: AbortSignal;
}

/** What was measured before, instead of measuring it now. */
export interface Given {
  readonly runs: readonly RunResult[] | null;
  readonly costs: CostsResult | null;
  readonly probes: {
    readonly observations: readonly ProbeReading[];
    readonly environment: Environment;
  } | null;
  /** Why nothing is timed in this invocation, where nothing is: probes alone say something in a guest. */
  readonly untimed?: string | null;
}

export interface Evidence {
  readonly gathered: Gathered;
  readonly environment: Environment;
  /** Where it is from: a line each. */
  readonly sources: readonly string[];
  /** What should run here, and did not. */
  readonly failed: readonly string[];
  /** What must be known to read the verdicts. */
  readonly warnings: readonly string[];
}

/** Measures what a plan asks for, each thing once, and takes what was given instead. */
export async function gather(asked: Plan, given: Given, deps: VerifyDeps): Promise<Evidence> {
  const { untimed = null } = given;
  const plan = untimed === null ? asked : { ...asked, costs: [], runs: [] };
  const stages = stagesOf(plan, given);
  let at = 0;
  const begin = (): void => {
    deps.signal.throwIfAborted();
    const left = stages.slice(at).reduce((sum, { seconds }) => sum + seconds, 0);
    const title = stages[at++]?.title ?? '';
    const time = formatWallTime(left * MS_PER_S, 's');
    deps.tell(`${at} of ${stages.length}: ${title}; about ${time} left in all`);
  };
  const probed = given.probes ?? (await probe(plan, begin, deps));
  const probes = probed?.observations ?? [];
  const costs = given.costs ?? (await timeCosts(plan, begin, deps));
  const ran = given.runs === null ? await runServers(plan.runs, begin, deps) : NOTHING_RAN;
  const results = [...(given.runs ?? []), ...ran.results];
  const environment =
    costs?.environment ?? results[0]?.record.environment ?? probed?.environment ?? deps.readEnvironment();
  return {
    environment,
    gathered: {
      costs,
      probes,
      runs: results.map(guideRun),
      gaps: { ...gapsOf(given), ...ran.gaps },
      host: hostFacts(environment),
    },
    sources: sourcesOf({ probes, costs, results }),
    failed: [...ran.failed, ...failuresOf(probes, costs)],
    warnings: mixture([
      ...(probed === null ? [] : [probed.environment]),
      ...(costs === null ? [] : [costs.environment]),
      ...results.map(({ record }) => record.environment),
    ]),
  };
}

/** Runs that are given speak for themselves. */
function gapsOf({ runs, untimed }: Given): Gathered['gaps'] {
  if (runs !== null || untimed == null) return {};
  return Object.fromEntries(Object.keys(SHAPES).map((load) => [load, untimed]));
}

/** Evidence of several hosts is no evidence on one. */
function mixture(environments: readonly Environment[]): string[] {
  const places = new Set(
    environments.map(({ host, kernel }) => `Linux ${kernel} on host ${host ?? 'unknown'}`),
  );
  return places.size < 2 ? [] : [`the evidence is from several places: ${[...places].join('; ')}`];
}

async function probe({ probes }: Plan, begin: () => void, deps: VerifyDeps) {
  if (probes.length === 0) return null;
  begin();
  return await deps.runProbes(probes);
}

async function timeCosts({ costs }: Plan, begin: () => void, deps: VerifyDeps) {
  if (costs.length === 0) return null;
  begin();
  return await deps.measureCosts(measurable(costs));
}

interface Ran {
  readonly results: readonly RunResult[];
  readonly failed: readonly string[];
  readonly gaps: Gathered['gaps'];
}

const NOTHING_RAN: Ran = { results: [], failed: [], gaps: {} };

async function runServers(runs: readonly PlannedRun[], begin: () => void, deps: VerifyDeps): Promise<Ran> {
  const results: RunResult[] = [];
  const failed: string[] = [];
  const gaps: Partial<Record<ShapeId, string>> = {};
  for (const planned of runs) {
    begin();
    try {
      const { result, folder } = await deps.measureRun(configOf(planned), planned.kind);
      if (deps.signal.aborted) throw interrupted(folder);
      if (hasFailures(result)) failed.push(`trials of run ${result.record.runId}`);
      results.push(result);
    } catch (error) {
      if (!(error instanceof NothingMeasuredError)) throw error;
      for (const load of planned.loads) gaps[load] = reasonOf(error);
    }
  }
  return { results, failed, gaps };
}

/** In one line: a line of its message is about each cell, and most of them say the same. */
function reasonOf({ message }: Error): string {
  const reasons = message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^\S+ under \S+: /, ''));
  return [...new Set(reasons)].join('; ') || message;
}

interface Stage {
  readonly title: string;
  readonly seconds: number;
}

/** How much longer probes take in a guest, which is emulated and has to boot. */
const GUEST_TIMES = 4;

function probesTimes({ untimed }: Given): number {
  return untimed == null ? 1 : GUEST_TIMES;
}

function stagesOf(plan: Plan, given: Given): readonly Stage[] {
  return [
    ...(given.probes !== null || plan.probes.length === 0
      ? []
      : [{ title: counted(plan.probes.length, 'probe'), seconds: plan.probesSeconds * probesTimes(given) }]),
    ...(given.costs !== null || plan.costs.length === 0
      ? []
      : [{ title: counted(plan.costs.length, 'cost'), seconds: plan.costsSeconds }]),
    ...(given.runs === null ? plan.runs : []),
  ];
}

/** Ids with those that derived ones are differences of. */
function measurable(ids: readonly string[]): string[] {
  const terms = ids.flatMap((id) => {
    const derived = DERIVED_COSTS.find((cost) => cost.id === id);
    return derived === undefined ? [id] : derived.terms.map(({ cost }) => cost);
  });
  return [...new Set(terms)];
}

function configOf({ kind, models, workload, blocks, audit }: PlannedRun): RunConfig {
  const context = { topology: readTopology(), randomSeed: randomInt(0x7fffffff) };
  if (kind === 'scale')
    return resolveScaleConfig(
      { models: models.join(','), idle: SWEEP_IDLE.join(','), active: '1', blocks: String(blocks) },
      context,
    );
  return resolveRunConfig(
    {
      models: models.join(','),
      ...(workload === null ? {} : { workloads: workload }),
      reference: models[0],
      blocks: String(blocks),
      retry: '0',
      audit,
    },
    { ...context, workloads: loadWorkloads() },
  );
}

function sourcesOf({
  probes,
  costs,
  results,
}: {
  readonly probes: readonly ProbeReading[];
  readonly costs: CostsResult | null;
  readonly results: readonly RunResult[];
}): readonly string[] {
  const observed = probes.filter(({ outcome }) => outcome === 'observed').length;
  return [
    ...(probes.length === 0 ? [] : [`probes · ${observed} of ${probes.length} observed`]),
    ...(costs === null
      ? []
      : [
          `costs · ${costs.settings.rounds} rounds, measured at ${costs.measuredAt} under Linux ${costs.environment.kernel}`,
        ]),
    ...results.map(({ record }) => {
      const workloads = record.settings.workloads.map(({ id }) => id).join(', ');
      return `run ${record.runId} · ${workloads} · ${counted(record.settings.blocks, 'block')} under Linux ${record.environment.kernel}`;
    }),
  ];
}

function failuresOf(probes: readonly ProbeReading[], costs: CostsResult | null): string[] {
  return [
    ...probes.flatMap(({ probe, outcome, reason }) =>
      outcome === 'failed' ? [`probe ${probe}: ${reason ?? 'no reason given'}`] : [],
    ),
    ...(costs?.costs ?? []).flatMap((cost) =>
      cost.status === 'failed' ? [`cost ${cost.id}: ${cost.reason}`] : [],
    ),
  ];
}
