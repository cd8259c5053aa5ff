import { findModel, MODELS } from '../models/registry.ts';
import type { Entry, RunSettings, Variant } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import {
  DOMAINS,
  type Domain,
  domainOf,
  PROFILES,
  type Profile,
  type Workload,
} from '../workloads/schema.ts';
import { type CpuTopology, chooseCpus, readCpuList } from './cpus.ts';
import { type LoadFlags, saysLoad, workloadsNamed, workloadsOfFlags } from './load-flags.ts';
import { selectModels } from './model-list.ts';
import { select, unknown } from './selection.ts';
import { parseServers, type ServerFlags } from './servers.ts';
import { readShare } from './share.ts';
import { parseVariants } from './variants.ts';
import {
  parseWorkers,
  serverCpusFor,
  type WorkersAsked,
  withWorkers,
  workersOf,
  workersWarnings,
} from './workers.ts';

/**
 * What `run` does when nothing is said: within two minutes on two cores, and with `--profile quick` within 20 s. A quick run
 * has fewer rows and workloads, and as many blocks: what it says of them is as well founded.
 */
export const RUN_DEFAULTS = {
  reference: 'epoll-lt',
  fileReference: 'pread',
  blocks: 14,
  warmupMs: 20,
  durationMs: 60,
  retry: '50%',
  /** Of a run of which no more than the profile is said: its planned blocks, and what is measured again. */
  withinMs: {
    socket: { quick: 18_000, default: 115_000, full: null },
    file: { quick: 18_000, default: 85_000, full: null },
  },
  profile: 'default',
  domain: 'socket',
} as const;

/** Rows and workloads of both. */
const ALL_DOMAINS = 'all';

/** Blocks that `--precision` may add without `--max-time`. */
export const BLOCKS_MAX = 1000;
/** Of `--models`, where servers of the user's own are all that is to be measured. */
const NO_MODELS = 'none';
const DURATION_MAX_MS = 600_000;
/** As in `c-helpers/server/main.c`. */
const HANDICAP_NS_MAX = 1e9;

/** The flags of `run` as typed; undefined where not given. */
export interface RunFlags extends ServerFlags {
  readonly domain?: string | undefined;
  readonly dir?: string | undefined;
  readonly models?: string | undefined;
  readonly workloads?: string | undefined;
  /** Workload files of the user's own, already read. */
  readonly ownWorkloads?: readonly Workload[] | undefined;
  /** Workloads that are said instead of named. */
  readonly load?: LoadFlags | undefined;
  readonly blocks?: string | undefined;
  readonly duration?: string | undefined;
  readonly warmup?: string | undefined;
  readonly seed?: string | undefined;
  readonly profile?: string | undefined;
  readonly reference?: string | undefined;
  readonly serverCpus?: string | undefined;
  readonly clientCpus?: string | undefined;
  readonly workers?: string | undefined;
  readonly precision?: string | undefined;
  readonly maxTime?: string | undefined;
  readonly retry?: string | undefined;
  readonly audit?: boolean | undefined;
  readonly cpuCounters?: boolean | undefined;
  /** `name=command`, each of them. */
  readonly variant?: readonly string[] | undefined;
  /** Hidden; see `handicap` in the settings. */
  readonly handicapNs?: string | undefined;
  readonly handicap?: string | undefined;
}

export interface RunContext {
  readonly workloads: readonly Workload[];
  readonly topology: CpuTopology;
  /** Used when no seed is given. */
  readonly randomSeed: number;
}

export interface RunConfig {
  readonly settings: RunSettings;
  /** Of the run: they are stored with it. */
  readonly warnings: readonly string[];
  /** Of the options alone. */
  readonly notices: readonly string[];
}

