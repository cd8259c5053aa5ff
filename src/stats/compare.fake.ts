import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { fixtureRun } from '../results/fixture.ts';
import type { Calibration, Observation, RunResult, TrialResult } from '../results/schema.ts';
import { bucketIndex } from './histogram.ts';

/** How a simulated host behaves: standard deviations of logarithms. */
export interface FakeHost {
  /** From run to run: CPU per request of everything on it. */
  readonly level: number;
  /** From block to block, half of it carried over to the next. */
  readonly wander: number;
  /** From trial to trial, with Student's tails of 3 degrees of freedom. */
  readonly trial: number;
  /** How many times all of this touches throughput and response times. */
  readonly wall: number;
  /** How much of the level a calibration sees. */
  readonly seen: number;
}

export const QUIET: FakeHost = { level: 0.01, wander: 0.005, trial: 0.01, wall: 1.5, seen: 0.7 };
/** CPU moves by a third between runs, throughput by a factor of two or three. */
export const BUSY: FakeHost = { level: 0.2, wander: 0.06, trial: 0.04, wall: 4, seen: 0.5 };

export interface FakeRun {
  readonly seed: number;
  readonly host: FakeHost;
  readonly blocks: number;
  readonly models: number;
  readonly workloads: number;
  /** Server CPU times this, with what follows from it. */
  readonly slower?: number;
  /** Added to the calls of every request. */
  readonly moreCalls?: number;
  readonly kernel?: string;
}

const FIXTURE = fixtureRun();

/** For tests only: a run of a host as described, with known changes. */
export function fakeRun(options: FakeRun): RunResult {
  const { host, blocks, slower = 1, moreCalls = 0 } = options;
  const random = randomOf(options.seed);
  const level = host.level * random.normal();
  const cells = cellsOf(options);
  const trials: TrialResult[] = [];
  const calibrations: Calibration[] = [];
  let wander = 0;
  for (let block = 0; block < blocks; block++) {
    wander = 0.5 * wander + Math.sqrt(0.75) * host.wander * random.normal();
    calibrations.push(calibrationOf(block, host.seen * (level + wander) + 0.005 * random.normal(), host));
    for (const { label, model, workload } of cells) {
      const weather = level + wander + 0.3 * host.trial * random.heavy();
      const cpuNs = 5000 * slower * Math.exp(weather + host.trial * random.heavy());
      const clientNs = 1500 * Math.exp(weather + host.trial * random.heavy());
      const waitNs =
        40_000 * slower * Math.exp(host.wall * weather + host.wall * host.trial * random.heavy());
      const observation = observe({ cpuNs, clientNs, waitNs, calls: 3 + moreCalls }, random);
      const common = { index: trials.length, block, counter: 'own' as const, label, model, workload };
      trials.push({ ...common, seed: 1, startedAt: '', wallMs: 300, status: 'measured', observation });
    }
  }
  const [workload] = FIXTURE.record.settings.workloads;
  const ids = [...new Set(cells.map((cell) => cell.workload))];
  const settings = {
    ...FIXTURE.record.settings,
    blocks,
    workloads: ids.flatMap((id) => (workload === undefined ? [] : [{ ...workload, id }])),
  };
  const { environment } = FIXTURE.record;
  const record = {
    ...FIXTURE.record,
    runId: `fake-${options.seed}`,
    settings,
    cells,
    environment: { ...environment, kernel: options.kernel ?? environment.kernel },
  };
  return { record, trials, calibrations, problems: [] };
}

function cellsOf({ models, workloads }: FakeRun) {
  return Array.from({ length: models * workloads }, (_, i) => {
    const name = `model-${i % models}`;
    return { label: name, model: name, workload: `workload-${Math.floor(i / models)}`, skipReason: null };
  });
}

function calibrationOf(block: number, log: number, host: FakeHost): Calibration {
  const factor = Math.exp(log);
  const pingNs = 20_000 * Math.exp(log * host.wall);
  const common = { block, startedAt: '', wallMs: 10, cpu: 0 };
  return { ...common, spinNs: 500 * factor, syscallNs: 100 * factor, pingNs };
}

interface Drawn {
  readonly cpuNs: number;
  readonly clientNs: number;
  readonly waitNs: number;
  readonly calls: number;
}

function observe({ cpuNs, clientNs, waitNs, calls }: Drawn, random: Random): Observation {
  const observation = anObservation();
  const tailNs = waitNs * (3 + Math.abs(random.heavy()));
  const [middle, tail] = [bucketIndex(waitNs), bucketIndex(tailNs)];
  return {
    ...observation,
    throughputPerS: 1e9 / waitNs,
    response: {
      count: 5000,
      sumNs: 5000 * waitNs,
      minNs: 0,
      maxNs: tailNs * 2,
      histogram: [middle, 4900, tail - middle, 100],
    },
    client: { ...observation.client, cpuNsPerRequest: clientNs },
    server: {
      ...observation.server,
      cpuNsPerRequest: cpuNs,
      syscallsPerRequest: calls * (1 + 0.0005 * random.normal()),
      contextSwitchesPerRequest: 1 + 0.001 * random.normal(),
      rssMaxBytes: Math.round(1_800_000 * (1 + 0.03 * random.normal())),
    },
  };
}

function anObservation(): Observation {
  const [trial] = FIXTURE.trials;
  if (trial?.status !== 'measured') throw new Error('the fixture starts with a measured trial');
  return trial.observation;
}

interface Random {
  readonly normal: () => number;
  /** Student's t with 3 degrees of freedom. */
  readonly heavy: () => number;
}

function randomOf(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const normal = () => {
    // Box and Muller; never the logarithm of zero.
    const size = Math.sqrt(-2 * Math.log(1 - uniformFloat64(generator)));
    return size * Math.cos(2 * Math.PI * uniformFloat64(generator));
  };
  const heavy = () => {
    const squares = normal() ** 2 + normal() ** 2 + normal() ** 2;
    return normal() / Math.sqrt(squares / 3);
  };
  return { normal, heavy };
}
