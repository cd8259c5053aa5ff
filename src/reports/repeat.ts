import { commandText } from '../config/variants.ts';
import { adHocOf } from '../plan/ad-hoc-workload.ts';
import { scalePointOf } from '../plan/scale-workloads.ts';
import type { Entry, RunRecord, RunSettings } from '../results/schema.ts';
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
  switch (kind) {
    case 'scale':
      return [commandText([NAME, 'scale', ...scaleFlags(settings), ...timeFlags(settings)])];
    case 'ladder':
      return [commandText([NAME, 'ladder', ...ladderFlags(settings), ...timeFlags(settings)])];
    case null:
    case 'run':
    case 'noise':
    case 'confirm': {
      const own = settings.workloads.filter((workload) => !isKnown(workload, known));
      return [
        ...own.map(fileCommand),
        commandText([NAME, 'run', ...runFlags(settings, own), ...timeFlags(settings)]),
      ];
    }
  }
}

function isKnown(workload: Workload, known: readonly Workload[]): boolean {
  const same = known.find(({ id }) => id === workload.id) ?? adHocOf(workload.id);
  return same !== null && same !== undefined && sorted(same) === sorted(workload);
}

/** As text, whatever the order of the members. */
function sorted(value: object): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fileOf({ id }: Workload): string {
  return `./${id}.json`;
}

function fileCommand(workload: Workload): string {
  return `printf '%s' ${commandText([JSON.stringify(workload)])} >${fileOf(workload)}`;
}

function runFlags(settings: RunSettings, own: readonly Workload[]): string[] {
  const { entries, workloads, baseline, directory, precision, maxTimeS, retry, audit, cpuCounters } =
    settings;
  const ours = entries.filter(({ server }) => server === undefined);
  const models = onceEach(ours).map(({ model }) => model);
  const named = workloads.filter((workload) => !own.includes(workload));
  const workers = [...new Set(ours.flatMap((entry) => entry.workers ?? []))];
  return [
    ...['--models', models.length === 0 ? 'none' : models.join(',')],
    ...(named.length === 0 ? [] : ['--workloads', named.map(({ id }) => id).join(',')]),
    ...own.flatMap((workload) => ['--workload', fileOf(workload)]),
    ...(workers.length === 0 || workers.join() === '1' ? [] : ['--workers', workers.join(',')]),
    ...variantFlags(entries),
    ...serverFlags(entries),
    ...['--reference', baseline],
    ...(directory === null ? [] : ['--dir', directory]),
    ...(precision === null ? [] : ['--precision', `${Number((100 * precision).toPrecision(6))}%`]),
    ...(maxTimeS === null ? [] : ['--max-time', `${maxTimeS}s`]),
    ...['--retry', retryText(retry)],
    ...(audit ? ['--audit'] : []),
    ...(cpuCounters ? [] : ['--no-cpu-counters']),
  ];
}

/** A row for every variant, and for every number of workers, is one that was named once. */
function onceEach(entries: readonly Entry[]): readonly Entry[] {
  const [first] = entries;
  const same = ({ variant, workers }: Entry, other: Entry) =>
    variant?.name === other.variant?.name && workers === other.workers;
  const firstOf = (entry: Entry) => entries.find(({ model }) => model === entry.model) ?? entry;
  return first === undefined ? [] : entries.filter((entry) => same(entry, firstOf(entry)));
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
  return retry.kind === 'share' ? `${Number((100 * retry.value).toPrecision(6))}%` : `${retry.value}ms`;
}

function scaleFlags({ entries, workloads }: RunSettings): string[] {
  const points = workloads.flatMap((workload) => scalePointOf(workload) ?? []);
  const listOf = (values: readonly number[]) => [...new Set(values)].join(',');
  return [
    ...['--models', entries.map(({ model }) => model).join(',')],
    ...['--idle', listOf(points.map(({ idle }) => idle))],
    ...['--active', listOf(points.map(({ active }) => active))],
  ];
}

function ladderFlags({ entries, workloads }: RunSettings): string[] {
  const families = [
    ...new Set(entries.map(({ label }) => (label.startsWith('io_uring') ? 'io_uring' : 'epoll'))),
  ];
  const loads = workloads.flatMap((one) => (one.mode === 'job' ? [] : [one]));
  const [first] = loads;
  return [
    ...['--family', families.join(',')],
    ...['--connections', [...new Set(loads.map(({ connections }) => connections))].join(',')],
    ...(first === undefined ? [] : ['--message', String(first.messageBytes)]),
  ];
}

function timeFlags({ blocks, durationMs, warmupMs, seed, serverCpus, clientCpus }: RunSettings): string[] {
  return [
    ...['--blocks', String(blocks), '--duration', `${durationMs}ms`, '--warmup', `${warmupMs}ms`],
    ...['--seed', String(seed)],
    ...(serverCpus === null ? [] : ['--server-cpus', serverCpus.join(',')]),
    ...(clientCpus === null ? [] : ['--client-cpus', clientCpus.join(',')]),
  ];
}
