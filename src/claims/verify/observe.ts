import { parseCpuList } from '../../config/cpus.ts';
import { costOf } from '../../costs/cost-of.ts';
import type { CostsResult } from '../../costs/schema.ts';
import type { Environment } from '../../results/schema.ts';
import { per } from '../../stats/sums.ts';
import { modelRatios } from '../../summary/model-ratio.ts';
import { type ScaleLine, type ScaleSummary, summarizeScale } from '../../summary/scale-summary.ts';
import { summarizeTracing } from '../../summary/tracing-cost.ts';
import { findRow, type GuideRun, SHAPES, type ShapeId } from '../evidence.ts';
import { quantityOf } from './amount.ts';
import type { NumberRef, ProbeRef, SeriesRef } from './claim.ts';
import type { Answer, HostFacts, Observations, Quantity, Series } from './observations.ts';
import type { Missing, Observed, Scalar } from './verdict-schema.ts';

/** What a probe ended with. */
export interface ProbeReading {
  readonly probe: string;
  readonly outcome: 'observed' | 'unsupported' | 'failed';
  readonly reason?: string | undefined;
  readonly values: Readonly<Record<string, Scalar>>;
  /** What each value means, for people. */
  readonly texts?: Readonly<Record<string, string>> | undefined;
}

/** All that was measured, or read from the store. */
export interface Gathered {
  readonly costs: Pick<CostsResult, 'costs' | 'derived'> | null;
  readonly probes: readonly ProbeReading[];
  /** The ones that are to be believed first stand first. */
  readonly runs: readonly GuideRun[];
  /** Why the runs of a load could not be measured. */
  readonly gaps: Readonly<Partial<Record<ShapeId, string>>>;
  readonly host: HostFacts;
}

/** Answers every look-up of a claim from what was gathered. */
export function observationsOf(gathered: Gathered): Observations {
  // A sweep takes a while to fit, and several claims ask for it.
  const sweeps = new Map<GuideRun, ScaleSummary>();
  const summaryOf = (run: GuideRun) => {
    const summary = sweeps.get(run) ?? summarizeScale(run.result);
    sweeps.set(run, summary);
    return summary;
  };
  return {
    number: (ref) => numberOf(ref, gathered),
    series: (ref) => seriesOf(ref, gathered, summaryOf),
    observed: (ref) => observedBy(ref, gathered.probes),
    host: gathered.host,
  };
}

/** What is read of the host, from the environment that every run stores. */
export function hostFacts(environment: Environment): HostFacts {
  return {
    texts: {
      kernel: environment.kernel,
      architecture: environment.arch,
      libc: environment.versions.glibc === undefined ? null : `glibc ${environment.versions.glibc}`,
      user: environment.user,
    },
    numbers: {
      cpus: parseCpuList(environment.cpusAllowed ?? '')?.length ?? environment.cpus,
      'numa-nodes': environment.topology?.nodes.length || null,
      'open-files': environment.limits.nofile,
    },
  };
}

function missing(what: string, why: string): { status: 'missing'; missing: Missing } {
  return { status: 'missing', missing: { what, why } };
}

function numberOf(
  ref: Exclude<NumberRef, { readonly from: 'number' | 'host' }>,
  gathered: Gathered,
): Answer<Quantity> {
  switch (ref.from) {
    case 'cost':
      return costQuantity(ref, gathered.costs);
    case 'cell':
      return ofRuns(gathered, ref.load, (run) => cellOf(ref, run), runCommand([ref.model], ref.load));
    case 'pair':
      return ofRuns(
        gathered,
        ref.load,
        (run) => pairOf(ref, run),
        runCommand([ref.base, ref.model], ref.load),
      );
    case 'tracing':
      return ofRuns(
        gathered,
        ref.load,
        (run) => tracingOf(ref, run),
        `${runCommand([ref.model], ref.load)} --audit`,
      );
    case 'probe': {
      const answer = observedBy(ref, gathered.probes);
      if (answer.status === 'missing') return answer;
      if (typeof answer.value !== 'number')
        return missing(`probe ${ref.id}`, `${ref.value} is no number: ${JSON.stringify(answer.value)}`);
      return { ...answer, value: { value: answer.value, interval: null, unit: '' } };
    }
  }
}

function runCommand(models: readonly string[], load: ShapeId): string {
  return `run --models ${models.join(',')} --workloads ${SHAPES[load].id}`;
}

/** The first run that has it; else why there is none, or why the first of them has it not. */
function ofRuns<T>(
  { runs, gaps }: Gathered,
  load: ShapeId,
  find: (run: GuideRun) => Answer<T>,
  command: string,
): Answer<T> {
  const answers = runs.map(find);
  const found = answers.find(({ status }) => status === 'known');
  if (found !== undefined) return found;
  const gap = gaps[load];
  if (gap !== undefined) return missing(command, gap);
  const speaking = runs.findIndex((run) => holds(run, load));
  return answers[speaking] ?? answers[0] ?? missing(command, 'not measured');
}

