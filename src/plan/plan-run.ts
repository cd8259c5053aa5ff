import { findModel } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { cellKey } from '../results/cells.ts';
import type {
  AuditInstrument,
  Cell,
  CellName,
  Instrument,
  RunSettings,
  Support,
  Trial,
} from '../results/schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { counted } from '../util/units.ts';
import {
  connectionsOf,
  domainOf,
  type FileWorkload,
  socketWorkloads,
  type Workload,
} from '../workloads/schema.ts';
import { derivedSeed, shuffled } from './order.ts';

/** Connections beyond the workload's that a server must hold: the echo check, and some in closing. */
export const CONNECTIONS_SPARE = 8;
/** Descriptors of a server or of the load generator's process that are not connections of the load. */
export const FDS_SPARE = 64;

/** What of a load decides whether a row is known not to echo it. */
export type Shape =
  | ({
      readonly connections: number;
      readonly messageBytes: number;
    } & ({ readonly mode: 'churn' } | { readonly mode: 'closed' | 'open'; readonly depth: number }))
  | FileShape;

type FileShape = Pick<FileWorkload, 'mode' | 'cache' | 'action' | 'depth'>;

export interface PlanInput {
  readonly settings: RunSettings;
  readonly models: readonly ModelSpec[];
  /** RLIMIT_NOFILE (hard); null: unknown, nothing is skipped for it. */
  readonly nofile: number | null;
  /** Answers of the probes; a model without an answer is planned. */
  readonly support: readonly Support[];
  /** Why a row cannot do a workload here, by `cellKey` of the model's id; others can, or were not asked. */
  readonly refusals?: ReadonlyMap<string, string>;
  /** What counts beside the servers, each in trials of its own. */
  readonly instruments?: readonly FurtherInstrument[];
  /** What counts the system calls of servers that do not count them themselves; absent: nothing can. */
  readonly syscallCounter?: AuditInstrument | undefined;
}

export type FurtherInstrument = Exclude<Instrument, 'own'>;

/** Trials of further instruments are part of so many blocks: counts hardly vary, so that two suffice. */
export const INSTRUMENT_BLOCKS = 2;

/** How many connections a server is to hold under each workload. */
export function serverSizes(workloads: readonly Workload[]): number[] {
  return socketWorkloads(workloads).map(({ connections }) => connections + CONNECTIONS_SPARE);
}

/** What a run will do, as data: its cells, and through `trialsOfBlock` its trials. */
export interface RunPlan {
  readonly settings: RunSettings;
  readonly cells: readonly Cell[];
  readonly instruments: readonly FurtherInstrument[];
  /** Of rows that are no models of the registry. */
  readonly foreignInstruments: readonly FurtherInstrument[];
  /** What a cell goes without. */
  readonly leftOut: readonly LeftOut[];
}

/** An instrument that cannot count in one cell, and why. */
export interface LeftOut {
  readonly label: string;
  readonly workload: string;
  readonly counter: FurtherInstrument;
  readonly reason: string;
}

/** strace stops every thread at every call: more than so many threads never get their connections served. */
export const STRACE_THREADS_MAX = 1000;

/** Every entry under every workload; a cell that cannot be measured says why. */
export function planRun(input: PlanInput): RunPlan {
  const { settings } = input;
  const cells = settings.workloads.flatMap((workload) =>
    settings.entries
      .filter((entry) => takes(findModel(entry.model, input.models), workload))
      .map(({ label, model }) => ({
        label,
        model,
        workload: workload.id,
        skipReason: skipReason(input, model, workload),
      })),
  );
  const instruments = input.instruments ?? [];
  return {
    settings,
    cells,
    instruments,
    foreignInstruments: [
      ...(input.syscallCounter === undefined ? [] : [input.syscallCounter]),
      ...instruments.filter((counter) => counter === 'cpu'),
    ],
    leftOut: instruments.flatMap((counter) => leftOutBy(input, cells, counter)),
  };
}

