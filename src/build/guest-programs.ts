import { join } from 'node:path';
import type { BuildInfo } from '../results/schema.ts';
import { EnvironmentError, messageOf, NotWrittenError } from '../util/errors.ts';
import {
  cacheDir,
  compilerFlags,
  filesOf,
  LINK_FLAGS,
  packagedPrograms,
  readSources,
  serverJob,
} from './compile.ts';
import { type Compiler, findCompiler } from './compiler.ts';
import { COST_FOLDERS } from './costs-library.ts';
import { type Job, runJobs } from './jobs.ts';
import { readTool } from './package.ts';
import { compileFlagsWithout, PROBES_FOLDERS, PROBES_PROGRAM } from './probes.ts';

/** Without debug information: it would be most of what a guest has to unpack. */
const STATIC_FLAGS = ['-static', '-s'];
const AGENT = 'agent';
/**
 * Puts the agent's code where no server has any, which the linker puts at 4 MiB: whose a counted address is can be told
 * by it. See `AGENT_TEXT_START`.
 */
const AGENT_TEXT_FLAG = '-Wl,-Ttext=0x20000000';
/** Folders below `c-helpers` that become the agent. */
const AGENT_FOLDERS = [AGENT, 'wire', 'load', 'observer', 'loadlib'] as const;
const SOURCE_FOLDERS = [...AGENT_FOLDERS, 'server', 'models'] as const;
/** The program that runs a single cost, and the folders below `c-helpers` that it is made of. */
export const COST_PROGRAM = 'cost';
const COST_PROGRAM_FOLDERS = [...COST_FOLDERS, 'costrun'] as const;
/** A C library that is always there as an archive, where it is installed at all. */
const MUSL = 'musl-gcc';

export interface GuestProgramsRequest {
  /** The `c-helpers` folder. */
  readonly sourceDir: string;
  /** Programs of `c-helpers/models`, without duplicates. */
  readonly programs: readonly string[];
  /** Libraries of single programs, without `-l`. */
  readonly libs?: ReadonlyMap<string, readonly string[]>;
  /** Packages of the host that single programs need: these are left out. */
  readonly packages?: ReadonlyMap<string, readonly string[]>;
  /** Whether the program that runs single costs is to be among them, as `COST_PROGRAM`. */
  readonly costs?: boolean;
  /** Whether the behaviour probes are, as `PROBES_PROGRAM`. */
  readonly probes?: boolean;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal;
}

/** Programs that need nothing of the machine but its kernel. */
export interface GuestPrograms {
  readonly info: BuildInfo;
  /** Where all of them are, by their names, with their checksums beside them. */
  readonly folder: string;
  /** The path of the agent. */
  readonly agent: string;
  /** Names of the server programs that are there. */
  readonly programs: readonly string[];
  /** Name to reason, of those that could not be linked statically. */
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * Compiles the agent and the named servers, linked statically, into a folder of the cache of their own. Takes
 * the compiler of a run (`CC`, else the first that works); where that has no static C library, `musl-gcc`.
 * Throws `EnvironmentError` where the agent cannot be linked by either.
 */
export async function buildGuestPrograms(request: GuestProgramsRequest): Promise<GuestPrograms> {
  const compiler = await findStatic(process.env, request.signal);
  try {
    return await buildWith(compiler, request);
  } catch (error) {
    const cannotLink = error instanceof EnvironmentError && !(error instanceof NotWrittenError);
    if (!cannotLink || compiler.words.includes(MUSL)) throw error;
    const musl = await findStatic({ ...process.env, CC: MUSL }, request.signal).catch((cause: unknown) => {
      request.signal?.throwIfAborted();
      throw new EnvironmentError(
        `${error.message}\nA static C library is needed (Debian, Ubuntu: libc6-dev; Fedora: glibc-static), or ${MUSL}: ${messageOf(cause)}`,
        { cause: error },
      );
    });
    return await buildWith(musl, request).catch((cause: unknown) => {
      if (!(cause instanceof EnvironmentError) || cause instanceof NotWrittenError) throw cause;
      // What the first one said is the reason that there was a second.
      throw new EnvironmentError(`${error.message}\n${cause.message}`, { cause });
    });
  }
}

/** Of any C library: nothing of this process is linked with what it makes. */
function findStatic(env: NodeJS.ProcessEnv, signal: AbortSignal | undefined): Promise<Compiler> {
  return findCompiler(env, { arch: process.arch, libc: null }, signal);
}

async function buildWith(compiler: Compiler, request: GuestProgramsRequest): Promise<GuestPrograms> {
  const sources = await readSources(request.sourceDir, SOURCE_FOLDERS);
  const costSources = request.costs ? await readSources(request.sourceDir, COST_PROGRAM_FOLDERS) : [];
  const probeSources = request.probes ? await readSources(request.sourceDir, PROBES_FOLDERS) : [];
  const packaged = packagedPrograms(request);
  const plain = request.programs.filter((program) => !packaged.includes(program));
  const { folder, info, failures } = await runJobs({
    compiler,
    flags: compilerFlags(),
    linkFlags: [...STATIC_FLAGS, ...LINK_FLAGS],
    jobs: [
      agentJob(request.sourceDir, sources),
      ...plain.map((program) => serverJob(request, program, sources)),
      ...(request.costs ? [costJob(request.sourceDir, costSources)] : []),
      ...(request.probes ? [probesJob(request.sourceDir, probeSources)] : []),
    ],
    key: [
      ...[readTool().version, AGENT_TEXT_FLAG, ...[...(request.libs ?? [])].flat(2), ...sources.flat()],
      ...costSources.flat(),
      ...probeSources.flat(),
    ],
    cacheDir: request.cacheDir ?? cacheDir(),
    signal: request.signal,
  });
  return {
    info: { ...info, flags: [...info.flags, ...STATIC_FLAGS] },
    folder,
    agent: join(folder, AGENT),
    programs: [
      ...plain,
      ...(request.costs ? [COST_PROGRAM] : []),
      ...(request.probes ? [PROBES_PROGRAM] : []),
    ].filter((program) => !failures.has(program)),
    skipped: new Map([
      ...failures,
      ...packaged.map((program) => [program, whyLeftOut(request.packages?.get(program) ?? [])] as const),
    ]),
  };
}

function whyLeftOut(packages: readonly string[]): string {
  return `needs ${packages.join(', ')} of the host, and what runs in a guest is linked with nothing of it`;
}

function agentJob(sourceDir: string, sources: readonly [string, string][]): Job {
  return {
    name: AGENT,
    vital: true,
    args: [
      AGENT_TEXT_FLAG,
      `-DIOMB_VERSION="${readTool().version}"`,
      ...AGENT_FOLDERS.flatMap((folder) => filesOf(sources, folder, sourceDir)),
    ],
  };
}

function probesJob(sourceDir: string, sources: readonly [string, string][]): Job {
  return {
    name: PROBES_PROGRAM,
    vital: false,
    args: [
      ...compileFlagsWithout('what runs in a guest is linked with no package of the host'),
      ...filesOf(sources, PROBES_PROGRAM, sourceDir),
    ],
  };
}

function costJob(sourceDir: string, sources: readonly [string, string][]): Job {
  return {
    name: COST_PROGRAM,
    vital: false,
    args: COST_PROGRAM_FOLDERS.flatMap((folder) => filesOf(sources, folder, sourceDir)),
  };
}
