import { factor, figure, nanoseconds, perRequest } from '../document/figures.ts';
import { text } from '../document/table.ts';
import type { Figure, FigureGroup } from '../document/value-schema.ts';
import { findModel } from '../models/registry.ts';
import { scalePointOf } from '../plan/scale-workloads.ts';
import type { RunResult } from '../results/schema.ts';
import { idleCost, type ModelRatio, modelRatios } from '../summary/model-ratio.ts';
import type { MeasuredRow } from '../summary/run-summary.ts';
import { type ScaleSummary, summarizeScale } from '../summary/scale-summary.ts';
import { connectionsOf, type Workload } from '../workloads/schema.ts';
import type { Assertion, PerModelFigures } from './assertion.ts';
import {
  type FoundRow,
  findRow,
  type GuideRun,
  measuredIn,
  mergeCells,
  type Search,
  SHAPES,
} from './evidence.ts';
import type { GuideCell } from './guide-schema.ts';

type Of<Kind extends Assertion['kind']> = Extract<Assertion, { kind: Kind }>;

const CHECKERS: {
  readonly [Kind in Assertion['kind']]: (run: GuideRun, assertion: Of<Kind>) => GuideCell;
} = {
  'calls-per-request': callsPerRequest,
  'per-model': perModel,
  'idle-cost': idleCell,
  ratio: ratioCell,
  held,
  documented,
  'not-measured': (_, { why }) => ({ status: 'not-measured', why }),
};

/** What a stored run says to an assertion. */
export function check<Kind extends Assertion['kind']>(run: GuideRun, assertion: Of<Kind>): GuideCell {
  const checker: (run: GuideRun, assertion: Of<Kind>) => GuideCell = CHECKERS[assertion.kind as Kind];
  return checker(run, assertion);
}

function callsPerRequest(run: GuideRun, { model, load, limit }: Of<'calls-per-request'>): GuideCell {
  const search = findRow(run, model, SHAPES[load]);
  if (search.status === 'not-here' && limit !== undefined)
    return { ...search, why: `${limit}: ${search.why}` };
  if (search.status !== 'found') return search;
  // The head of the column names the built-in workload.
  const about = search.workload.id === SHAPES[load].id ? '' : search.workload.id;
  return { status: 'measured', findings: [callsOf(search.row, about)] };
}

/** Calls that are made less often than this per request are in the total only. */
const SHARE_MIN = 0.0005;

/** Calls per request in all and by name, with the CPU time that they are not the whole of. */
function callsOf(row: MeasuredRow, about: string): FigureGroup {
  const { server } = row;
  const names = Object.entries(server.syscallsPerRequestByName)
    .filter(([, count]) => count >= SHARE_MIN)
    .sort(([a, x], [b, y]) => y - x || a.localeCompare(b));
  const threads =
    findModel(row.model)?.tasks.endsWith('per-connection') && server.threads !== null
      ? [figure('', { kind: 'count', value: server.threads }, 'threads')]
      : [];
  return {
    about,
    figures: [
      figure('', perRequest(server.syscallsPerRequest), 'calls/req'),
      ...names.map(([name, count]) => figure(name, perRequest(count))),
      figure('CPU', nanoseconds(server.cpuNsPerRequest), 'ns/req'),
      ...threads,
    ],
  };
}

function documented({ result }: GuideRun, { text: fact, source, runsHere }: Of<'documented'>): GuideCell {
  const answers = result.record.support.filter(({ model }) => runsHere?.includes(model));
  const works = answers.some(({ supported }) => supported);
  const here =
    answers.length === 0
      ? null
      : `${works ? 'runs' : 'does not run'} here, on ${result.record.environment.kernel}`;
  return { status: 'documented', text: fact, source, here };
}

function perModel(run: GuideRun, { models, figures }: Of<'per-model'>): GuideCell {
  const searches = models.flatMap((model) =>
    [SHAPES.one, SHAPES.many].map((load) => findRow(run, model, load)),
  );
  return mergeCells(searches.map((search) => cellOf(search, figures)));
}

function cellOf(search: Search, figures: PerModelFigures): GuideCell {
  if (search.status !== 'found') return search;
  const about = `${search.row.label}, ${search.workload.id}`;
  return { status: 'measured', findings: [{ about, figures: FIGURES[figures](search) }] };
}

const FIGURES: Readonly<Record<PerModelFigures, (found: FoundRow) => readonly Figure[]>> = {
  wakeups: ({ row }) => {
    const { wakeupsPerRequest, eventsPerWakeup } = row.kernel;
    const calls = row.server.syscallsPerRequest;
    const perWakeup = calls !== null && wakeupsPerRequest ? calls / wakeupsPerRequest : null;
    return [
      figure('', perRequest(perWakeup), 'calls/wakeup'),
      figure('', perRequest(eventsPerWakeup), 'events/wakeup'),
    ];
  },
  cost: costOf,
  'cost-sqpoll': (found) => {
    const { sqpCpuNsPerRequest } = found.row.kernel;
    const own =
      sqpCpuNsPerRequest === null ? [] : [figure('of it iou-sqp', nanoseconds(sqpCpuNsPerRequest), 'ns/req')];
    return [...costOf(found), ...own];
  },
};