function leftOutBy(input: PlanInput, cells: readonly Cell[], counter: FurtherInstrument): LeftOut[] {
  if (counter !== 'strace') return [];
  const foreign = input.settings.entries.filter(({ server }) => server).map(({ label }) => label);
  return cells.flatMap(({ label, model, workload, skipReason: skipped }) => {
    if (foreign.includes(label)) return [];
    const threads = findModel(model, input.models)?.tasks.endsWith('per-connection');
    const load = input.settings.workloads.find(({ id }) => id === workload);
    if (skipped === null && load !== undefined && domainOf(load) === 'file')
      return [
        {
          label,
          workload,
          counter,
          reason: 'strace counts a whole life, and most of this one settles and checks the file',
        },
      ];
    const connections = load === undefined ? 0 : connectionsOf(load);
    if (skipped !== null || !threads || connections <= STRACE_THREADS_MAX) return [];
    return [
      { label, workload, counter, reason: `strace does not keep up with ${counted(connections, 'thread')}` },
    ];
  });
}

/** Whether a row stands under a workload at all: it is of the same domain, and no other row stands for it there. */
export function takes(model: ModelSpec | undefined, workload: Workload): boolean {
  if (model === undefined) return true;
  if (model.domain !== domainOf(workload)) return false;
  return workload.mode !== 'job' || (model.takesCaches?.includes(workload.cache) ?? true);
}

/** Why a row with known mistakes is not put under a load: it would not echo it. Null: it echoes it. */
export function whyUnfit({ unfit }: Pick<ModelSpec, 'unfit'>, workload: Shape): string | null {
  const known = unfit.find((one) => {
    if ('mode' in one) return one.mode === workload.mode;
    const isOfFiles = !('connectionsOver' in one || 'unansweredBytesOver' in one);
    if (workload.mode === 'job') return isOfFiles && isUnfitJob(one, workload);
    if (isOfFiles) return false;
    if ('connectionsOver' in one) return workload.connections > one.connectionsOver;
    const unanswered = workload.messageBytes * (workload.mode === 'churn' ? 1 : workload.depth);
    return unanswered > one.unansweredBytesOver;
  });
  return known?.reason ?? null;
}

/** Whether all that is said holds. */
function isUnfitJob(
  {
    caches,
    actions,
    depthOver,
  }: {
    readonly caches?: readonly string[] | undefined;
    readonly actions?: readonly string[] | undefined;
    readonly depthOver?: number | undefined;
  },
  workload: FileShape,
): boolean {
  return (
    (caches?.includes(workload.cache) ?? true) &&
    (actions?.includes(workload.action) ?? true) &&
    (depthOver === undefined || workload.depth > depthOver)
  );
}

function skipReason(input: PlanInput, modelId: string, workload: Workload): string | null {
  const model = findModel(modelId, input.models);
  if (!model) return `unknown model ${modelId}`;
  const unfit = whyUnfit(model, workload);
  if (unfit !== null) return unfit;
  const refused = input.refusals?.get(cellKey({ label: modelId, workload: workload.id }));
  if (refused !== undefined) return refused;
  const support = input.support.find((answer) => answer.model === modelId);
  if (support && !support.supported) return support.reason ?? 'unsupported';
  if (workload.mode === 'job') return null;
  const { connections } = workload;
  if (model.connectionsMax !== null && connections > model.connectionsMax)
    return `holds at most ${counted(model.connectionsMax, 'connection')}, the workload needs ${connections}`;
  if (input.nofile !== null && connections + FDS_SPARE > input.nofile)
    return `RLIMIT_NOFILE is ${input.nofile}, the workload needs ${counted(connections, 'connection')} and ${FDS_SPARE} more; raise it with ulimit -n`;
  const held = support?.connectionsMax ?? null;
  if (held !== null && connections + CONNECTIONS_SPARE > held && held !== model.connectionsMax)
    return support?.limitReason ?? `a server holds ${counted(held, 'connection')} here, not more`;
  return null;
}

