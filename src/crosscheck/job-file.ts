import type { ModelSpec } from '../models/spec.ts';
import { UsageError } from '../util/errors.ts';
import { type FileWorkload, WORKLOAD_LIMITS, workloadSchema } from '../workloads/schema.ts';

/** A job of fio as ours: the row that its engine is, and the workload. */
export interface FileJob {
  readonly model: ModelSpec;
  readonly workload: FileWorkload;
}

/** What of a job file is understood, each with the other names that fio has for it. */
const KEYS: Readonly<Record<string, string>> = {
  rw: 'rw',
  readwrite: 'rw',
  bs: 'bs',
  blocksize: 'bs',
  iodepth: 'iodepth',
  direct: 'direct',
  invalidate: 'invalidate',
  size: 'size',
  ioengine: 'ioengine',
};

const DIRECTIONS: Readonly<Record<string, Pick<FileWorkload, 'action' | 'order'>>> = {
  read: { action: 'read', order: 'sequential' },
  write: { action: 'write', order: 'sequential' },
  randread: { action: 'read', order: 'random' },
  randwrite: { action: 'write', order: 'random' },
};

/** As fio has them where a job says nothing. */
const DEFAULTS = { rw: 'read', bs: '4k', iodepth: '1', direct: '0', invalidate: '1', ioengine: 'psync' };

/** A value, and the line on which it stands; 0: it is fio's default. */
interface Setting {
  readonly value: string;
  readonly line: number;
}

type Settings = ReadonlyMap<string, Setting>;

/**
 * Reads a job file of fio with one job, `[global]` before it or not. Throws `UsageError` with every line that says something
 * which has no counterpart here.
 * @param name of the file, for messages.
 */
export function readFioJob(text: string, name: string, models: readonly ModelSpec[]): FileJob {
  const problems: string[] = [];
  const refuse = (line: number, why: string) =>
    void problems.push(line === 0 ? `${name}: ${why}` : `${name}:${line}: ${why}`);
  const { job, settings } = readSettings(text, refuse);
  if (problems.length > 0) throw new UsageError(problems);
  const get = (key: keyof typeof DEFAULTS): Setting => settings.get(key) ?? { value: DEFAULTS[key], line: 0 };
  const direction = DIRECTIONS[get('rw').value];
  if (direction === undefined)
    refuse(
      get('rw').line,
      `rw=${get('rw').value} is none of ${Object.keys(DIRECTIONS).join(', ')}; a workload reads or writes`,
    );
  const size = settings.get('size') ?? { value: '', line: 0 };
  if (size.value === '') refuse(0, 'size is missing: how large the file is');
  const direct = flag(get('direct'), 'direct', refuse);
  const cache = direct ? 'direct' : flag(get('invalidate'), 'invalidate', refuse) ? 'cold' : 'warm';
  const model = modelOf(get('ioengine'), cache, models, refuse);
  const workload = {
    id: idOf(job),
    title: `${job}, a job of fio`.slice(0, 80),
    description: `As in ${name}.`.slice(0, 400),
    domain: 'file',
    mode: 'job',
    ...direction,
    cache,
    blockBytes: bytesOf(get('bs'), 'bs', WORKLOAD_LIMITS.blockBytes, refuse),
    depth: numberOf(get('iodepth'), 'iodepth', WORKLOAD_LIMITS.depth, refuse),
    fileBytes: size.value === '' ? 0 : bytesOf(size, 'size', WORKLOAD_LIMITS.fileBytes, refuse),
  };
  if (problems.length > 0) throw new UsageError(problems);
  const parsed = workloadSchema.safeParse(workload);
  if (!parsed.success)
    throw new UsageError(
      parsed.error.issues.map(({ path, message }) => `${name}: ${path.join('.')}: ${message}`),
    );
  if (parsed.data.mode !== 'job' || model === null) throw new UsageError(`${name}: no job`);
  return { model, workload: parsed.data };
}

/** None of the workloads that are here already begins so. */
function idOf(job: string): string {
  const words = job.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `fio-${words}`.slice(0, 40).replace(/-+$/, '');
}

type Refuse = (line: number, why: string) => void;

function readSettings(text: string, refuse: Refuse): { readonly job: string; readonly settings: Settings } {
  const settings = new Map<string, Setting>();
  let job = '';
  let section = '';
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const words = raw.trim();
    if (words === '' || words.startsWith('#') || words.startsWith(';')) continue;
    const head = /^\[(.*)\]$/.exec(words)?.[1];
    if (head !== undefined) {
      section = head.trim();
      if (section === 'global') continue;
      if (job !== '') refuse(line, `[${section}] is a second job, and one is taken`);
      job = section || 'job';
      continue;
    }
    const [, key = '', value = '1'] = /^([^=\s]+)\s*(?:=\s*(.*))?$/.exec(words) ?? [];
    const known = KEYS[key];
    if (section === '') refuse(line, `${words}: stands in no section`);
    else if (known === undefined)
      refuse(line, `${key || words} has no counterpart here; understood are ${Object.keys(KEYS).join(', ')}`);
    else settings.set(known, { value: value.trim().toLowerCase(), line });
  }
  if (job === '') refuse(0, 'there is no job in it, such as [job]');
  return { job, settings };
}

/** The row that an engine is, under this cache. */
function modelOf(
  { value, line }: Setting,
  cache: FileWorkload['cache'],
  models: readonly ModelSpec[],
  refuse: Refuse,
): ModelSpec | null {
  const rows = models.filter(({ fio }) => fio !== null);
  const found = rows.find(
    ({ fio, takesCaches }) =>
      fio?.length === 1 && fio[0] === `--ioengine=${value}` && (takesCaches?.includes(cache) ?? true),
  );
  if (found !== undefined) return found;
  const engines = new Set(rows.flatMap(({ fio }) => fio?.[0]?.replace('--ioengine=', '') ?? []));
  refuse(line, `ioengine=${value} is no row here; those that are: ${[...engines].join(', ')}`);
  return null;
}

function flag({ value, line }: Setting, key: string, refuse: Refuse): boolean {
  if (value !== '0' && value !== '1') refuse(line, `${key}=${value} is neither 0 nor 1`);
  return value === '1';
}

function numberOf({ value, line }: Setting, key: string, max: number, refuse: Refuse): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= 1 && number <= max)) refuse(line, `${key}=${value} is not a number from 1 to ${max}`);
  return number;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** fio's k, m and g are powers of 1024 unless kb_base says otherwise, which is refused; its ki, mi and gi are of 1000. */
function bytesOf({ value, line }: Setting, key: string, max: number, refuse: Refuse): number {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)b?$/.exec(value) ?? [];
  const bytes = digits === undefined ? Number.NaN : Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!(bytes >= 1 && bytes <= max))
    refuse(line, `${key}=${value} is not a size up to ${max}, such as 4096, 4k or 64m`);
  return bytes;
}
