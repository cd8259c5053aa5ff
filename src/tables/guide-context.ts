import { z } from 'zod';
import { type Mechanism, mechanismSchema } from '../claims/guide-schema.ts';
import {
  type ContextMeasure,
  GUIDE_CONTEXT,
  type GuideContext,
  type GuideContextCell,
} from '../claims/guide-text.ts';
import { type Row, type Table, text } from '../document/table.ts';
import type { FigureGroup } from '../document/value-schema.ts';
import { MODELS } from '../models/registry.ts';
import { scalePointOf } from '../plan/scale-workloads.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import type { RunResult } from '../results/schema.ts';
import { idleCost, type ModelRatio, modelRatios } from '../summary/model-ratio.ts';
import { summarizeScale } from '../summary/scale-summary.ts';
import type { Workload } from '../workloads/schema.ts';
import {
  cellValue,
  DOCUMENTED_NOTE,
  FACTOR_NOTE,
  type FoundRow,
  factor,
  figure,
  findRow,
  type GuideCell,
  type GuideRun,
  guideCellSchema,
  mergeCells,
  nanoseconds,
  perRequest,
  type Search,
  SHAPES,
} from './guide-cell.ts';

/** Our rows that stand for a mechanism of the guide. */
const MODELS_OF = {
  'select/poll': ['select', 'poll'],
  epoll: ['epoll-lt'],
  io_uring: ['io_uring'],
} as const satisfies Record<Mechanism, readonly string[]>;

const SQPOLL = 'io_uring-sqpoll';
/** The row of readiness that io_uring is compared with. */
const EPOLL = 'epoll-lt';

const contextCellSchema = z.object({ mechanism: mechanismSchema, guide: z.string(), here: guideCellSchema });

export const contextRowSchema = z
  .object({
    id: z.string(),
    metric: z.string(),
    claims: z.array(z.string()),
    correction: z.string().nullable(),
    cells: z.array(contextCellSchema),
  })
  .describe('a metric of the guide with what this host says to each mechanism');
export type ContextRow = ReadonlyDeep<z.infer<typeof contextRowSchema>>;
export type ContextCell = ReadonlyDeep<z.infer<typeof contextCellSchema>>;

/** Every metric of the guide's "io_uring vs epoll: Benchmark Context" against the run. */
export function guideContext(run: GuideRun): readonly ContextRow[] {
  return GUIDE_CONTEXT.map((row) => ({
    id: row.id,
    metric: row.metric,
    claims: row.claims,
    correction: row.correction,
    cells: mechanismSchema.options.flatMap((mechanism) => {
      const cell = row.cells[mechanism];
      return cell === undefined
        ? []
        : [{ mechanism, guide: cell.guide, here: answer(run, row, { mechanism, cell }) }];
    }),
  }));
}

/** The guide's "io_uring vs epoll: Benchmark Context", with this host beside it. */
export function guideContextTable(rows: readonly ContextRow[]): Table {
  return {
    title: 'io_uring vs epoll, benchmark context: what the guide says, and this host',
    columns: [
      { key: 'metric', header: 'metric', align: 'left', priority: 0, wrap: true },
      { key: 'mechanism', header: '', align: 'left', priority: 0 },
      { key: 'guide', header: 'the guide', align: 'left', priority: 0, wrap: true },
      { key: 'here', header: 'this host', align: 'left', priority: 0, wrap: true },
    ],
    rows: rows.flatMap((row) =>
      row.cells.map(
        ({ mechanism, guide, here }, i): Row => ({
          metric: text(i === 0 ? row.metric : '', 'strong'),
          mechanism: text(mechanism),
          guide: text(`“${guide}”`),
          here: cellValue(here),
        }),
      ),
    ),
    notes: [
      ...rows.flatMap(({ metric, correction }) => (correction === null ? [] : [`${metric}: ${correction}`])),
      ...idleNotes(rows),
      DOCUMENTED_NOTE,
      FACTOR_NOTE,
    ],
  };
}

/** Of a comparison of two workloads, which differ in more than their idle connections; not of a sweep. */
function idleNotes(rows: readonly ContextRow[]): string[] {
  const cells = rows.find(({ id }) => id === 'ready-notification')?.cells.map(({ here }) => here) ?? [];
  const figures = cells
    .flatMap((cell) => (cell.status === 'measured' ? cell.findings : []))
    .flatMap((finding) => finding.figures);
  if (!figures.some(({ value }) => value.kind === 'factor')) return [];
  return [
    'Ready-FD notification: two workloads are compared, which shows a direction; they differ in how many events share a wakeup as well. The slope over idle connections is fitted by iomodels-bench scale.',
  ];
}

interface Asked {
  readonly mechanism: Mechanism;
  readonly cell: GuideContextCell;
}

function answer(run: GuideRun, row: GuideContext, { mechanism, cell }: Asked): GuideCell {
  if (cell.measure !== undefined) return measure(run, cell.measure, mechanism);
  if (cell.documented === null) return { status: 'not-measured', why: 'needs a probe of its own' };
  const here = row.id === 'min-kernel' ? supportHere(run, mechanism) : null;
  return { status: 'documented', ...cell.documented, here };
}

