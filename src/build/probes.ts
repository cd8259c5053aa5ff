import { join } from 'node:path';
import { cacheDir, compilerFlags, filesOf, LINK_FLAGS, readSources, type Sanitizer } from './compile.ts';
import { type Compiler, findCompiler } from './compiler.ts';
import { type JobsResult, runJobs } from './jobs.ts';
import { HELPERS_DIR } from './package.ts';
import { findSystemPackage, type SystemPackage } from './system-packages.ts';

/** The program, and the folder below `c-helpers` that it is made of. */
export const PROBES_PROGRAM = 'probes';
/** Folders below `c-helpers` that decide what it is: `server` for the ring that it shares with the servers. */
export const PROBES_FOLDERS = [PROBES_PROGRAM, 'server', 'wire'] as const;
/** Packages that single probes are about; where one is missing, these say how to get it. */
const PACKAGES = ['liburing', 'libkqueue'] as const;

export interface ProbesRequest {
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string | undefined;
  readonly sanitizer?: Sanitizer;
  readonly signal?: AbortSignal | undefined;
}

export interface ProbesProgram {
  readonly path: string;
  /** What it was compiled with, for probes that compile samples. */
  readonly compiler: Compiler['words'];
}

/**
 * Compiles all files of `c-helpers/probes` into the one program of the behaviour probes, with the packages that are
 * here; where it cannot be linked with them, without. Throws `EnvironmentError` where it does not compile.
 */
export async function buildProbes(request: ProbesRequest = {}): Promise<ProbesProgram> {
  const { signal } = request;
  const compiler = await findCompiler(process.env, { arch: process.arch, libc: null }, signal);
  const packages: [string, SystemPackage][] = [];
  for (const name of PACKAGES) packages.push([name, await findSystemPackage(name, process.env, signal)]);
  const all = await build(compiler, packages, request);
  const complaint = all.failures.get(PROBES_PROGRAM);
  const { folder } =
    complaint === undefined ? all : await build(compiler, without(packages, complaint), request, true);
  return { path: join(folder, PROBES_PROGRAM), compiler: compiler.words };
}

function without(
  packages: readonly [string, SystemPackage][],
  complaint: string,
): readonly [string, SystemPackage][] {
  return packages.map(([name, found]) => [
    name,
    found.status === 'missing' ? found : { status: 'missing', reason: `${name} is here, but ${complaint}` },
  ]);
}

async function build(
  compiler: Compiler,
  packages: readonly [string, SystemPackage][],
  { cacheDir: cache, sanitizer, signal }: ProbesRequest,
  vital = false,
): Promise<JobsResult> {
  const sources = await readSources(HELPERS_DIR, PROBES_FOLDERS);
  const compile = packages.flatMap(([name, found]) => compileFlags(name, found));
  const link = packages.flatMap(([, found]) => (found.status === 'found' ? found.link : []));
  return runJobs({
    compiler,
    flags: compilerFlags(sanitizer),
    linkFlags: LINK_FLAGS,
    jobs: [
      {
        name: PROBES_PROGRAM,
        vital,
        args: [...compile, ...filesOf(sources, PROBES_PROGRAM, HELPERS_DIR), ...link],
      },
    ],
    key: [...compile, ...link, ...sources.flat()],
    cacheDir: cache ?? cacheDir(),
    signal,
  });
}

/** Flags of the program where it is to be linked with no package of the host. */
export function compileFlagsWithout(reason: string): string[] {
  return PACKAGES.flatMap((name) => compileFlags(name, { status: 'missing', reason }));
}

/** As C strings: what is said where the package is missing, and which version is there. */
function compileFlags(name: string, found: SystemPackage): string[] {
  const macro = name.toUpperCase();
  if (found.status === 'missing') return [`-DWITHOUT_${macro}=${JSON.stringify(found.reason)}`];
  return [`-DWITH_${macro}`, `-D${macro}_VERSION=${JSON.stringify(found.version)}`, ...found.compile];
}