/** Flags and defaults to settings. Throws `UsageError` with every problem at once. */
export function resolveRunConfig(flags: RunFlags, context: RunContext): RunConfig {
  const problems: string[] = [];
  const profile = oneOf(flags.profile ?? RUN_DEFAULTS.profile, PROFILES, '--profile', problems);
  const variants = parseVariants(flags.variant ?? [], problems);
  const asked = parseWorkers(flags.workers, problems);
  const { serverCpus, clientCpus, warnings } = resolveCpus(flags, asked, context.topology, problems);
  const counts = workersOf(asked, serverCpus);
  const doubts: string[] = [];
  const servers = parseServers(flags, problems, doubts);
  const domains = resolveDomains(flags, context.workloads, problems);
  const ofRegistry = resolveEntries(flags.models, { profile, counts, servers, domains }, problems);
  const entries = withVariants([...ofRegistry.entries, ...servers], variants);
  const workloads = resolveWorkloads(flags, context.workloads, { profile, domains }, problems);
  problems.push(...alone(entries, workloads));
  const handicap = resolveHandicap(flags, entries, problems);
  const settings: RunSettings = {
    entries,
    workloads: [...workloads],
    profile,
    blocks: wholeNumber(
      flags.blocks,
      RUN_DEFAULTS.blocks,
      { flag: '--blocks', min: 1, max: BLOCKS_MAX },
      problems,
    ),
    warmupMs: duration(flags.warmup, RUN_DEFAULTS.warmupMs, '--warmup', problems),
    durationMs: duration(flags.duration, RUN_DEFAULTS.durationMs, '--duration', problems),
    seed: wholeNumber(flags.seed, context.randomSeed, { flag: '--seed', min: 0, max: 0x7fffffff }, problems),
    ...resolveReferences(flags, entries, problems),
    directory: flags.dir ?? null,
    serverCpus,
    clientCpus,
    precision: flags.precision === undefined ? null : precision(flags.precision, problems),
    maxTimeS:
      flags.maxTime === undefined ? null : duration(flags.maxTime, 0, '--max-time', problems, 'run') / 1000,
    retry: retry(flags.retry, isPlain(flags) ? withinMs(domains, profile) : null, problems),
    audit: flags.audit ?? false,
    cpuCounters: flags.cpuCounters ?? false,
    handicap,
  };
  if (problems.length > 0) throw new UsageError(problems);
  return {
    settings,
    warnings: [
      ...warnings,
      ...workersWarnings(counts, serverCpus, entries),
      ...doubts,
      ...handicapWarnings(handicap),
    ],
    notices: ofRegistry.notices,
  };
}

/** Rows of the tables; a row that is entered again is labelled `#2` and so on. @param counts of workers, of models that have some. */
export function labelled(models: readonly string[], counts: readonly number[] = [1]): Entry[] {
  const seen = new Map<string, number>();
  return withWorkers(models, counts).map((entry) => {
    const times = (seen.get(entry.label) ?? 0) + 1;
    seen.set(entry.label, times);
    return { ...entry, label: times === 1 ? entry.label : `${entry.label}#${times}` };
  });
}

/** Every row once for each variant; the rows of a model stand together. */
function withVariants(entries: readonly Entry[], variants: readonly Variant[]): Entry[] {
  if (variants.length === 0) return [...entries];
  return entries.flatMap((entry) =>
    variants.map((variant) => ({ ...entry, label: `${entry.label}@${variant.name}`, variant })),
  );
}

/** Beside servers of the user's own, without a word: the row that ratios refer to. `none`: no row of the registry. */
function resolveEntries(
  models: string | undefined,
  {
    profile,
    counts,
    servers,
    domains,
  }: {
    readonly profile: Profile;
    readonly counts: readonly number[];
    readonly servers: readonly Entry[];
    readonly domains: readonly Domain[];
  },
  problems: string[],
): { readonly entries: readonly Entry[]; readonly notices: readonly string[] } {
  const ofDomains = MODELS.filter(({ domain }) => domains.includes(domain));
  const taken = (names: readonly string[], notice: string | null = null) => ({
    entries: labelled(names, counts),
    notices: notice === null ? [] : [notice],
  });
  if (servers.length > 0 && models === undefined) return taken([RUN_DEFAULTS.reference]);
  if (servers.length > 0 && models === NO_MODELS) return taken([]);
  if (models === undefined) return taken(profiled(ofDomains, profile).map(({ id }) => id));
  const { names, problems: wrong, note } = selectModels(models, ofDomains);
  problems.push(...wrong);
  return taken(names, note);
}