/**
 * The trials of one block: every cell once, and once more with each further instrument in the first blocks. Workloads come in
 * random order, and within a workload its models do, their rows side by side, so that drift and noisy neighbours fall on
 * all models alike and the rows that are compared stand close to each other: noise is alike for neighbours, and less so
 * the further trials are apart. The order depends on the seed and the block alone.
 */
export function trialsOfBlock(plan: RunPlan, block: number): Trial[] {
  const { seed, workloads } = plan.settings;
  const order = shuffled(workloads, derivedSeed(seed, 1, block)).flatMap((workload, place) =>
    shuffledByModel(itemsOfBlock(plan, block, workload.id), ({ cell }) => cell.model, [seed, block, place]),
  );
  const first = countTrials(plan, block);
  return order.map(({ cell, counter }, position) => ({
    index: first + position,
    block,
    counter,
    label: cell.label,
    model: cell.model,
    workload: cell.workload,
    seed: derivedSeed(seed, 2, block, position),
  }));
}

/**
 * A block in which some cells are measured once more, in random order as in any block.
 * @param first index of its first trial.
 */
export function repeatTrials(
  { settings, cells }: Pick<RunPlan, 'settings' | 'cells'>,
  {
    block,
    first,
    again,
  }: { readonly block: number; readonly first: number; readonly again: readonly CellName[] },
): Trial[] {
  const { seed, workloads } = settings;
  const wanted = new Set(again.map(cellKey));
  const order = shuffled(workloads, derivedSeed(seed, 1, block)).flatMap((workload, place) =>
    shuffledByModel(
      cells.filter((cell) => cell.workload === workload.id && wanted.has(cellKey(cell))),
      ({ model }) => model,
      [seed, block, place],
    ),
  );
  return order.map(({ label, model, workload }, position) => ({
    index: first + position,
    block,
    counter: 'own',
    label,
    model,
    workload,
    seed: derivedSeed(seed, 2, block, position),
  }));
}

/** In random order, the rows of a model side by side: variants and doubles are compared most closely. */
function shuffledByModel<T>(
  items: readonly T[],
  modelOf: (item: T) => string,
  [seed, block, place]: readonly [number, number, number],
): T[] {
  const models = shuffled([...groupBy(items, modelOf).values()], derivedSeed(seed, 3, block, place));
  return models.flatMap((rows, i) => shuffled(rows, derivedSeed(seed, 4, block, place, i)));
}

/** How many trials the first blocks hold together. */
export function countTrials(plan: RunPlan, blocks: number): number {
  const measurable = plan.cells.filter((cell) => cell.skipReason === null);
  const instruments = measurable.reduce((sum, cell) => sum + instrumentsOf(plan, cell).length, 0);
  const further = instruments - plan.leftOut.length;
  return measurable.length * blocks + further * Math.min(blocks, INSTRUMENT_BLOCKS);
}

function instrumentsOf(
  { settings, instruments, foreignInstruments }: RunPlan,
  { label }: Cell,
): readonly FurtherInstrument[] {
  const entry = settings.entries.find((one) => one.label === label);
  return entry?.server === undefined ? instruments : foreignInstruments;
}

function itemsOfBlock(plan: RunPlan, block: number, workload: string): { cell: Cell; counter: Instrument }[] {
  const cells = plan.cells.filter((cell) => cell.skipReason === null && cell.workload === workload);
  const isLeftOut = (cell: Cell, counter: FurtherInstrument) =>
    plan.leftOut.some(
      (one) => one.label === cell.label && one.workload === cell.workload && one.counter === counter,
    );
  return cells.flatMap((cell) =>
    (['own', ...(block < INSTRUMENT_BLOCKS ? instrumentsOf(plan, cell) : [])] as const)
      .filter((counter) => counter === 'own' || !isLeftOut(cell, counter))
      .map((counter) => ({ cell, counter })),
  );
}