function costOf({ row }: FoundRow): readonly Figure[] {
  return [
    figure('', perRequest(row.server.syscallsPerRequest), 'calls/req'),
    figure('CPU', nanoseconds(row.server.cpuNsPerRequest), 'ns/req'),
  ];
}

/** A sweep over idle connections answers exactly; two workloads of a run show the direction. */
function idleCell(run: GuideRun, { models }: Of<'idle-cost'>): GuideCell {
  const swept = models.flatMap((model) => sweepFindings(run, model));
  if (swept.length > 0) return { status: 'measured', findings: swept };
  return mergeCells(models.map((model) => idleCellOf(run, model)));
}

/** Fitted once for all cells that ask: its intervals are resampled. */
const fitted = new WeakMap<RunResult, ScaleSummary['sweeps']>();

function sweepsOf(result: RunResult): ScaleSummary['sweeps'] {
  const sweeps = fitted.get(result) ?? summarizeScale(result).sweeps;
  fitted.set(result, sweeps);
  return sweeps;
}

function sweepFindings({ result }: GuideRun, model: string): FigureGroup[] {
  if (!result.record.settings.workloads.some((workload) => scalePointOf(workload) !== null)) return [];
  return sweepsOf(result).flatMap(({ active, lines }) => {
    const line = lines.find((candidate) => candidate.label === model);
    const slope = line?.fit.slopeNsPerIdle ?? line?.fit.slopeInstructionsPerIdle;
    const unit = line?.fit.slopeInstructionsPerIdle ? 'instructions' : 'ns';
    if (line === undefined || !slope) return [];
    return [
      {
        about: `${model}, ${active} active`,
        figures: [
          figure('', text(line.fit.verdict.kind)),
          figure('', { kind: 'estimate', ...slope }, `${unit} per idle connection and request`),
        ],
      },
    ];
  });
}

function idleCellOf(run: GuideRun, model: string): GuideCell {
  const cost = idleCost(run.result, model);
  if (cost !== null) {
    const { idle, busy } = cost;
    const pair = `${idle.id} (${idleConnections(idle)} idle) against ${busy.id} (none)`;
    const growth = figure('CPU/req', factor(cost.cpuPerRequest));
    return { status: 'measured', findings: [{ about: `${model}, ${pair}`, figures: [growth] }] };
  }
  const search = findRow(run, model, SHAPES.many);
  if (search.status === 'not-here') return search;
  return {
    status: 'not-measured',
    why: `run --models ${model} --workloads mostly-idle,many-connections shows the direction, scale --models ${model} the slope`,
  };
}

function idleConnections(workload: Workload): number {
  return 'active' in workload ? workload.connections - workload.active : 0;
}

function ratioCell(run: GuideRun, { of, base }: Of<'ratio'>): GuideCell {
  const found = of.flatMap((value) => modelRatios(run.result, { value, base }));
  const shown = withoutIdlePoints(run.result, found);
  if (shown.length > 0) return { status: 'measured', findings: shown.map(ratioFinding) };
  const missing = [base, ...of].map((model) => findRow(run, model, SHAPES.many));
  const here = missing.find((search) => search.status === 'not-here');
  return (
    here ?? { status: 'not-measured', why: `needs both in one run: run --models ${[base, ...of].join(',')}` }
  );
}

/** A sweep holds the same load many times over: only its points with the fewest idle connections. */
function withoutIdlePoints({ record }: RunResult, ratios: readonly ModelRatio[]): readonly ModelRatio[] {
  const idleOf = new Map(
    record.settings.workloads.map((workload) => [workload.id, scalePointOf(workload)?.idle ?? null]),
  );
  const fewest = Math.min(...ratios.flatMap(({ workload }) => idleOf.get(workload) ?? []));
  return ratios.filter(({ workload }) => [null, undefined, fewest].includes(idleOf.get(workload)));
}

function ratioFinding(ratio: ModelRatio): FigureGroup {
  return {
    about: `${ratio.value} / ${ratio.base}, ${ratio.workload}`,
    figures: [
      ratio.throughputReason === null
        ? figure('throughput', factor(ratio.throughput))
        : figure('', text(`no throughput (${ratio.throughputReason})`)),
      figure('CPU/req', factor(ratio.cpuPerRequest)),
    ],
  };
}

/** Fewer connections than this say nothing of how many can be held. */
const HELD_MIN = 1000;

/** How many connections one server held at once, and where its program ends. */
function held(run: GuideRun, { model, workload }: Of<'held'>): GuideCell {
  const counts = run.summary.workloads.flatMap((group) =>
    measuredIn(group, model).map((found) => connectionsOf(found.workload)),
  );
  const most = Math.max(0, ...counts);
  if (most < HELD_MIN) {
    const search = findRow(run, model, SHAPES.many);
    if (search.status === 'not-here') return search;
    return { status: 'not-measured', why: `run --models ${model} --workloads ${workload}` };
  }
  const limit = findModel(model)?.connectionsMax ?? null;
  const ends: Figure[] =
    limit === null ? [] : [figure('its server takes at most', { kind: 'count', value: limit })];
  const figures = [figure('held', { kind: 'count', value: most }, 'connections at once'), ...ends];
  return { status: 'measured', findings: [{ about: model, figures }] };
}