/** What belongs to a run of which nothing else is said; `full` takes all but what wants to be named. */
function profiled<T extends { readonly profile: Profile | 'guide' }>(
  rows: readonly T[],
  profile: Profile,
): readonly T[] {
  const taken = PROFILES.slice(0, PROFILES.indexOf(profile) + 1);
  return rows.filter((row) => taken.some((name) => name === row.profile));
}

function resolveWorkloads(
  flags: RunFlags,
  all: readonly Workload[],
  { profile, domains }: { readonly profile: Profile; readonly domains: readonly Domain[] },
  problems: string[],
): readonly Workload[] {
  const builtIn = all.filter((workload) => domains.includes(domainOf(workload)));
  const files = flags.ownWorkloads ?? [];
  const inFiles = [...builtIn, ...files].map(({ id }) => id);
  const said = workloadsOfFlags(flags.load ?? {}, problems);
  const named = workloadsNamed(flags.workloads, [...inFiles, ...said.map(({ id }) => id)]);
  const own = [...files, ...said];
  const known = [...builtIn, ...own, ...named];
  const ids = known.map((workload) => workload.id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined)
    problems.push(`two workloads have the id ${twice}; give your own file an id that is not in use`);
  if (flags.workloads === undefined) {
    // A load of the user's own, alone, is what they want to measure.
    if (own.length > 0 || saysLoad(flags.load)) return own;
    return profiled(builtIn, profile);
  }
  const selection = select(flags.workloads, ids, 'workload');
  problems.push(...selection.problems);
  const names = [...new Set([...selection.names, ...own.map((workload) => workload.id)])];
  return names.flatMap((name) => known.filter((workload) => workload.id === name).slice(0, 1));
}

/**
 * What is measured: as said, else that of what is named. Rows and workloads of the other domain are not known then, so
 * that a glob takes none of them.
 */
function resolveDomains(
  flags: RunFlags,
  builtIn: readonly Workload[],
  problems: string[],
): readonly Domain[] {
  if (flags.domain !== undefined) {
    const said = oneOf(flags.domain, [...DOMAINS, ALL_DOMAINS], '--domain', problems);
    return said === ALL_DOMAINS ? DOMAINS : [said];
  }
  const named = [
    ...domainsNamed(flags.models, MODELS, ({ domain }) => domain),
    ...domainsNamed(flags.workloads, builtIn, domainOf),
    ...(flags.ownWorkloads ?? []).map(domainOf),
  ];
  const found = DOMAINS.filter((domain) => named.includes(domain));
  return found.length > 0 ? found : [RUN_DEFAULTS.domain];
}

/** A name of one domain tells it; a glob that both know means the one that is measured without a word. */
function domainsNamed<T extends { readonly id: string }>(
  list: string | undefined,
  rows: readonly T[],
  read: (row: T) => Domain,
): readonly Domain[] {
  if (list === undefined) return [];
  const of = (domain: Domain) => rows.filter((row) => read(row) === domain).map(({ id }) => id);
  const items = list.split(',').map((item) => item.trim());
  return items.flatMap((item) => {
    const known = DOMAINS.filter((domain) => select(item, of(domain), 'row').names.length > 0);
    return known.includes(RUN_DEFAULTS.domain) ? [RUN_DEFAULTS.domain] : known;
  });
}

