import { derivedSeed, shuffled } from '../plan/order.ts';
import type { Environment } from '../results/schema.ts';
import { COSTS_SCHEMA_VERSION } from '../results/schema-id.ts';
import { medianInterval } from '../stats/median-interval.ts';
import { EnvironmentError } from '../util/errors.ts';
import { MS_PER_S, NS_PER_MS, NS_PER_S, NS_PER_US } from '../util/units.ts';
import type { ClockReading, CostInfo, CostSamples, CostsBench } from './bench.ts';
import type { CostFrequency, CostsResult } from './schema.ts';
import { CYCLE_COST, deriveCosts, summarizeCost } from './summarize-costs.ts';

/** How a costs measurement goes, but for what it measures. */
export interface CostsSettings {
  readonly seed: number;
  readonly rounds: number;
  /** No round is begun that would end after that time, once there are enough. */
  readonly budgetMs: number;
  /** Of one cost in one round. */
  readonly roundBudgetNs: number;
  /** A batch lasts so long, or longer where the clock's step is coarse. */
  readonly batchNs: number;
  /** null: not pinned. */
  readonly cpu: number | null;
  /** null: there is no second one. */
  readonly otherCpu: number | null;
}

/** As a rule all rounds fit into the time, on two idle CPUs. */
export const COSTS_DEFAULTS = {
  rounds: 21,
  budgetMs: 40_000,
  roundBudgetNs: 3 * NS_PER_MS,
  batchNs: 20 * NS_PER_US,
} as const;

/** So many are taken however long that takes: with fewer, no interval of a median reaches 95 %. */
const ROUNDS_MIN = 6;

/** A batch is so many times the step of the clock at least, so that the step moves it by a thousandth. */
const CLOCK_STEPS = 1000;
const BATCHES_MIN = 3;
const BATCHES_MAX = 64;
const DEADLINE_NS = 5 * NS_PER_S;

/** The world around a measurement. */
export interface CostsDeps {
  readonly bench: CostsBench;
  readonly environment: Environment;
  readonly tool: { readonly name: string; readonly version: string };
  monotonicMs(): number;
  /** As ISO 8601. */
  now(): string;
  /** For what is measured at that time. */
  newId(now: string): string;
  /** Before each cost of each round. */
  onProgress?(done: number, planned: number, id: string): void;
}

/**
 * Measures costs in rounds, each of which takes every one of them once in an order of its own: a slow moment of the
 * machine falls on all alike, and differences are taken within a round. Aborted, it tells of the rounds that were.
 * @param only ids; null: all of them. The cycle of the core is measured with them.
 * @throws EnvironmentError where nothing was measured, and where a cost hangs in the kernel.
 */
export async function measureCosts(
  settings: CostsSettings,
  only: readonly string[] | null,
  deps: CostsDeps,
  signal: AbortSignal,
): Promise<CostsResult> {
  const { bench } = deps;
  const { seed, cpu, otherCpu, roundBudgetNs } = settings;
  const startedMs = deps.monotonicMs();
  const measuredAt = deps.now();
  const chosen = bench.costs.filter(({ id }) => only === null || only.includes(id) || id === CYCLE_COST);
  const before = bench.clock();
  const batchNs = Math.max(settings.batchNs, CLOCK_STEPS * before.stepNs);
  const { taken, rounds } = await takeRounds(chosen, { ...settings, batchNs }, deps, signal);
  const after = bench.clock();
  bench.release();
  const frequency = frequencyOf(taken, before, after);
  const costs = chosen.map((info) =>
    summarizeCost({ info, rounds: taken.get(info.id) ?? [] }, frequency, before.stepNs),
  );
  return {
    schemaVersion: COSTS_SCHEMA_VERSION,
    costsId: deps.newId(measuredAt),
    tool: { ...deps.tool },
    measuredAt,
    durationMs: deps.monotonicMs() - startedMs,
    environment: deps.environment,
    settings: { seed, cpu, otherCpu, roundBudgetNs, rounds, batchNs },
    clock: { stepNs: before.stepNs, readNs: before.readNs, loopNs: loopOf(taken) },
    frequency,
    costs,
    derived: deriveCosts(costs, frequency),
    warnings: warningsOf(settings, rounds),
  };
}

type Taken = ReadonlyMap<string, (CostSamples | null)[]>;

