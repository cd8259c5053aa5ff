import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { execa } from 'execa';
import { cacheDir } from '../../build/compile.ts';
import { EnvironmentError } from '../../util/errors.ts';
import type { Accelerator, Qemu } from './qemu-schema.ts';

export type { Accelerator, Qemu } from './qemu-schema.ts';

/** Older ones are refused; `refusalOf` says why. */
export const QEMU_MAJOR_MIN = 10;
export const QEMU_PROGRAM = 'qemu-system-x86_64';

const ADVICE =
  '  iomodels-bench kernels get qemu fetches one where apt is; elsewhere install QEMU 10 or newer, or name it by --qemu <path>';

/** How long QEMU may take to say something about itself. */
const ASK_TIMEOUT_MS = 30_000;

/** Where QEMU is looked for. */
export interface QemuSearch {
  /** `--qemu`: this one and no other; a name without a slash is looked up in PATH. */
  readonly qemu?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: `cacheDir()`. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal;
}

/** Of the QEMU in the tool's own store, which `kernels get qemu` makes: a program that starts it. */
export function storedQemuPath(cacheFolder: string = cacheDir()): string {
  return join(cacheFolder, 'qemu', QEMU_PROGRAM);
}

/**
 * The one that is named, else the first usable one of PATH and of the tool's store. Throws `EnvironmentError`
 * with all that was found and why it cannot be taken.
 */
export async function findQemu(search: QemuSearch = {}): Promise<Qemu> {
  const { env = process.env, cacheFolder = cacheDir(env), signal } = search;
  if (search.qemu !== undefined) {
    const named = search.qemu.includes('/') ? resolve(search.qemu) : await inPath(search.qemu, env);
    if (named === null) throw new EnvironmentError(`--qemu ${search.qemu}: not found in PATH\n${ADVICE}`);
    return probeQemu(named, signal).catch((error: unknown) => {
      if (!(error instanceof EnvironmentError)) throw error;
      throw new EnvironmentError(`${error.message}\n${ADVICE}`, { cause: error });
    });
  }
  const refused: string[] = [];
  for (const path of [await inPath(QEMU_PROGRAM, env), storedQemuPath(cacheFolder)]) {
    if (path === null || !(await isExecutable(path))) continue;
    try {
      return await probeQemu(path, signal);
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      refused.push(error.message);
    }
  }
  throw new EnvironmentError(
    [
      refused.length > 0
        ? 'no QEMU that can be used was found:'
        : `no QEMU was found: neither ${QEMU_PROGRAM} in PATH nor ${storedQemuPath(cacheFolder)}`,
      ...refused.map((why) => `  ${why}`),
      ADVICE,
    ].join('\n'),
  );
}

/** Asks QEMU what it is. Throws `EnvironmentError` where it does not start, is no QEMU, or is too old. */
export async function probeQemu(path: string, signal?: AbortSignal): Promise<Qemu> {
  const version = parseQemuVersion((await ask(path, ['--version'], signal)).stdout);
  if (version === null)
    throw new EnvironmentError(`${path} is no QEMU: it does not answer --version as QEMU does`);
  const refusal = refusalOf(version);
  if (refusal !== null) throw new EnvironmentError(`${path}: ${refusal}`);
  const accelerators = parseAccelerators((await ask(path, ['-accel', 'help'], signal)).stdout);
  if (!accelerators.includes('tcg')) throw new EnvironmentError(`${path}: it was built without TCG`);
  return { path, version, accelerators, plugins: await loadsPlugins(path, signal) };
}

/** `10.0.13` of the first line of `--version`; null: it is none of QEMU's. */
export function parseQemuVersion(text: string): string | null {
  return /^QEMU emulator version (\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1] ?? null;
}

/** Those of `-accel help` that are known here. */
export function parseAccelerators(text: string): Accelerator[] {
  const names = text.split(/\s+/);
  return (['tcg', 'kvm'] as const).filter((name) => names.includes(name));
}

/** Why a version is not used; null: it is. */
export function refusalOf(version: string): string | null {
  if (Number.parseInt(version, 10) >= QEMU_MAJOR_MIN) return null;
  return (
    `QEMU ${version} is refused, it must be ${QEMU_MAJOR_MIN} or newer: QEMU 7.2 corrupts guests with Linux 6.12 and ` +
    'hangs where the clock counts instructions'
  );
}

/** A plugin that is not there is missed by a QEMU that would load it; any other says that it has no plugins. */
async function loadsPlugins(path: string, signal?: AbortSignal): Promise<boolean> {
  const missing = '/nonexistent/plugin.so';
  const { stderr } = await ask(path, ['-M', 'none', '-display', 'none', '-plugin', missing], signal);
  return stderr.includes(`load plugin ${missing}`);
}

async function ask(path: string, args: readonly string[], signal?: AbortSignal) {
  signal?.throwIfAborted();
  const result = await execa(path, [...args], {
    stdin: 'ignore',
    reject: false,
    timeout: ASK_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    env: { LC_ALL: 'C' },
    ...(signal ? { cancelSignal: signal } : {}),
  });
  signal?.throwIfAborted();
  if (result.timedOut)
    throw new EnvironmentError(`${path} ${args.join(' ')} did not end within ${ASK_TIMEOUT_MS / 1000} s`);
  if (result.exitCode === undefined)
    throw new EnvironmentError(`cannot start ${path}: ${result.code ?? result.signal ?? 'no reason given'}`);
  return result;
}

async function inPath(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
