import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { BuildInfo } from '../results/schema.ts';
import { codeOf, EnvironmentError } from '../util/errors.ts';
import { isIntact, keepArtifact } from './artifact.ts';
import { isTrustedFile, openCacheFolder } from './cache-folder.ts';
import { type Compiler, findCompiler } from './compiler.ts';

const COMPILE_TIMEOUT_MS = 120_000;
/** Lines of a compiler's complaint that are shown. */
const ERROR_LINES_MAX = 12;

/** No warnings: what a compiler of another year finds odd is no reason not to measure. `.ci/lint-c` has them. */
const COMMON_FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-g'];
const LIBRARY_FLAGS = ['-fPIC', '-shared', '-fvisibility=hidden'];
export const LINK_FLAGS = ['-lpthread', '-lrt', '-lm'];

/** Folders below `c-helpers` whose files decide what the compiled helpers are. */
const SOURCE_FOLDERS = ['server', 'models', 'wire', 'load', 'observer', 'loadlib', 'calibration'] as const;

/** A sanitizer build, for the tests: the argument of `-fsanitize`. */
export type Sanitizer = 'address,undefined' | 'thread';

export interface CompileRequest {
  /** The `c-helpers` folder. */
  readonly sourceDir: string;
  /** Programs of `c-helpers/models`, without duplicates. */
  readonly programs: readonly string[];
  /** Libraries of single programs, without `-l`. */
  readonly libs?: ReadonlyMap<string, readonly string[]>;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  readonly sanitizer?: Sanitizer;
  readonly signal?: AbortSignal;
}

/** What was compiled, or found in the cache. */
export interface Artifacts {
  readonly info: BuildInfo;
  /** Program name to executable, of those that could be compiled. */
  readonly servers: ReadonlyMap<string, string>;
  /** Program name (or that of the calibration's library) to the compiler's first complaint, of the others. */
  readonly failures: ReadonlyMap<string, string>;
  readonly loadgen: string;
  /** Missing where it is among the failures. */
  readonly calibration: string;
}

/** One call of the compiler: arguments besides the flags, `-o` and `LINK_FLAGS`. */
export interface Job {
  readonly name: string;
  /** Nothing can be measured without it. */
  readonly vital: boolean;
  readonly args: readonly string[];
}

/**
 * Compiles the load generator, the calibration and the named servers into the user's cache directory,
 * keyed by source, flags, compiler, target and C library; what is there already and undamaged is not compiled again. A server that does not compile, or whose
 * library is missing, is among the `failures`, and so is the calibration. Throws `EnvironmentError` without a
 * compiler, where the load generator does not compile, and where the cache cannot be written.
 */
export async function compileHelpers(request: CompileRequest): Promise<Artifacts> {
  const compiler = await findCompiler(process.env, undefined, request.signal);
  const flags = compilerFlags(request.sanitizer);
  const sources = await readSources(request.sourceDir);
  const hash = hashOf([
    compiler.version,
    ...argumentsOf(compiler),
    compiler.target,
    compiler.libc,
    compiler.arch,
    ...flags,
    ...LIBRARY_FLAGS,
    ...LINK_FLAGS,
    ...[...(request.libs ?? [])].flat(2),
    ...sources.flat(),
  ]);
  const cache = request.cacheDir ?? cacheDir();
  await openCacheFolder(cache);
  const folder = join(cache, hash);
  await openCacheFolder(folder);

  const jobs = jobsOf(request, sources);
  const missing: Job[] = [];
  for (const job of jobs) if (!(await isUsable(join(folder, job.name)))) missing.push(job);
  if (missing.length > 0) await removeLeftovers(folder);
  const failures = new Map<string, string>();
  await inParallel(missing, async (job) => {
    const complaint = await compile(compiler, flags, job, { folder, signal: request.signal });
    if (complaint === null) return;
    if (job.vital)
      throw new EnvironmentError(
        `${compiler.command} could not compile ${job.name}:\n${fromFirstError(complaint).slice(0, ERROR_LINES_MAX).join('\n')}`,
      );
    failures.set(job.name, `${compiler.command} could not compile ${job.name}: ${firstError(complaint)}`);
  });

  return {
    info: {
      compiler: compiler.command,
      compilerVersion: compiler.version,
      target: `${compiler.target}, ${compiler.libc}`,
      flags,
      hash,
      cached: missing.length === 0,
    },
    servers: new Map(
      request.programs
        .filter((program) => !failures.has(program))
        .map((program) => [program, join(folder, program)]),
    ),
    failures,
    loadgen: join(folder, libraryName('loadgen')),
    calibration: join(folder, libraryName('calibration')),
  };
}

