import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BuildInfo } from '../results/schema.ts';
import { EnvironmentError } from '../util/errors.ts';
import { findCompiler } from './compiler.ts';
import { type Job, runJobs } from './jobs.ts';
import { type FoundPackage, findSystemPackage, type SystemPackage } from './system-packages.ts';

/** No warnings: what a compiler of another year finds odd is no reason not to measure. `.ci/lint-c` has them. */
const COMMON_FLAGS = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-g'];
export const SHARED_FLAGS = ['-fPIC', '-shared', '-fvisibility=hidden'];
export const LINK_FLAGS = ['-lpthread', '-lrt', '-lm'];

/** Folders below `c-helpers` whose files decide what the compiled helpers are. */
const SOURCE_FOLDERS = [
  'server',
  'models',
  'job',
  'files',
  'wire',
  'load',
  'observer',
  'loadlib',
  'calibration',
] as const;

/** A sanitizer build, for the tests: the argument of `-fsanitize`. */
export type Sanitizer = 'address,undefined' | 'thread';

export interface CompileRequest {
  /** The `c-helpers` folder. */
  readonly sourceDir: string;
  /** Programs of `c-helpers/models` and `c-helpers/files`, without duplicates. */
  readonly programs: readonly string[];
  /** Libraries of single programs, without `-l`. */
  readonly libs?: ReadonlyMap<string, readonly string[]>;
  /** Packages of the host that single programs are compiled with, by the names of pkg-config. */
  readonly packages?: ReadonlyMap<string, readonly string[]>;
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
  /** Those of them that lack a package of the host: nothing is broken. Their reason says how to get it. */
  readonly lacking: ReadonlySet<string>;
  readonly loadgen: string;
  /** Missing where it is among the failures. */
  readonly calibration: string;
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
  const common = {
    compiler,
    flags,
    linkFlags: LINK_FLAGS,
    cacheDir: request.cacheDir ?? cacheDir(),
    signal: request.signal,
  };
  const key = [...SHARED_FLAGS, ...[...(request.libs ?? [])].flat(2), ...sources.flat()];
  const { folder, info, failures } = await runJobs({ ...common, jobs: jobsOf(request, sources), key });
  const servers = new Map(
    plainPrograms(request)
      .filter((program) => !failures.has(program))
      .map((program) => [program, join(folder, program)]),
  );
  const all = new Map(failures);
  const lacking = new Set<string>();
  for (const program of packagedPrograms(request)) {
    const found = await findAll(request.packages?.get(program) ?? [], request.signal);
    if (found.status === 'missing') {
      all.set(program, found.reason);
      lacking.add(program);
      continue;
    }
    const built = await runJobs({
      ...common,
      jobs: [serverJob(request, program, sources, found)],
      key: [...key, found.version, ...found.compile, ...found.link],
    });
    const complaint = built.failures.get(program);
    if (complaint === undefined) servers.set(program, join(built.folder, program));
    else all.set(program, complaint);
  }
  return {
    info,
    servers,
    failures: all,
    lacking,
    loadgen: join(folder, libraryName('loadgen')),
    calibration: join(folder, libraryName('calibration')),
  };
}

/** Programs that need nothing but the C library are compiled into one folder; the others each into its own, which changes with its packages. */
function plainPrograms({ programs, packages }: ProgramsToCompile): readonly string[] {
  return programs.filter((program) => !packages?.has(program));
}

/** Programs that need packages of the host. */
export function packagedPrograms({ programs, packages }: ProgramsToCompile): readonly string[] {
  return programs.filter((program) => packages?.has(program));
}

type ProgramsToCompile = Pick<CompileRequest, 'programs' | 'packages'>;

/** All packages of a program as one, or the first that is missing. */
async function findAll(names: readonly string[], signal: AbortSignal | undefined): Promise<SystemPackage> {
  let all: FoundPackage = { status: 'found', compile: [], link: [], version: '' };
  for (const name of names) {
    const found = await findSystemPackage(name, process.env, signal);
    if (found.status === 'missing') return found;
    all = {
      status: 'found',
      compile: [...all.compile, ...found.compile],
      link: [...all.link, ...found.link],
      version: `${all.version} ${name} ${found.version}`,
    };
  }
  return all;
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

/** `[path below c-helpers, content]` of every source file of these folders, in a fixed order. */
export async function readSources(
  sourceDir: string,
  folders: readonly string[] = SOURCE_FOLDERS,
): Promise<[string, string][]> {
  const sources: [string, string][] = [];
  for (const folder of folders) {
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

/** The C files of a folder below `c-helpers`. */
export function filesOf(sources: readonly [string, string][], folder: string, sourceDir: string): string[] {
  return sources
    .map(([path]) => path)
    .filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.c'))
    .map((path) => join(sourceDir, path));
}

/** All that a request takes, cached or not, but for programs that need packages of the host. */
export function jobsOf(request: CompileRequest, sources: readonly [string, string][]): Job[] {
  return [
    libraryJob('loadgen', request.sourceDir, sources),
    libraryJob('calibration', request.sourceDir, sources),
    ...plainPrograms(request).map((program) => serverJob(request, program, sources)),
  ];
}

/** A server program, with what all of them share. */
export function serverJob(
  { sourceDir, libs }: Pick<CompileRequest, 'sourceDir' | 'libs'>,
  program: string,
  sources: readonly [string, string][],
  found: Pick<FoundPackage, 'compile' | 'link'> = { compile: [], link: [] },
): Job {
  const linked = (libs?.get(program) ?? []).map((lib) => `-l${lib}`);
  const { main, folders } = sourcesOf(program, sources);
  return {
    name: program,
    vital: false,
    args: [...found.compile, join(sourceDir, main), ...linked, ...found.link],
    shared: folders.flatMap((folder) => filesOf(sources, folder, sourceDir)),
  };
}

/** A program's own file, and the folders that it shares: those of file I/O have a harness of their own beside that of servers. */
function sourcesOf(
  program: string,
  sources: readonly [string, string][],
): { readonly main: string; readonly folders: readonly string[] } {
  const ofFiles = `files/${program}.c`;
  if (!sources.some(([path]) => path === ofFiles))
    return { main: `models/${program}.c`, folders: ['server'] };
  return { main: ofFiles, folders: ['job', 'wire', 'server'] };
}

function libraryJob(library: Library, sourceDir: string, sources: readonly [string, string][]): Job {
  const files = LIBRARIES[library].flatMap((folder) => filesOf(sources, folder, sourceDir));
  return { name: libraryName(library), vital: library === 'loadgen', args: [...SHARED_FLAGS, ...files] };
}
