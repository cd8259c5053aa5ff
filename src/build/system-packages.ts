import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const ANSWER_TIMEOUT_MS = 30_000;

/** How a package that programs may need is found, and how to get it. */
interface PackageSource {
  /** Names the prefix that it is installed under, e.g. `/opt/liburing`; asked before pkg-config. */
  readonly variable: string;
  /** Folders of its headers below the prefix. */
  readonly include: string;
  /** Without `-l`. */
  readonly lib: string;
  readonly howToGet: string;
}

/** By the names of pkg-config. */
const SOURCES: Readonly<Record<string, PackageSource>> = {
  liburing: {
    variable: 'LIBURING_DIR',
    include: 'include',
    lib: 'uring',
    howToGet:
      'Debian, Ubuntu: apt-get install liburing-dev pkg-config; Fedora: dnf install liburing-devel pkgconf; Alpine: apk add liburing-dev pkgconf',
  },
  libkqueue: {
    variable: 'LIBKQUEUE_DIR',
    include: 'include/kqueue',
    lib: 'kqueue',
    howToGet:
      'build it from https://github.com/mheily/libkqueue (cmake -B build -DCMAKE_INSTALL_PREFIX=$HOME/libkqueue && cmake --build build --target install)',
  },
};

/** A package as the compiler needs it. */
export interface FoundPackage {
  readonly status: 'found';
  /** Arguments of the compiler before its files, and behind them. */
  readonly compile: readonly string[];
  readonly link: readonly string[];
  /** Changes when the package does: its version, or where it is. */
  readonly version: string;
}

/** A package, or why it is not there and how to get it. */
export type SystemPackage = FoundPackage | { readonly status: 'missing'; readonly reason: string };

/**
 * Finds a package that a program is compiled with: in the folder that a variable of its own names, else by
 * pkg-config (`PKG_CONFIG` may name another). What is linked finds its libraries again where they are now.
 */
export async function findSystemPackage(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<SystemPackage> {
  const source = SOURCES[name];
  if (source === undefined) return missing(`needs the package ${name}, and nobody says how it is found`);
  const folder = env[source.variable]?.trim();
  if (folder) return inFolder(name, source, folder);
  return byPkgConfig(name, source, env, signal);
}

function inFolder(name: string, source: PackageSource, folder: string): SystemPackage {
  const include = join(folder, source.include);
  const libs = ['lib', 'lib64']
    .map((lib) => join(folder, lib))
    .filter((lib) => existsSync(join(lib, `lib${source.lib}.so`)));
  const [lib] = libs;
  if (!existsSync(include) || lib === undefined)
    return missing(
      `needs ${name}: ${source.variable}=${folder} has no ${source.include} with its headers, or no lib/lib${source.lib}.so. ${source.howToGet}`,
    );
  return {
    status: 'found',
    compile: [`-I${include}`],
    link: [`-L${lib}`, `-Wl,-rpath,${lib}`, `-l${source.lib}`],
    version: lib,
  };
}

async function byPkgConfig(
  name: string,
  source: PackageSource,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<SystemPackage> {
  const [command = 'pkg-config', ...first] = (env.PKG_CONFIG?.trim() || 'pkg-config').split(/\s+/);
  const ask = (...options: string[]) =>
    execa(command, [...first, ...options, name], {
      reject: false,
      env: { ...env, LC_ALL: 'C' },
      extendEnv: false,
      timeout: ANSWER_TIMEOUT_MS,
      ...(signal ? { cancelSignal: signal } : {}),
    });
  const [version, compile, link] = await Promise.all([
    ask('--modversion'),
    ask('--cflags'),
    ask('--libs'),
  ] as const);
  signal?.throwIfAborted();
  if (version.exitCode !== 0 || compile.exitCode !== 0 || link.exitCode !== 0) {
    const why =
      version.code === 'ENOENT' ? `there is no ${command} to find it by` : `${command} does not find it`;
    return missing(
      `needs ${name}, and ${why}. ${source.howToGet}; or name its prefix in the variable ${source.variable}`,
    );
  }
  const linked = wordsOf(link.stdout);
  return {
    status: 'found',
    compile: wordsOf(compile.stdout),
    link: [...linked, ...linked.filter((word) => word.startsWith('-L')).map(toRpath)],
    version: version.stdout.trim(),
  };
}

function toRpath(word: string): string {
  return `-Wl,-rpath,${word.slice('-L'.length)}`;
}

function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}

function missing(reason: string): SystemPackage {
  return { status: 'missing', reason };
}
