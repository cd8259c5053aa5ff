import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { BuildInfo } from '../results/schema.ts';
import { codeOf, EnvironmentError, NotWrittenError } from '../util/errors.ts';
import { isIntact, keepArtifact } from './artifact.ts';
import { isTrustedFile, openCacheFolder } from './cache-folder.ts';
import type { Compiler } from './compiler.ts';

const COMPILE_TIMEOUT_MS = 120_000;
/** Lines of a compiler's complaint that are shown. */
const ERROR_LINES_MAX = 12;
/** What a compiler or a linker says where it could not write. */
const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** What a machine says that could not spare a process or memory for a moment: it is asked once more. */
const PASSING =
  /[Cc]annot fork|Cannot allocate memory|Resource temporarily unavailable|Text file busy|EAGAIN|ETXTBSY/;

/** One call of the compiler: arguments besides the flags, `-o` and what is linked with all. */
export interface Job {
  readonly name: string;
  /** Nothing can be measured without it. */
  readonly vital: boolean;
  readonly args: readonly string[];
  /** Source files that other jobs take as well: compiled once for all of them, and linked in front of `args`. */
  readonly shared?: readonly string[];
}

/** What is to be compiled into one folder of the cache. */
export interface JobsRequest {
  readonly compiler: Compiler;
  readonly flags: readonly string[];
  /** Behind the arguments of every job. */
  readonly linkFlags: readonly string[];
  readonly jobs: readonly Job[];
  /** What decides what is made, besides the compiler and the flags: sources, and more arguments. */
  readonly key: readonly string[];
  readonly cacheDir: string;
  readonly signal: AbortSignal | undefined;
}

export interface JobsResult {
  /** Where the artifacts are, by the names of their jobs. */
  readonly folder: string;
  readonly info: BuildInfo;
  /** By the name of a job that failed and was not vital, the compiler's first complaint. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Compiles into a folder of the cache that is named after compiler, flags and key; what is there already and
 * undamaged is not compiled again. Throws `EnvironmentError` where a vital job fails, and where the cache cannot be written;
 * `NotWrittenError` where a disk is full.
 */
export async function runJobs(request: JobsRequest): Promise<JobsResult> {
  const { compiler, flags, linkFlags, jobs } = request;
  const hash = hashOf([
    compiler.version,
    ...argumentsOf(compiler),
    compiler.target,
    compiler.libc,
    compiler.arch,
    ...flags,
    ...linkFlags,
    ...request.key,
  ]);
  await openCacheFolder(request.cacheDir);
  const folder = join(request.cacheDir, hash);
  await openCacheFolder(folder);
  const missing: Job[] = [];
  for (const job of jobs) if (!(await isUsable(join(folder, job.name)))) missing.push(job);
  if (missing.length > 0) await removeLeftovers(folder);
  const failures = new Map<string, string>();
  const objects = objectsOf(missing);
  const complaints = new Map<string, readonly string[]>();
  await inParallel(objects, async (object) => {
    if (await isUsable(join(folder, object.name))) return;
    const complaint = await compile(request, object, folder);
    if (complaint !== null) complaints.set(object.name, complaint);
  });
  await inParallel(missing, async (job) => {
    const broken = objectsOf([job]).find(({ name }) => complaints.has(name));
    const linked = { ...job, args: [...objectPaths(job, folder), ...job.args, ...linkFlags] };
    const complaint = complaints.get(broken?.name ?? '') ?? (await compile(request, linked, folder));
    if (complaint === null) return;
    const failed = `${compiler.command} could not compile ${job.name}:`;
    if (job.vital)
      throw new EnvironmentError(
        `${failed}\n${fromFirstError(complaint).slice(0, ERROR_LINES_MAX).join('\n')}`,
      );
    failures.set(job.name, `${failed} ${firstError(complaint)}`);
  });
  const info = {
    compiler: compiler.command,
    compilerVersion: compiler.version,
    target: `${compiler.target}, ${compiler.libc}`,
    flags: [...flags],
    hash,
    cached: missing.length === 0,
  };
  return { folder, info, failures };
}

/** What the jobs share, a job for each file: an object file, named after the file and its folder. */
export function objectsOf(jobs: readonly Job[]): Job[] {
  const files = new Set(jobs.flatMap(({ shared = [] }) => shared));
  return [...files].map((file) => ({
    name: `${basename(dirname(file))}-${basename(file, '.c')}.o`,
    vital: false,
    args: ['-c', file],
  }));
}

/** The object files of a job, compiled into a folder. */
export function objectPaths(job: Job, folder: string): string[] {
  return objectsOf([job]).map(({ name }) => join(folder, name));
}

/** Those of `CC`. Under which name or through which wrapper it is called changes nothing of what it makes. */
function argumentsOf({ words }: Compiler): readonly string[] {
  const first = words.findIndex((word) => word.startsWith('-'));
  return first < 0 ? [] : words.slice(first);
}

function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}

/**
 * Compiles into a file of its own and renames it, so that no other process sees half a program. Returns the
 * lines in which the compiler complains; null: it did not. Throws the reason of an abort.
 */
async function compile(
  { compiler, flags, signal }: JobsRequest,
  job: Job,
  folder: string,
): Promise<readonly string[] | null> {
  const target = join(folder, job.name);
  const partial = `${target}.${process.pid}`;
  const [program, ...first] = compiler.words;
  const begin = () =>
    execa(program, [...first, ...flags, '-o', partial, ...job.args], {
      reject: false,
      env: { LC_ALL: 'C' },
      timeout: COMPILE_TIMEOUT_MS,
      ...(signal ? { cancelSignal: signal } : {}),
    });
  let result = await begin();
  if (PASSING.test(result.stderr) || PASSING.test(result.code ?? '')) result = await begin();
  if (result.exitCode !== 0) await rm(partial, { force: true });
  if (result.isCanceled) throw signal?.reason;
  const [full] = DISK_FULL.exec(result.stderr) ?? [];
  if (result.exitCode !== 0 && full !== undefined)
    throw new NotWrittenError(
      `cannot compile ${job.name} into ${folder}: ${full}; free some there or in ${tmpdir()}, or choose other folders by XDG_CACHE_HOME and TMPDIR`,
    );
  if (result.exitCode !== 0) return (result.stderr || result.message || '').split('\n');
  try {
    await keepArtifact(partial, target);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
    return [`it ended with code 0, and wrote no ${job.name}`];
  }
  return null;
}

/** From the line that says what is wrong, of the compiler or of the linker; all where none does. */
function fromFirstError(complaint: readonly string[]): readonly string[] {
  const at = complaint.findIndex((text) => /\berror\b|undefined reference|cannot find/.test(text));
  return complaint.slice(Math.max(at, 0));
}

function firstError(complaint: readonly string[]): string {
  return (fromFirstError(complaint)[0] ?? '').trim() || 'it did not say why';
}

/** Begins nothing more after a failure, and waits for what is under way: it cleans up after itself. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift())
      await work(item).catch((error: unknown) => {
        queue.length = 0;
        throw error;
      });
  };
  const ended = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** What a compile that was killed has left: files named after processes that are gone. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function isUsable(path: string): Promise<boolean> {
  return (await isTrustedFile(path)) && (await isIntact(path));
}
