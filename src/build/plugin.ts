import { join } from 'node:path';
import { cacheDir, compilerFlags, filesOf, readSources, SHARED_FLAGS } from './compile.ts';
import { findCompiler } from './compiler.ts';
import { runJobs } from './jobs.ts';

const PLUGIN = 'count_blocks.so';
const FOLDER = 'tcg';

export interface PluginRequest {
  /** The `c-helpers` folder. */
  readonly sourceDir: string;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal;
}

/**
 * Compiles the TCG plugin that counts what a guest executes, and returns its path. No header of QEMU's is needed, and
 * nothing is linked: QEMU has what it calls. Throws `EnvironmentError` without a compiler, or where it does not compile.
 */
export async function buildPlugin(request: PluginRequest): Promise<string> {
  // Part of QEMU's process, not of this one: of any C library here, as `--qemu` may name one of another.
  const compiler = await findCompiler(process.env, { arch: process.arch, libc: null }, request.signal);
  const sources = await readSources(request.sourceDir, [FOLDER]);
  const { folder } = await runJobs({
    compiler,
    flags: compilerFlags(),
    linkFlags: [],
    jobs: [
      {
        name: PLUGIN,
        vital: true,
        args: [...SHARED_FLAGS, ...filesOf(sources, FOLDER, request.sourceDir)],
      },
    ],
    key: [...SHARED_FLAGS, ...sources.flat()],
    cacheDir: request.cacheDir ?? cacheDir(),
    signal: request.signal,
  });
  return join(folder, PLUGIN);
}