function measure(run: GuideRun, what: ContextMeasure, mechanism: Mechanism): GuideCell {
  switch (what) {
    case 'idle-cost':
      return idleCell(run, MODELS_OF[mechanism]);
    case 'wakeups':
      return perModel(run, mechanism, wakeupsOf);
    case 'per-request':
      return perModel(run, mechanism, costOf);
    case 'sqpoll':
      return sqpollCell(run);
    case 'ratio':
      return ratioCell(run);
  }
}

/** What the probes of this run said. */
function supportHere({ result }: GuideRun, mechanism: Mechanism): string | null {
  const models: readonly string[] = MODELS_OF[mechanism];
  const answers = result.record.support.filter(({ model }) => models.includes(model));
  if (answers.length === 0) return null;
  const works = answers.some(({ supported }) => supported);
  return `${works ? 'runs' : 'does not run'} here, on ${result.record.environment.kernel}`;
}

/** Every model of a mechanism, with one active connection and with many. */
function perModel(run: GuideRun, mechanism: Mechanism, finding: (found: FoundRow) => FigureGroup): GuideCell {
  const searches = MODELS_OF[mechanism].flatMap((model) =>
    [SHAPES.one, SHAPES.many].map((load) => findRow(run, model, load)),
  );
  return mergeCells(searches.map((search) => cellOf(search, finding)));
}

function cellOf(search: Search, finding: (found: FoundRow) => FigureGroup): GuideCell {
  return search.status === 'found' ? { status: 'measured', findings: [finding(search)] } : search;
}

function wakeupsOf({ row, workload }: FoundRow): FigureGroup {
  const { wakeupsPerRequest, eventsPerWakeup } = row.kernel;
  const calls = row.server.syscallsPerRequest;
  const perWakeup = calls !== null && wakeupsPerRequest ? calls / wakeupsPerRequest : null;
  return {
    about: `${row.label}, ${workload.id}`,
    figures: [
      figure('', perRequest(perWakeup), 'calls/wakeup'),
      figure('', perRequest(eventsPerWakeup), 'events/wakeup'),
    ],
  };
}

function costOf({ row, workload }: FoundRow): FigureGroup {
  return {
    about: `${row.label}, ${workload.id}`,
    figures: [
      figure('', perRequest(row.server.syscallsPerRequest), 'calls/req'),
      figure('CPU', nanoseconds(row.server.cpuNsPerRequest), 'ns/req'),
    ],
  };
}

/** A sweep over idle connections answers exactly; two workloads of a run show the direction. */
function idleCell(run: GuideRun, models: readonly string[]): GuideCell {
  const swept = models.flatMap((model) => sweepFindings(run, model));
  if (swept.length > 0) return { status: 'measured', findings: swept };
  return mergeCells(models.map((model) => idleCellOf(run, model)));
}

function sweepFindings({ result }: GuideRun, model: string): FigureGroup[] {
  if (!result.record.settings.workloads.some((workload) => scalePointOf(workload) !== null)) return [];
  return summarizeScale(result).sweeps.flatMap(({ active, lines }) => {
    const line = lines.find((candidate) => candidate.label === model);
    const slope = line?.fit.slopeNsPerIdle;
    if (line === undefined || !slope) return [];
    return [
      {
        about: `${model}, ${active} active`,
        figures: [
          figure('', text(line.fit.verdict.kind)),
          figure('', { kind: 'estimate', ...slope }, 'ns per idle connection and request'),
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
  return workload.mode === 'churn' ? 0 : workload.connections - workload.active;
}

function sqpollCell(run: GuideRun): GuideCell {
  const cells = [SHAPES.one, SHAPES.many].map((load) =>
    cellOf(findRow(run, SQPOLL, load), ({ row, workload }) => ({
      about: `${row.label}, ${workload.id}`,
      figures: [
        ...costOf({ row, workload }).figures,
        ...(row.kernel.sqpCpuNsPerRequest === null
          ? []
          : [figure('of it iou-sqp', nanoseconds(row.kernel.sqpCpuNsPerRequest), 'ns/req')]),
      ],
    })),
  );
  return mergeCells(cells);
}

/** io_uring beside epoll in every workload that has both; of a sweep, where fewest are idle. */
export function ratioCell(run: GuideRun): GuideCell {
  const { result } = run;
  const rings = MODELS.filter((model) => model.family === 'io_uring' && !model.spins);
  const found = rings.flatMap((model) => modelRatios(result, { value: model.id, base: EPOLL }));
  const shown = withoutIdlePoints(result, found);
  if (shown.length > 0) return { status: 'measured', findings: shown.map(ratioFinding) };
  const missing = [EPOLL, 'io_uring'].map((model) => findRow(run, model, SHAPES.many));
  const here = missing.find((search) => search.status === 'not-here');
  return here ?? { status: 'not-measured', why: `needs both in one run: run --models ${EPOLL},io_uring` };
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
