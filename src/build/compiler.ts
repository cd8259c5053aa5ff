import { accessSync, constants, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { EnvironmentError } from '../util/errors.ts';

/** A compiler that a machine under load takes longer to answer is as good as none. */
const ANSWER_TIMEOUT_MS = 120_000;
const CANDIDATES = ['cc', 'gcc', 'clang'] as const;
const INSTALL =
  'Install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc glibc-devel; ' +
  'Alpine: apk add gcc musl-dev)';

export interface Compiler {
  /** As it is shown: the words with spaces between them. */
  readonly command: string;
  /** The program and its first arguments, e.g. `['ccache', 'gcc', '-m64']`. */
  readonly words: readonly [program: string, ...args: string[]];
  /** The first line of `--version`. */
  readonly version: string;
  /** What it compiles for, e.g. `x86_64-linux-gnu`: its `-dumpmachine`. */
  readonly target: string;
  /** The C library of its headers, e.g. `glibc 2.36`. */
  readonly libc: string;
  /** The architecture that the macros of the target show, e.g. `x86-64`, with the width of a pointer. */
  readonly arch: string;
}

/** Which process will load what is compiled; for tests. */
export interface Loader {
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  /** null: cannot be told. */
  readonly libc: 'glibc' | 'musl' | null;
}

/**
 * The C compiler: the variable `CC`, which may have arguments or a wrapper (`ccache gcc -m64`), else the first of
 * cc, gcc and clang that works. Throws `EnvironmentError` with the reason where there is none, where it
 * finds no C library, and where it compiles for another machine than the one that runs this. Throws the reason of an abort.
 */
export async function findCompiler(
  env: NodeJS.ProcessEnv = process.env,
  loader: Loader = { arch: process.arch, libc: ownLibc() },
  signal?: AbortSignal,
): Promise<Compiler> {
  if (env.CC?.trim()) {
    const compiler = await askCompiler(wordsOf(env.CC), env, signal);
    if (typeof compiler === 'string')
      throw new EnvironmentError(
        `the variable CC names no C compiler that works here: ${compiler}. Unset it, or name another.`,
      );
    requireLoadable(compiler, loader, ' Unset the variable CC, or name another.');
    return compiler;
  }
  const reasons: string[] = [];
  for (const candidate of CANDIDATES) {
    const compiler = await askCompiler([candidate], env, signal);
    if (typeof compiler !== 'string') {
      requireLoadable(compiler, loader, ' Name another in the variable CC.');
      return compiler;
    }
    reasons.push(compiler);
  }
  throw new EnvironmentError(
    `no C compiler: ${reasons.join('; ')}. ${INSTALL} or name it in the variable CC.`,
  );
}

/** A value that is the path of a program is one word, whatever is in it. */
function wordsOf(value: string): [string, ...string[]] {
  const whole = value.trim();
  const [program = whole, ...args] = isProgram(whole) ? [whole] : whole.split(/\s+/);
  return [program, ...args];
}

function isProgram(path: string): boolean {
  if (!path.includes('/')) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The compiler, or the reason why it is none. */
async function askCompiler(
  words: Compiler['words'],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Compiler | string> {
  const ask = (args: readonly string[], input = '') => answerOf([...words, ...args], { env, input, signal });
  const version = await ask(['--version']);
  if ('refusal' in version) return version.refusal;
  // A program that is no compiler may well have a version.
  const machine = await ask(['-dumpmachine']);
  if ('refusal' in machine) return machine.refusal;
  const target = linesOf(machine.stdout).at(-1) ?? '';
  if (!/^\w[\w.+]*(-[\w.+]+)+$/.test(target))
    return `"${words.join(' ')} -dumpmachine" does not name a target, as every compiler does, but says "${target}"`;
  const dump = await ask(['-D_GNU_SOURCE', '-E', '-dM', '-x', 'c', '-'], '#include <stdlib.h>\n');
  if ('refusal' in dump) return `${dump.refusal} (are the headers of the C library installed?)`;
  const macros = macrosOf(dump.stdout);
  return {
    command: words.join(' '),
    words,
    version: linesOf(version.stdout).find((line) => !/\bwarning\b/i.test(line)) ?? 'unknown',
    target,
    libc: libcOf(macros),
    arch: archOf(macros),
  };
}

type Said = { readonly stdout: string } | { readonly refusal: string };

async function answerOf(
  [program, ...args]: readonly [string, ...string[]],
  {
    env,
    input,
    signal,
  }: {
    readonly env: NodeJS.ProcessEnv;
    readonly input: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Said> {
  const command = [program, ...args].join(' ');
  const result = await execa(program, args, {
    reject: false,
    timeout: ANSWER_TIMEOUT_MS,
    input,
    ...(signal ? { cancelSignal: signal } : {}),
    // What it says is read here, and its version is kept: not in the user's language.
    env: { ...env, LC_ALL: 'C' },
  });
  if (result.isCanceled) throw signal?.reason;
  if (result.exitCode === 0) return { stdout: result.stdout };
  if (result.code === 'ENOENT') return { refusal: `${program} is not installed` };
  if (result.exitCode === undefined)
    return {
      refusal: `"${command}" cannot be run: ${result.shortMessage?.split('\n').at(-1) ?? 'no reason given'}`,
    };
  const complaint = linesOf(result.stderr);
  const why = complaint.find((line) => /\berror\b/i.test(line)) ?? complaint[0] ?? 'and says nothing';
  return { refusal: `"${command}" ends with code ${result.exitCode}: ${why}` };
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function macrosOf(text: string): ReadonlyMap<string, string> {
  const macros = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, name, value] = /^#define (\w+) (.*)$/.exec(line) ?? [];
    if (name !== undefined) macros.set(name, value ?? '');
  }
  return macros;
}

/** musl has no macro of its own, on purpose; it is the one that is found where there is no other. */
function libcOf(macros: ReadonlyMap<string, string>): string {
  const [major, minor] = [macros.get('__GLIBC__'), macros.get('__GLIBC_MINOR__')];
  return major === undefined ? 'musl or another' : `glibc ${major}.${minor ?? '?'}`;
}

/** The macro of an architecture and Node's name for it, of those that this package is for. */
const ARCHITECTURES = [
  { macro: '__x86_64__', node: 'x64', name: 'x86-64' },
  { macro: '__aarch64__', node: 'arm64', name: 'arm64' },
  { macro: '__i386__', node: 'ia32', name: 'i386' },
  { macro: '__arm__', node: 'arm', name: 'arm' },
] as const;

function archOf(macros: ReadonlyMap<string, string>): string {
  const arch = ARCHITECTURES.find(({ macro }) => macros.has(macro));
  const bits = Number(macros.get('__SIZEOF_POINTER__')) * 8;
  return `${arch?.name ?? 'another architecture'}, ${Number.isNaN(bits) ? 'unknown' : bits} bits`;
}

/** The load generator becomes part of this process. */
function requireLoadable(compiler: Compiler, loader: Loader, remedy: string): void {
  const own = ARCHITECTURES.find(({ node }) => node === loader.arch);
  if (own && compiler.arch !== `${own.name}, ${/64$/.test(own.node) ? 64 : 32} bits`)
    throw new EnvironmentError(
      `${compiler.command} compiles for ${compiler.target} (${compiler.arch}), and this Node is for ${loader.arch}.${remedy}`,
    );
  if (loader.libc !== null && compiler.libc.startsWith('glibc') !== (loader.libc === 'glibc'))
    throw new EnvironmentError(
      `${compiler.command} compiles for the C library ${compiler.libc}, and this Node runs on ${loader.libc}.${remedy}`,
    );
}

/** By the library that this process has mapped: the dynamic loader of musl is its libc. */
function ownLibc(): Loader['libc'] {
  try {
    const maps = readFileSync('/proc/self/maps', 'latin1');
    if (/\/ld-musl-/.test(maps)) return 'musl';
    return /\/libc(-2\.\d+)?\.so(\.6)?$/m.test(maps) ? 'glibc' : null;
  } catch {
    return null;
  }
}