/** The folders below `c-helpers` whose files become a shared library. */
const LIBRARIES = {
  loadgen: ['wire', 'load', 'observer', 'loadlib'],
  calibration: ['calibration'],
} as const;
type Library = keyof typeof LIBRARIES;

/** The path of the calibration's library. Throws `EnvironmentError` with the complaint where there is none. */
export function compiledCalibration({ calibration, failures }: Artifacts): string {
  const complaint = failures.get(libraryName('calibration'));
  if (complaint !== undefined) throw new EnvironmentError(complaint);
  return calibration;
}

function libraryName(library: Library): string {
  return `${library}.so`;
}

/** `$XDG_CACHE_HOME/iomodels-bench`, by default `~/.cache/iomodels-bench`. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(base, 'iomodels-bench');
}

/** What every C file of the project is compiled with. */
export function compilerFlags(sanitizer?: Sanitizer): string[] {
  return [...COMMON_FLAGS, ...(sanitizer ? sanitizerFlags(sanitizer) : [])];
}

/** -O1 keeps the reports readable; a report ends the process, so that a test cannot miss it. */
function sanitizerFlags(sanitizer: Sanitizer): string[] {
  return ['-O1', '-fno-omit-frame-pointer', `-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all'];
}

/** `[path below c-helpers, content]` of every source file, in a fixed order. */
export async function readSources(sourceDir: string): Promise<[string, string][]> {
  const sources: [string, string][] = [];
  for (const folder of SOURCE_FOLDERS) {
    let names: string[];
    try {
      names = await readdir(join(sourceDir, folder));
    } catch (cause) {
      throw new EnvironmentError(
        `the C sources are missing: ${join(sourceDir, folder)}; install the package again`,
        {
          cause,
        },
      );
    }
    for (const name of names.filter((file) => /\.[ch]$/.test(file)).sort())
      sources.push([`${folder}/${name}`, await readFile(join(sourceDir, folder, name), 'utf8')]);
  }
  return sources;
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

function filesOf(sources: readonly [string, string][], folder: string, sourceDir: string): string[] {
  return sources
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.c'))
    .map((path) => join(sourceDir, path));
}

/** All that a request takes, cached or not. */
export function jobsOf(request: CompileRequest, sources: readonly [string, string][]): Job[] {
  return [
    libraryJob('loadgen', request.sourceDir, sources),
    libraryJob('calibration', request.sourceDir, sources),
    ...request.programs.map((program) => serverJob(request, program, sources)),
  ];
}

function serverJob(
  { sourceDir, libs }: CompileRequest,
  program: string,
  sources: readonly [string, string][],
): Job {
  const linked = (libs?.get(program) ?? []).map((lib) => `-l${lib}`);
  return {
    name: program,
    vital: false,
    args: [join(sourceDir, 'models', `${program}.c`), ...filesOf(sources, 'server', sourceDir), ...linked],
  };
}

function libraryJob(library: Library, sourceDir: string, sources: readonly [string, string][]): Job {
  const files = LIBRARIES[library].flatMap((folder) => filesOf(sources, folder, sourceDir));
  return { name: libraryName(library), vital: library === 'loadgen', args: [...LIBRARY_FLAGS, ...files] };
}

/**
 * Compiles into a file of its own and renames it, so that no other process sees half a program. Returns the
 * lines in which the compiler complains; null: it did not. Throws the reason of an abort.
 */
async function compile(
  { words }: Compiler,
  flags: readonly string[],
  job: Job,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal | undefined },
): Promise<readonly string[] | null> {
  const target = join(folder, job.name);
  const partial = `${target}.${process.pid}`;
  const [program, ...first] = words;
  const result = await execa(program, [...first, ...flags, '-o', partial, ...job.args, ...LINK_FLAGS], {
    reject: false,
    env: { LC_ALL: 'C' },
    timeout: COMPILE_TIMEOUT_MS,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  if (result.exitCode !== 0) await rm(partial, { force: true });
  if (result.isCanceled) throw signal?.reason;
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