/** Rows without a workload of their domain, and the other way round. */
function alone(entries: readonly Entry[], workloads: readonly Workload[]): string[] {
  const ofEntry = ({ model }: Entry) => findModel(model)?.domain ?? 'socket';
  const measured = new Set(workloads.map(domainOf));
  const done = new Set(entries.map(ofEntry));
  if (measured.size === 0 || done.size === 0) return [];
  const idle = entries.find((entry) => !measured.has(ofEntry(entry)));
  const unused = workloads.find((workload) => !done.has(domainOf(workload)));
  return [
    ...(idle === undefined
      ? []
      : [
          `${idle.label} is of domain ${ofEntry(idle)}, and no workload of this run is; name one, or --domain`,
        ]),
    ...(unused === undefined
      ? []
      : [
          `workload ${unused.id} is of domain ${domainOf(unused)}, and no model of this run is; name one, or --domain`,
        ]),
  ];
}

/** Of both together, their sum. */
function withinMs(domains: readonly Domain[], profile: Profile): number | null {
  const limits = domains.map((domain) => RUN_DEFAULTS.withinMs[domain][profile]);
  return limits.reduce<number | null>((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0);
}

/** Ratios of files refer to a row of files, in a run of both as well. */
function resolveReferences(
  flags: RunFlags,
  entries: readonly Entry[],
  problems: string[],
): Pick<RunSettings, 'baseline' | 'fileBaseline'> {
  const isOfFiles = ({ model }: Entry) => findModel(model)?.domain === 'file';
  const files = entries.filter(isOfFiles);
  const baseline = resolveReference(flags.reference, entries, problems);
  if (files.length === 0 || files.length === entries.length) return { baseline, fileBaseline: null };
  const isSaid = files.some(({ label }) => label === baseline);
  const sockets = entries.filter((entry) => !isOfFiles(entry));
  return {
    baseline: isSaid ? resolveReference(undefined, sockets, problems) : baseline,
    fileBaseline: isSaid ? baseline : resolveReference(undefined, files, problems),
  };
}

/** A row, or with variants the first of those that a model, or a double of one, was entered as. Without `--reference`: the first row of epoll-lt where it is in the run, else the first row. */
function resolveReference(flag: string | undefined, entries: readonly Entry[], problems: string[]): string {
  const labels = entries.map((entry) => entry.label);
  if (flag !== undefined) {
    const [first] = entries.filter(({ label, variant }) => variant && label === `${flag}@${variant.name}`);
    if (first !== undefined) return first.label;
    // An empty run has been complained of already.
    if (labels.length > 0 && !labels.includes(flag))
      problems.push(`--reference: ${unknown(flag, labels, 'model in this run')}`);
    return flag;
  }
  const first = entries.find(
    ({ model }) => model === RUN_DEFAULTS.reference || model === RUN_DEFAULTS.fileReference,
  );
  return first?.label ?? labels[0] ?? RUN_DEFAULTS.reference;
}

/** Without `--handicap`, every row is. */
function resolveHandicap(
  flags: RunFlags,
  entries: readonly Entry[],
  problems: string[],
): RunSettings['handicap'] {
  // A file program has no read of a connection to delay.
  const known = entries
    .filter(({ server, model }) => server === undefined && findModel(model)?.domain !== 'file')
    .map((entry) => entry.label);
  if (flags.handicapNs === undefined) {
    if (flags.handicap !== undefined) problems.push('--handicap says which rows, --handicap-ns how much');
    return null;
  }
  const range = { flag: '--handicap-ns', min: 1, max: HANDICAP_NS_MAX };
  const ns = wholeNumber(flags.handicapNs, 1, range, problems);
  const labels = flags.handicap?.split(',').map((label) => label.trim()) ?? known;
  for (const label of labels)
    if (!known.includes(label)) problems.push(`--handicap: ${unknown(label, known, 'row of this run')}`);
  return { ns, labels };
}

function handicapWarnings(handicap: RunSettings['handicap']): string[] {
  if (handicap === null) return [];
  const rows = handicap.labels.join(', ');
  return [`made slower by ${handicap.ns} ns per read, as a test: ${rows}; no numbers of these models`];
}

function resolveCpus(flags: RunFlags, workers: WorkersAsked, topology: CpuTopology, problems: string[]) {
  const read = (text: string | undefined, flag: string) => {
    if (text === undefined) return undefined;
    const read = readCpuList(text, flag, topology);
    problems.push(...read.problems);
    return read.cpus;
  };
  return chooseCpus(
    topology,
    flags.serverCpus === undefined
      ? serverCpusFor(workers, topology)
      : read(flags.serverCpus, '--server-cpus'),
    read(flags.clientCpus, '--client-cpus'),
  );
}

function oneOf<T extends string>(
  value: string,
  allowed: readonly [T, ...T[]],
  flag: string,
  problems: string[],
): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) problems.push(`${flag} ${value}: must be one of ${allowed.join(', ')}`);
  return found ?? allowed[0];
}

