import { workloadsOfFlags } from '../config/load-flags.ts';
import { RUN_DEFAULTS, referenceFlag } from '../config/run-config.ts';
import { shareFlag } from '../config/share.ts';
import { commandText } from '../config/variants.ts';
import { workersSuffix } from '../config/workers.ts';
import { ladderOfFamily } from '../models/ladder.ts';
import { findModel, SOCKET_MODELS } from '../models/registry.ts';
import { adHocOf } from '../plan/ad-hoc-workload.ts';
import { scalePointOf, scaleWorkloads } from '../plan/scale-workloads.ts';
import type { Entry, RunRecord, RunSettings } from '../results/schema.ts';
import { MS_PER_S } from '../util/units.ts';
import type { Workload } from '../workloads/schema.ts';

const NAME = 'iomodels-bench';

/**
 * The commands that measure a run again as it was measured: its flags in full, with its seed; before them one that
 * writes each workload that is in no file of this version. None of a boot, which the command that boots it repeats.
 * @param known the workloads of this version.
 */
export function repeatCommands(
  { kind, settings, environment }: RunRecord,
  known: readonly Workload[],
): string[] {
  if (environment.guest !== null) return [];
  const own = kind === 'scale' ? scaleFlags(settings) : kind === 'ladder' ? ladderFlags(settings) : null;
  if (own !== null) return [commandText([NAME, kind ?? '', ...own, ...timeFlags(settings)])];
  const files = filesOf(settings.workloads, known);
  return [
    ...[...files.values()].map(fileCommand),
    commandText([NAME, 'run', ...runFlags(settings, files), ...timeFlags(settings)]),
  ];
}

/** What is written down to be measured again, by its id in the run: what this version knows otherwise, under an id of its own. */
function filesOf(workloads: readonly Workload[], known: readonly Workload[]): ReadonlyMap<string, Workload> {
  const taken = new Set([...known, ...workloads].map(({ id }) => id));
  const files = new Map<string, Workload>();
  for (const workload of workloads) {
    const same = known.find(({ id }) => id === workload.id);
    const ofThisName = same ?? adHocOf(workload.id);
    if (ofThisName !== null && loadOf(ofThisName) === loadOf(workload)) continue;
    const id = same === undefined ? workload.id : freeId(workload.id, taken);
    taken.add(id);
    files.set(workload.id, { ...workload, id });
  }
  return files;
}

