import { createHash } from 'node:crypto';
import { COMPARE_DEFAULTS, compareRuns } from '../compare/compare-runs.ts';
import type { Comparison, MetricComparison } from '../compare/result.ts';
import { formatPercent } from '../document/format.ts';
import type { Kernel } from '../kernels/resolve.ts';
import { PATH_LENGTH_ID } from '../metrics/registry.ts';
import { GuestError, type GuestFailure } from '../place/guest/failures.ts';
import type { RunResult, RunSettings } from '../results/schema.ts';
import { SEARCH_PREFIX } from '../results/series.ts';
import type { Judgement } from './bisect.ts';
import type { bootRun, Machine } from './boot-run.ts';
import { imageHash, runBoots, type SeriesRequest } from './series.ts';
import { storedBoots } from './stored-boots.ts';

/** A run, and the folder in which it is stored. */
export type BootedRun = RunResult & { readonly folder: string };

/** What a kernel was found to be, and by what. */
export interface KernelVerdict {
  readonly kernel: Kernel;
  readonly judgement: Judgement;
  /** Its path length beside the good kernel's; null: it has none. */
  readonly metric: MetricComparison | null;
  readonly runs: readonly BootedRun[];
  /** Why it is unknown; null: it is not. */
  readonly reason: string | null;
}

export interface JudgeOptions extends Omit<SeriesRequest, 'id' | 'kind' | 'kernels'> {
  readonly kernels: readonly Kernel[];
  readonly good: Kernel;
  readonly smp: number;
  /** Boots of each kernel; as many once more where they do not decide. */
  readonly boots: number;
  /** The change that makes a kernel bad, as a share; null: as of any comparison of guests. */
  readonly detect: number | null;
}

/**
 * The name of all boots that measure one cell in one kind of guest: what is stored under it is not measured again, so
 * that a search goes on where it was left.
 */
export function seriesOf(
  settings: RunSettings,
  { qemu, cpu, clock, programs }: Machine,
  smp: number,
): string {
  const { entries, workloads, durationMs, warmupMs, blocks, seed, handicap } = settings;
  const what = [
    entries,
    workloads,
    durationMs,
    warmupMs,
    blocks,
    seed,
    handicap,
    qemu.version,
    cpu,
    clock,
    smp,
  ];
  const hash = createHash('sha256').update(JSON.stringify([...what, programs.info.hash]));
  return `${SEARCH_PREFIX}${hash.digest('hex').slice(0, 12)}`;
}

/** Failures that are the kernel's own: another kernel may do better. */
const OF_KERNEL: ReadonlySet<GuestFailure> = new Set<GuestFailure>([
  'damaged-image',
  'no-init',
  'panic',
  'out-of-memory',
  'paused',
  'cut-short',
  'ended',
  'deadline',
]);

/**
 * A threshold has two sides, and an interval may lie on both of them: 1.8 % to 2.3 % is a regression, and yet not known to be more
 * than 2 %.
 */
function judgementOf({ verdict, change, detect, reason }: MetricComparison): {
  readonly judgement: Judgement;
  readonly reason: string | null;
} {
  const limit = 1 + detect;
  const { low, high } = change.interval ?? { low: 0, high: Number.POSITIVE_INFINITY };
  if (high < limit) return { judgement: 'good', reason: null };
  if (verdict === 'regressed' && low > limit) return { judgement: 'bad', reason: null };
  const lies =
    verdict === 'regressed'
      ? `its interval lies on both sides of the ${formatPercent(detect)} that are asked for`
      : null;
  return { judgement: 'unknown', reason: lies ?? reason ?? 'the boots do not decide' };
}

/** Tells good kernels from bad ones by the path length of one cell. */
export class KernelJudge {
  readonly #options: JudgeOptions;
  readonly #boot: typeof bootRun | undefined;
  readonly #series: string;
  readonly #stored: ReadonlyMap<string, readonly BootedRun[]>;
  #good: readonly BootedRun[] = [];
  readonly #measured = new Map<string, readonly BootedRun[]>();

  private constructor(
    options: JudgeOptions,
    series: string,
    stored: ReadonlyMap<string, readonly BootedRun[]>,
    boot: typeof bootRun | undefined,
  ) {
    this.#options = options;
    this.#boot = boot;
    this.#series = series;
    this.#stored = stored;
  }

  /** With what an earlier search has stored. @param boot how one boot is measured; default: `bootRun`. */
  static async open(options: JudgeOptions, boot?: typeof bootRun): Promise<KernelJudge> {
    const series = seriesOf(options.settings, options.machine, options.smp);
    return new KernelJudge(options, series, await storedBoots(series, options.results), boot);
  }

  /**
   * Measures a kernel, and the good one where it was not yet. Throws what broke of the good one, and what is no
   * kernel's fault.
   */
  async judge(kernel: Kernel): Promise<KernelVerdict> {
    const { good, boots } = this.#options;
    let verdict = await this.#verdict(kernel, boots);
    if (verdict.judgement === 'unknown' && verdict.metric !== null) {
      await this.#boots(good, boots * 2);
      verdict = await this.#verdict(kernel, boots * 2);
    }
    return verdict;
  }

  /** The path length of the cell on two sides. */
  compare(base: readonly BootedRun[], current: readonly BootedRun[]): Comparison {
    const { detect } = this.#options;
    return compareRuns(base, current, {
      ...(detect === null ? { detect: COMPARE_DEFAULTS.detect } : { detect, isDetectSaid: true }),
      detects: {},
      metrics: [PATH_LENGTH_ID],
    });
  }

  /** Of the good kernel, what there is. */
  goodRuns(): readonly BootedRun[] {
    return this.#good;
  }

  async #verdict(kernel: Kernel, boots: number): Promise<KernelVerdict> {
    const { good } = this.#options;
    const base = await this.#boots(good, boots);
    this.#good = base;
    let runs: readonly BootedRun[];
    try {
      runs = await this.#boots(kernel, boots);
    } catch (error) {
      if (!(error instanceof GuestError) || !OF_KERNEL.has(error.kind)) throw error;
      // The console's lines were told where it broke.
      const [reason = ''] = error.message.split('\n');
      return { kernel, judgement: 'unknown', metric: null, runs: [], reason };
    }
    const { metrics, leftOut, missing } = this.compare(base, runs);
    const [metric] = metrics;
    if (metric === undefined)
      return {
        kernel,
        judgement: 'unknown',
        metric: null,
        runs,
        reason: [...missing, ...leftOut][0]?.reason ?? 'it was not measured',
      };
    return { kernel, metric, runs, ...judgementOf(metric) };
  }

  /** At least so many boots of a kernel. */
  async #boots(kernel: Kernel, boots: number): Promise<readonly BootedRun[]> {
    const hash = await imageHash(kernel.path);
    const have = this.#measured.get(hash) ?? this.#stored.get(hash) ?? [];
    const { smp } = this.#options;
    const planned = Array.from({ length: Math.max(0, boots - have.length) }, (_, i) => ({
      ...{ kernel, smp },
      boot: have.length + i,
    }));
    const outcomes = await runBoots(planned, { ...this.#options, kind: 'run', id: this.#series }, this.#boot);
    const [broken] = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
    const all = [
      ...have,
      ...outcomes.flatMap((outcome) =>
        'result' in outcome ? [{ ...outcome.result, folder: outcome.folder }] : [],
      ),
    ];
    this.#measured.set(hash, all);
    if (broken !== undefined) throw broken;
    return all;
  }
}