function wholeNumber(
  text: string | undefined,
  fallback: number,
  range: { flag: string; min: number; max: number },
  problems: string[],
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < range.min || value > range.max) {
    problems.push(`${range.flag} ${text}: must be a whole number from ${range.min} to ${range.max}`);
    return fallback;
  }
  return value;
}

/** What a bare number may have been meant as: the two units that times of a trial, or of a run, are in. */
const SPELLINGS = { trial: ['ms', 's'], run: ['s', 'm'] } as const;

/** `240ms`, `1.5s`, `2m`, in milliseconds; a bare number is refused, for nobody knows of what. */
function duration(
  text: string | undefined,
  fallback: number,
  flag: string,
  problems: string[],
  of: keyof typeof SPELLINGS = 'trial',
): number {
  if (text === undefined) return fallback;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  const factors = { ms: 1, s: 1000, m: 60_000 } as const;
  const unit = match?.[2] as keyof typeof factors | undefined;
  if (match && unit === undefined && Number(match[1]) > 0) {
    const [short, long] = SPELLINGS[of].map((suffix) => `${text}${suffix}`);
    problems.push(`${flag} ${text}: a time needs its unit: ${short} or ${long}`);
    return fallback;
  }
  const ms = match && unit !== undefined ? Number(match[1]) * factors[unit] : Number.NaN;
  const max = of === 'run' ? Number.MAX_SAFE_INTEGER : DURATION_MAX_MS;
  if (!(ms >= 1 && ms <= max)) {
    problems.push(
      `${flag} ${text}: must be a time such as 250ms, 1.5s or 2m${of === 'trial' ? ', 1 ms to 10 m' : ''}`,
    );
    return fallback;
  }
  return ms;
}

/** `2%` or `0.02`. */
function precision(text: string, problems: string[]): number {
  const value = readShare(text);
  if (value !== null) return value;
  problems.push(`--precision ${text}: must be a half-width such as 2% or 0.02`);
  return Number.NaN;
}

/** Whether nothing but the profile was said that makes a run longer or shorter: what is promised of its time is of these. */
function isPlain(flags: RunFlags): boolean {
  const { models, workloads, ownWorkloads, variant, server, blocks, duration, warmup } = flags;
  const { precision, audit, workers } = flags;
  const lists = [ownWorkloads, variant, server].every((list) => list === undefined || list.length === 0);
  const said = [models, workloads, blocks, duration, warmup, precision, workers];
  return lists && !saysLoad(flags.load) && audit !== true && said.every((flag) => flag === undefined);
}

/** `50%` of the planned blocks' time, a time such as `30s`, or 0 for none. */
function retry(text: string | undefined, limitMs: number | null, problems: string[]): RunSettings['retry'] {
  const asked = text ?? RUN_DEFAULTS.retry;
  const withinMs = text === undefined ? limitMs : null;
  if (/^0(%|ms|s|m)?$/.test(asked)) return { kind: 'time', value: 0, withinMs };
  const share = /^(\d+(?:\.\d+)?)%$/.exec(asked);
  if (share) return { kind: 'share', value: Number(share[1]) / 100, withinMs };
  const wrong: string[] = [];
  const value = duration(asked, 0, '--retry', wrong, 'run');
  if (wrong.length > 0)
    problems.push(`--retry ${asked}: must be a share such as 50%, a time such as 30s, or 0`);
  return { kind: 'time', value, withinMs };
}