/** What is measured, as text: not what it is called. */
function loadOf({ id: _i, title: _t, description: _d, profile: _p, ...load }: Workload): string {
  return JSON.stringify(Object.entries(load).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ID_CHARS_MAX = 40;

function freeId(id: string, taken: ReadonlySet<string>): string {
  for (let i = 1; ; i++) {
    const end = i === 1 ? '-stored' : `-stored-${i}`;
    const free = `${id.slice(0, ID_CHARS_MAX - end.length)}${end}`;
    if (!taken.has(free)) return free;
  }
}

function fileOf({ id }: Workload): string {
  return `./${id}.json`;
}

function fileCommand(workload: Workload): string {
  return `printf '%s' ${commandText([JSON.stringify(workload)])} >${fileOf(workload)}`;
}

function runFlags(settings: RunSettings, files: ReadonlyMap<string, Workload>): string[] {
  const { entries, workloads, profile, directory, precision, maxTimeS, retry, audit, cpuCounters, handicap } =
    settings;
  const ours = entries.filter(({ server }) => server === undefined);
  const models = namedOnce(ours).map(({ model }) => model);
  const workers = [...new Set(ours.flatMap((entry) => entry.workers ?? []))];
  const reference = labelAgain(referenceFlag(settings), entries);
  return [
    ...['--models', models.length === 0 ? 'none' : models.join(',')],
    // Those in files as well: the order decides which trial is drawn when.
    ...['--workloads', workloads.map(({ id }) => files.get(id)?.id ?? id).join(',')],
    ...[...files.values()].flatMap((workload) => ['--workload', fileOf(workload)]),
    ...(profile === RUN_DEFAULTS.profile ? [] : ['--profile', profile]),
    ...(workers.length === 0 || workers.join() === '1' ? [] : ['--workers', workers.join(',')]),
    ...variantFlags(entries),
    ...serverFlags(entries),
    ...['--reference', reference],
    ...(directory === null ? [] : ['--dir', directory]),
    ...(precision === null ? [] : ['--precision', shareFlag(precision)]),
    ...(maxTimeS === null ? [] : ['--max-time', `${maxTimeS}s`]),
    ...['--retry', retryText(retry)],
    ...(audit ? ['--audit'] : []),
    ...(cpuCounters ? [] : ['--no-cpu-counters']),
    ...(handicap === null
      ? []
      : [
          ...['--handicap-ns', String(handicap.ns)],
          ...['--handicap', handicap.labels.map((label) => labelAgain(label, entries)).join(',')],
        ]),
  ];
}

/** A row for every variant, and for every number of workers, is one that was named once. */
function namedOnce(entries: readonly Entry[]): readonly Entry[] {
  const firstOf = (entry: Entry) => entries.find(({ model }) => model === entry.model) ?? entry;
  return entries.filter((entry) => isSameWay(entry, firstOf(entry)));
}

function isSameWay({ variant, workers }: Entry, other: Entry): boolean {
  return variant?.name === other.variant?.name && workers === other.workers;
}

/** What a row is called in a run of these: other than it was where one that it was a double of is not there. */
function labelAgain(label: string, entries: readonly Entry[]): string {
  const entry = entries.find((one) => one.label === label);
  if (entry === undefined) return label;
  const { model, workers, variant } = entry;
  const doubles = entries.filter((one) => one.model === model && isSameWay(one, entry));
  const place = doubles.indexOf(entry);
  return `${model}${workersSuffix(workers)}${place === 0 ? '' : `#${place + 1}`}${variant ? `@${variant.name}` : ''}`;
}

function variantFlags(entries: readonly Entry[]): string[] {
  const variants = new Map(entries.flatMap(({ variant }) => (variant ? [[variant.name, variant]] : [])));
  return [...variants.values()].flatMap(({ name, prefix }) => [
    '--variant',
    `${name}=${commandText(prefix)}`,
  ]);
}

function serverFlags(entries: readonly Entry[]): string[] {
  const servers = new Map(entries.flatMap(({ model, server }) => (server ? [[model, server]] : [])));
  return [...servers].flatMap(([name, { command, env, probe }]) => [
    ...['--server', `${name}=${commandText(command)}`],
    ...Object.entries(env).flatMap(([key, value]) => ['--server-env', `${name}=${key}=${value}`]),
    ...(probe === null ? [] : ['--server-probe', `${name}=${commandText(probe)}`]),
  ]);
}

function retryText(retry: RunSettings['retry']): string {
  if (retry === null || retry.value === 0) return '0';
  const { kind, value, withinMs } = retry;
  const budget = kind === 'share' ? shareFlag(value) : `${value}ms`;
  return withinMs === null ? budget : `${budget} within ${withinMs / MS_PER_S}s`;
}

/** Null where no sweep of this version has these points. */
function scaleFlags({ entries, workloads }: RunSettings): string[] | null {
  const points = workloads.flatMap((workload) => scalePointOf(workload) ?? []);
  const [idle, active] = [
    unique(points.map((point) => point.idle)),
    unique(points.map((point) => point.active)),
  ];
  if (!areSame(scaleWorkloads(idle, active), workloads)) return null;
  return [
    ...['--models', entries.map(({ model }) => model).join(',')],
    ...['--idle', idle.join(',')],
    ...['--active', active.join(',')],
  ];
}

/** Null where the ladders of this version have other rungs, or other workloads. */
function ladderFlags({ entries, workloads }: RunSettings): string[] | null {
  const families = unique(entries.flatMap(({ model }) => findModel(model)?.family ?? []));
  const rungs = families.flatMap((family) => ladderOfFamily(family, SOCKET_MODELS));
  const isTheirs = rungs.map(({ id }) => id).join() === entries.map(({ model }) => model).join();
  const loads = workloads.flatMap((one) => (one.mode === 'job' ? [] : [one]));
  const connections = unique(loads.map((load) => load.connections)).join(',');
  const message = unique(loads.map((load) => load.messageBytes)).join(',');
  if (!isTheirs || !areSame(workloadsOfFlags({ connections, message }, []), workloads)) return null;
  return ['--family', families.join(','), '--connections', connections, '--message', message];
}

function areSame(some: readonly Workload[], others: readonly Workload[]): boolean {
  const text = (all: readonly Workload[]) => all.map((one) => `${one.id} ${loadOf(one)}`).join();
  return text(some) === text(others);
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

function timeFlags({ blocks, durationMs, warmupMs, seed, serverCpus, clientCpus }: RunSettings): string[] {
  return [
    ...['--blocks', String(blocks), '--duration', `${durationMs}ms`, '--warmup', `${warmupMs}ms`],
    ...['--seed', String(seed)],
    ...(serverCpus === null ? [] : ['--server-cpus', serverCpus.join(',')]),
    ...(clientCpus === null ? [] : ['--client-cpus', clientCpus.join(',')]),
  ];
}
