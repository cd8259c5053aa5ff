import { join } from 'node:path';
import {
  cacheDir,
  compilerFlags,
  filesOf,
  LINK_FLAGS,
  readSources,
  type Sanitizer,
  SHARED_FLAGS,
} from './compile.ts';
import { findCompiler } from './compiler.ts';
import { runJobs } from './jobs.ts';

const LIBRARY = 'costs.so';
/** Folders below `c-helpers` whose files become the library, and those that they include. */
export const COST_FOLDERS = ['costlib', 'costs'] as const;
const INCLUDED_FOLDERS = ['wire', 'server', 'load'] as const;

export interface CostsLibraryRequest {
  /** The `c-helpers` folder. */
  readonly sourceDir: string;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  readonly sanitizer?: Sanitizer;
  readonly signal?: AbortSignal;
}

/**
 * Compiles every file of `c-helpers/costs` into one library, and returns its path: which costs there are is asked of
 * it. Throws `EnvironmentError` without a compiler, or where it does not compile.
 */
export async function buildCostsLibrary(request: CostsLibraryRequest): Promise<string> {
  const compiler = await findCompiler(process.env, undefined, request.signal);
  const sources = await readSources(request.sourceDir, [...COST_FOLDERS, ...INCLUDED_FOLDERS]);
  const files = COST_FOLDERS.flatMap((folder) => filesOf(sources, folder, request.sourceDir));
  const { folder } = await runJobs({
    compiler,
    flags: compilerFlags(request.sanitizer),
    linkFlags: LINK_FLAGS,
    jobs: [{ name: LIBRARY, vital: true, args: [...SHARED_FLAGS, ...files] }],
    key: [...SHARED_FLAGS, ...sources.flat()],
    cacheDir: request.cacheDir ?? cacheDir(),
    signal: request.signal,
  });
  return join(folder, LIBRARY);
}