/** Whether a run was about a load: it knows best why a row is not in it. */
function holds({ result }: GuideRun, load: ShapeId): boolean {
  return result.record.settings.workloads.some((workload) => SHAPES[load].matches(workload));
}

// Costs

function costQuantity(ref: Extract<NumberRef, { from: 'cost' }>, costs: Gathered['costs']): Answer<Quantity> {
  const what = `cost ${ref.id}`;
  if (costs === null) return missing(what, 'no costs were measured');
  const found = costOf(costs, ref.id);
  if (found.status === 'none') return missing(what, found.reason);
  const { ns, lowNs, highNs, roundNs } = found;
  const interval = { low: lowNs, high: highNs };
  if (ref.in === undefined)
    return { status: 'known', value: { value: ns, interval, unit: 'ns', rounds: roundNs }, from: what };
  const ticks = found[ref.in];
  if (ticks === null || ns === 0) return missing(`${what} in cycles`, 'the frequency is not known');
  const ends = [lowNs, highNs].map((end) => (end * ticks) / ns);
  const value = {
    value: ticks,
    interval: { low: Math.min(...ends), high: Math.max(...ends) },
    unit: 'cycles',
    rounds: roundNs.map((round) => (round === null ? null : (round * ticks) / ns)),
  };
  return { status: 'known', value, from: what };
}

function seriesOf(
  ref: SeriesRef,
  gathered: Gathered,
  summaryOf: (run: GuideRun) => ScaleSummary,
): Answer<Series> {
  if (ref.from === 'scale')
    return ofRuns(gathered, 'idle', (run) => sweepOf(ref, run, summaryOf(run)), scaleCommand(ref));
  const answers = ref.points.map(({ n, id }) => ({
    n,
    answer: costQuantity({ from: 'cost', id }, gathered.costs),
  }));
  const points = answers.flatMap(({ n, answer }) =>
    answer.status === 'known' ? [{ ...answer.value, n }] : [],
  );
  const lacking = answers.flatMap(({ answer }) => (answer.status === 'missing' ? [answer.missing] : []));
  const [first] = lacking;
  if (points.length < 2 && first !== undefined) return { status: 'missing', missing: first };
  const from = `costs ${ref.points.map(({ id }) => id).join(', ')}`;
  return { status: 'known', value: { points, fit: null }, from };
}

// Runs

function namedRun({ result }: GuideRun, cell: string): string {
  return `run ${result.record.runId}, ${cell}`;
}

function cellOf(ref: Extract<NumberRef, { from: 'cell' }>, run: GuideRun): Answer<Quantity> {
  const search = findRow(run, ref.model, SHAPES[ref.load]);
  if (search.status === 'not-here' || search.status === 'not-measured')
    return missing(runCommand([ref.model], ref.load), search.why);
  if (search.status === 'documented') return missing(runCommand([ref.model], ref.load), search.text);
  const from = namedRun(run, `${search.row.label} under ${search.workload.id}`);
  if (ref.of === 'p99') {
    const { valueNs, interval } = search.row.response.p99;
    if (valueNs === null) return missing(from, 'no latency was recorded');
    return { status: 'known', value: { value: valueNs, interval, unit: 'ns' }, from };
  }
  const ofTrial = OF_TRIAL[ref.of];
  const values = new Map(
    run.result.trials
      .filter((trial) => trial.status === 'measured')
      .filter(({ label, workload }) => label === search.row.label && workload === search.workload.id)
      .map(({ block, observation }) => [block, ofTrial(observation)]),
  );
  // By block, so that two cells of a run are paired.
  const rounds = Array.from({ length: Math.max(0, ...values.keys()) + 1 }, (_, i) => values.get(i) ?? null);
  const known = rounds.filter((round) => round !== null);
  if (known.length === 0) return missing(from, `no ${ref.of} were counted`);
  return { status: 'known', value: { ...quantityOf(known, ref.of === 'cpu' ? 'ns' : ''), rounds }, from };
}

type TrialObservation = Extract<GuideRun['result']['trials'][number], { status: 'measured' }>['observation'];

const OF_TRIAL: Readonly<
  Record<'calls' | 'cpu' | 'events' | 'threads', (observation: TrialObservation) => number | null>
> = {
  calls: ({ server }) => server.syscallsPerRequest,
  cpu: ({ server, requests }) => per(server.cpuNs, requests.accounted),
  events: ({ server }) => per(server.counters.events ?? 0, server.counters.wakeups ?? 0),
  threads: ({ server }) => server.threads,
};