async function takeRounds(
  chosen: readonly CostInfo[],
  settings: CostsSettings,
  deps: CostsDeps,
  signal: AbortSignal,
): Promise<{ readonly taken: Taken; readonly rounds: number }> {
  const { bench } = deps;
  const startedMs = deps.monotonicMs();
  const taken = new Map<string, (CostSamples | null)[]>(chosen.map(({ id }) => [id, []]));
  const stop = () => bench.stop();
  signal.addEventListener('abort', stop);
  let round = 0;
  try {
    for (; round < settings.rounds && !signal.aborted; round++) {
      const planned = roundsThatFit(settings, round, deps.monotonicMs() - startedMs);
      if (round >= planned) break;
      for (const [i, info] of orderOf(chosen, derivedSeed(settings.seed, round)).entries()) {
        if (signal.aborted) break;
        deps.onProgress?.(round * chosen.length + i, planned * chosen.length, info.id);
        if (cannotRun(taken.get(info.id) ?? [])) continue;
        const samples = await bench.measure(requestOf(info, settings));
        if (samples.status === 'stuck')
          throw new EnvironmentError(`the cost ${info.id} ${samples.reason}: nothing more can be measured`);
        if (!signal.aborted) put(taken, info.id, round, samples);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
  for (const rounds of taken.values()) while (rounds.length < round) rounds.push(null);
  return { taken, rounds: round };
}

/** How many rounds there will be, if those to come take as long as those that were. */
function roundsThatFit({ rounds, budgetMs }: CostsSettings, done: number, elapsedMs: number): number {
  if (done === 0) return rounds;
  const fitting = Math.floor(budgetMs / (elapsedMs / done));
  return Math.min(rounds, Math.max(fitting, ROUNDS_MIN));
}

function put(
  taken: Map<string, (CostSamples | null)[]>,
  id: string,
  round: number,
  samples: CostSamples,
): void {
  const rounds = taken.get(id) ?? [];
  while (rounds.length < round) rounds.push(null);
  rounds.push(samples);
}

/** What is not there once is not there in the next round either. */
function cannotRun(rounds: readonly (CostSamples | null)[]): boolean {
  return rounds[0]?.status === 'unsupported';
}

/** Those that share open files follow each other: opening them anew for each would take longer than measuring. */
function orderOf(chosen: readonly CostInfo[], seed: number): CostInfo[] {
  const alone = shuffled(
    chosen.filter(({ descriptors }) => descriptors === 0),
    seed,
  );
  const sharing = shuffled(
    chosen.filter(({ descriptors }) => descriptors > 0),
    derivedSeed(seed, 1),
  );
  const at = derivedSeed(seed, 2) % (alone.length + 1);
  return [...alone.slice(0, at), ...sharing, ...alone.slice(at)];
}

function requestOf({ index }: CostInfo, settings: CostsSettings) {
  return {
    index,
    cpu: settings.cpu,
    otherCpu: settings.otherCpu,
    batchNs: settings.batchNs,
    batchesMin: BATCHES_MIN,
    batchesMax: BATCHES_MAX,
    budgetNs: settings.roundBudgetNs,
    deadlineNs: DEADLINE_NS,
  };
}

function frequencyOf(taken: Taken, before: ClockReading, after: ClockReading): CostFrequency {
  const cycles = (taken.get(CYCLE_COST) ?? []).flatMap((round) => round?.ns ?? []);
  const cycleNs = cycles.length > 0 ? medianInterval(cycles).median : 0;
  const elapsedNs = Number(after.nowNs - before.nowNs);
  return {
    coreHz: cycleNs > 0 ? NS_PER_S / cycleNs : null,
    coreSource: cycleNs > 0 ? 'chain' : 'none',
    tscHz:
      before.tsc === null || after.tsc === null || elapsedNs <= 0
        ? null
        : (Number(after.tsc - before.tsc) / elapsedNs) * NS_PER_S,
  };
}

function loopOf(taken: Taken): number {
  const loops = [...taken.values()].flatMap((rounds) =>
    rounds.flatMap((round) => (round?.status === 'measured' ? [round.loopNs] : [])),
  );
  return loops.length > 0 ? medianInterval(loops).median : 0;
}

function warningsOf({ cpu, otherCpu, rounds, budgetMs }: CostsSettings, taken: number): string[] {
  const one = cpu === null || otherCpu === null;
  return [
    ...(one ? ['there is one CPU: what takes two was not measured, and everything else shares it'] : []),
    ...(taken < rounds
      ? [`the machine was busy: ${taken} of ${rounds} rounds fitted into ${budgetMs / MS_PER_S} s`]
      : []),
  ];
}
