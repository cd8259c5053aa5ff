import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, EnvironmentError, messageOf } from '../util/errors.ts';

/** Where all users of a host can make files; the first that is a folder. */
const LOCK_FOLDERS = ['/run/lock', '/tmp'] as const;
/** Overrides them, e.g. for containers that share a folder and CPUs. */
const LOCK_FOLDER_VARIABLE = 'IOMODELS_BENCH_LOCK_DIR';
const WAIT_POLL_MS = 250;
/** What a lock file may say of its holder; more of it is not read. */
const HOLDER_CHARS_MAX = 400;
const EAGAIN = 11;

/** flock(2) of descriptors. */
export interface FileLocks {
  /** Exclusive, without waiting: 0, or an errno. The kernel releases it with the last copy of the descriptor. */
  tryLock(fd: number): number;
  /** Also where somebody has a copy: a child that is not through yet, a thread with a table of its own. */
  unlock(fd: number): void;
}

export interface CpuLockRequest extends FileLocks {
  readonly cpus: readonly number[];
  /** What others are told of this run: one line. */
  readonly holder: string;
  /** How other CPUs are chosen, as advice; default: by the options of `run`. */
  readonly elsewhere?: string;
  /** Whether to wait for others; else they are an error. */
  readonly wait: boolean;
  /** Called once per holder that is waited for. */
  onWait(message: string): void;
  readonly signal: AbortSignal;
}

export interface CpuLock {
  /** Why CPUs could not be locked, and another run on them would go unnoticed; null: they are. */
  readonly warning: string | null;
  /** May be called more than once. */
  release(): void;
}

/**
 * Locks each CPU for this process until it is released or the process ends, so that two runs do not measure
 * each other. Throws `EnvironmentError`, naming the other run, where a CPU is taken and `wait` is false; the
 * signal's reason where waiting is aborted. Where no file can be made, the run goes on with a warning.
 */
export async function lockCpus(request: CpuLockRequest): Promise<CpuLock> {
  const held: number[] = [];
  const release = () => {
    for (const fd of held.splice(0)) {
      // Else the file would name a holder that is gone.
      attempt(() => ftruncateSync(fd));
      request.unlock(fd);
      closeSync(fd);
    }
  };
  try {
    // In order of their numbers: two that wait for each other's CPUs would wait for ever.
    for (const cpu of [...request.cpus].sort((a, b) => a - b)) held.push(await lockCpu(cpu, request));
    return { warning: null, release };
  } catch (error) {
    release();
    if (!(error instanceof LockFileError)) throw error;
    const warning = `the measured CPUs are not locked, so another run on them would go unnoticed: ${error.message}`;
    return { warning, release };
  }
}

/** The lock cannot be had for a reason that is no other run. */
class LockFileError extends Error {}

async function lockCpu(cpu: number, request: CpuLockRequest): Promise<number> {
  const path = join(lockFolder(), `iomodels-bench.cpu${cpu}.lock`);
  const fd = openLockFile(path);
  let told = '';
  try {
    for (;;) {
      request.signal.throwIfAborted();
      const errno = request.tryLock(fd);
      if (errno === 0) break;
      if (errno !== EAGAIN) throw new LockFileError(`flock(${path}): errno ${errno}`);
      const holder = readHolder(path);
      const taken = `CPU ${cpu} is measured on by ${holder || 'another run'}`;
      if (!request.wait)
        throw new EnvironmentError(
          `${taken}: both would measure each other. Wait for it with --wait, or ${request.elsewhere ?? 'choose other CPUs with --server-cpus and --client-cpus'}`,
        );
      if (taken !== told) request.onWait(`waiting: ${taken}`);
      told = taken;
      await delay(WAIT_POLL_MS, undefined, { signal: request.signal });
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // Another user's file may be read-only here: locked all the same, but it cannot name its holder.
  attempt(() => {
    ftruncateSync(fd);
    writeSync(fd, `${request.holder}\n`, 0);
  });
  return fd;
}

/** Never through a symbolic link, and made by nobody but who opens it: the folder is open to all. */
function openLockFile(path: string): number {
  try {
    const fd = openSync(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o666,
    );
    // The umask has taken from it; other users must be able to lock it.
    fchmodSync(fd, 0o666);
    return fd;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw new LockFileError(messageOf(error), { cause: error });
  }
  for (const flags of [constants.O_RDWR, constants.O_RDONLY]) {
    try {
      return openSync(path, flags | constants.O_NOFOLLOW);
    } catch (error) {
      if (flags === constants.O_RDONLY) throw new LockFileError(messageOf(error), { cause: error });
    }
  }
  throw new LockFileError(`cannot open ${path}`);
}

/** Anybody may have written it: one line of printable characters, or nothing. */
function readHolder(path: string): string {
  const text = attempt(() => readFileSync(path, 'utf8')) ?? '';
  const line = (text.split('\n')[0] ?? '').slice(0, HOLDER_CHARS_MAX);
  return /^[\x20-\x7e]+$/.test(line) ? line : '';
}

function lockFolder(): string {
  const asked = process.env[LOCK_FOLDER_VARIABLE];
  if (asked) return asked;
  const found = LOCK_FOLDERS.find((folder) => attempt(() => statSync(folder).isDirectory()));
  return found ?? LOCK_FOLDERS[0];
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
