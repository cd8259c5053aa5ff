import { randomInt } from 'node:crypto';
import { buildCostsLibrary } from '../build/costs-library.ts';
import { HELPERS_DIR, readTool } from '../build/package.ts';
import { type CpuTopology, chooseCpus } from '../config/cpus.ts';
import type { CostInfo } from '../costs/bench.ts';
import { costsBench, costsLocker } from '../costs/ffi.ts';
import { COSTS_DEFAULTS, type CostsSettings, measureCosts } from '../costs/measure-costs.ts';
import type { CostsResult } from '../costs/schema.ts';
import { lockCpus } from '../host/cpu-lock.ts';
import { readEnvironment } from '../observe/environment.ts';
import { readTopology } from '../observe/topology.ts';
import { createCountProgress } from '../render/count-progress.ts';
import { newRunId } from '../results/run-id.ts';

/** What of a measurement is asked for; the rest is `COSTS_DEFAULTS`. */
export interface CostsRequest {
  /** Ids; null: all of them. */
  readonly only: readonly string[] | null;
  readonly settings: Partial<Pick<CostsSettings, 'rounds' | 'budgetMs' | 'seed' | 'cpu' | 'otherCpu'>>;
  /** Whether to wait for a run on the same CPUs. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

/** The costs that there are. Compiles them. */
export async function listCosts(signal: AbortSignal): Promise<readonly CostInfo[]> {
  return costsBench(await buildCostsLibrary({ sourceDir: HELPERS_DIR, signal })).costs;
}

/** Where to time them: the CPUs that `run` would give to a server and to its client. */
export function costsCpus(topology: CpuTopology): Pick<CostsSettings, 'cpu' | 'otherCpu'> {
  const { serverCpus, clientCpus } = chooseCpus(topology, undefined, undefined);
  const cpu = serverCpus?.[0] ?? topology.allowed[0] ?? null;
  const otherCpu = clientCpus?.find((one) => one !== cpu) ?? null;
  return { cpu, otherCpu };
}

/**
 * Measures costs on this machine with its CPUs locked, and tells on stderr how far it is. Aborted, it rejects with the
 * signal's reason: half of the rounds are no result.
 */
export async function measureCostsHere({ only, settings, wait, signal }: CostsRequest): Promise<CostsResult> {
  const library = await buildCostsLibrary({ sourceDir: HELPERS_DIR, signal });
  const tool = readTool();
  const places = { ...costsCpus(readTopology()), ...settings };
  const lock = await lockCpus({
    cpus: [places.cpu, places.otherCpu].filter((cpu) => cpu !== null),
    holder: `costs (process ${process.pid}, begun ${new Date().toISOString()})`,
    ...costsLocker(library),
    elsewhere: 'choose other CPUs with --cpus',
    onWait: (message) => process.stderr.write(`${message}\n`),
    ...{ wait, signal },
  });
  const progress = createCountProgress(process.stderr, 'measurements');
  try {
    const result = await measureCosts(
      {
        ...COSTS_DEFAULTS,
        seed: settings.seed ?? randomInt(0x7fffffff),
        rounds: settings.rounds ?? COSTS_DEFAULTS.rounds,
        budgetMs: settings.budgetMs ?? COSTS_DEFAULTS.budgetMs,
        cpu: places.cpu,
        otherCpu: places.otherCpu,
      },
      only,
      {
        bench: costsBench(library),
        environment: readEnvironment(),
        tool,
        monotonicMs: () => performance.now(),
        now: () => new Date().toISOString(),
        newId: newRunId,
        onProgress: progress.update,
      },
      signal,
    );
    signal.throwIfAborted();
    return lock.warning === null ? result : { ...result, warnings: [...result.warnings, lock.warning] };
  } finally {
    progress.stop();
    lock.release();
  }
}