function pairOf(ref: Extract<NumberRef, { from: 'pair' }>, run: GuideRun): Answer<Quantity> {
  const load = SHAPES[ref.load];
  const what = runCommand([ref.base, ref.model], ref.load);
  const workloads = run.result.record.settings.workloads.filter((workload) => load.matches(workload));
  const found = modelRatios(run.result, { value: ref.model, base: ref.base }).find(({ workload }) =>
    workloads.some(({ id }) => id === workload),
  );
  if (found === undefined) {
    const searches = [ref.model, ref.base].map((model) => findRow(run, model, load));
    const why = searches.flatMap((search) => ('why' in search ? [search.why] : []))[0];
    return missing(what, why ?? 'not both in one run');
  }
  const ratio = ref.of === 'cpu' ? found.cpuPerRequest : found.throughput;
  if (ratio === null) return missing(what, found.throughputReason ?? 'nothing was counted');
  const value = { value: ratio.ratio, interval: ratio.interval, unit: '' };
  return { status: 'known', value, from: namedRun(run, `${found.workload}, ${ratio.blocks} blocks`) };
}

function tracingOf(ref: Extract<NumberRef, { from: 'tracing' }>, run: GuideRun): Answer<Quantity> {
  const what = `${runCommand([ref.model], ref.load)} --audit`;
  const load = SHAPES[ref.load];
  const ids = run.result.record.settings.workloads.filter((one) => load.matches(one)).map(({ id }) => id);
  const cost = summarizeTracing(run.result).find(
    ({ model, workload }) => model === ref.model && ids.includes(workload),
  );
  const traced = cost?.traced.find(({ counter }) => counter === ref.by);
  if (traced?.slowdown === undefined || traced.slowdown === null) {
    const support = run.result.record.counters.find(({ counter }) => counter === ref.by);
    return missing(what, support?.reason ?? 'not measured with and without');
  }
  const { ratio, interval, blocks } = traced.slowdown;
  const from = namedRun(run, `${ref.model} under ${cost?.workload}, ${blocks} blocks`);
  return { status: 'known', value: { value: ratio, interval, unit: '' }, from };
}

function scaleCommand({ model, active }: Extract<SeriesRef, { from: 'scale' }>): string {
  return `scale --models ${model} --active ${active}`;
}

function sweepOf(
  ref: Extract<SeriesRef, { from: 'scale' }>,
  run: GuideRun,
  { sweeps }: ScaleSummary,
): Answer<Series> {
  const what = scaleCommand(ref);
  const sweep = sweeps.find(({ active }) => active === ref.active);
  const line = sweep?.lines.find(({ label }) => label === ref.model);
  if (line === undefined) return missing(what, 'not measured');
  const points = line.cells.flatMap(({ idle, cpuNsPerRequest }) =>
    cpuNsPerRequest === null
      ? []
      : [{ n: idle + ref.active, value: cpuNsPerRequest, interval: null, unit: 'ns' }],
  );
  const [cell] = line.cells;
  if (points.length < 2) {
    const why = cell?.row.status === 'skipped' ? cell.row.reason : 'fewer than two counts were measured';
    return missing(what, why);
  }
  return {
    status: 'known',
    value: { points, fit: fitOf(line) },
    from: namedRun(run, `sweep of ${ref.model}`),
  };
}

function fitOf({ fit }: ScaleLine): Series['fit'] {
  const { verdict } = fit;
  if (verdict.kind !== 'inconclusive') return verdict.kind;
  if (!('blocksWanted' in verdict)) return { inconclusive: `the sweep says ${verdict.why}` };
  const wanted = verdict.blocksWanted === null ? '' : `: ${verdict.blocksWanted} blocks would do`;
  return { inconclusive: `the sweep says ${verdict.why}${wanted}` };
}

// Probes

function observedBy(ref: ProbeRef, probes: readonly ProbeReading[]): Answer<Observed> {
  const what = `probe ${ref.id}`;
  const found = probes.find(({ probe }) => probe === ref.id);
  if (found === undefined) return missing(what, 'not run');
  if (found.outcome !== 'observed') return missing(what, found.reason ?? found.outcome);
  const names = typeof ref.value === 'string' ? [ref.value] : ref.value;
  const values = names.flatMap((name) => found.values[name] ?? []);
  const lacking = names.filter((name) => found.values[name] === undefined);
  if (lacking.length > 0)
    return missing(what, found.reason ?? `${lacking.join(', ')} cannot be shown on this host`);
  const value = typeof ref.value === 'string' ? (values[0] ?? '') : values;
  const text = typeof ref.value === 'string' ? found.texts?.[ref.value] : undefined;
  return {
    status: 'known',
    value,
    from: what,
    ...(text === undefined ? {} : { name: `${ref.value} (${text})` }),
  };
}
